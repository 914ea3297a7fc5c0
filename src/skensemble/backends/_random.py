"""Random numbers that are reproducible and leave no trace."""

from __future__ import annotations

import contextlib
import random
import threading
from collections.abc import Iterator

import keras
import numpy as np

# Seeding touches state that belongs to the whole process, so one thread at a time may do it.
_LOCK = threading.RLock()

# Where Keras keeps the generator behind keras.random.normal(shape) and the like.
_KERAS_GENERATOR = "global_seed_generator"


@contextlib.contextmanager
def seeded(seed: int) -> Iterator[None]:
    """Seed every global generator that a Keras network may draw from; restore all on exit.

    Keras draws the seeds of initializers and dropout layers from Python's ``random``; builders
    and custom layers may use NumPy's, TensorFlow's or Keras's own global generator. Where
    TensorFlow's is used outside of a graph, one thing shows: TensorFlow forgets how often each
    operation with a seed of its own has run.

    Parameters
    ----------
    seed : int
        At least 0 and below 2³².
    """
    from keras.src.backend.common import global_state
    from tensorflow.python.eager import context

    with _LOCK:
        tf_context = context.context()
        tf_context.ensure_initialized()
        python_state = random.getstate()
        numpy_state = np.random.get_state()  # noqa: NPY002
        tf_seed, tf_rng = tf_context._seed, getattr(tf_context, "_rng", None)
        keras_generator = global_state.get_global_attribute(_KERAS_GENERATOR)
        try:
            random.seed(seed)
            np.random.seed(seed)  # noqa: NPY002
            # What tf.random.set_seed does, but for forgetting every function that it has prepared:
            # to prepare one again takes longer than to train a small network.
            tf_context._seed, tf_context._rng = seed, random.Random(seed)
            global_state.set_global_attribute(_KERAS_GENERATOR, keras.random.SeedGenerator(seed))
            with _fresh_random_operations():
                yield
        finally:
            random.setstate(python_state)
            np.random.set_state(numpy_state)  # noqa: NPY002
            tf_context._seed, tf_context._rng = tf_seed, tf_rng
            global_state.set_global_attribute(_KERAS_GENERATOR, keras_generator)


@contextlib.contextmanager
def _fresh_random_operations() -> Iterator[None]:
    """Let TensorFlow forget its random operations on exit, if one has run.

    TensorFlow keeps an operation with its seed and its state: the same seeds would go on with the
    sequence of the last time.
    """
    import tensorflow as tf
    from tensorflow.python.framework import op_callbacks

    has_run = False

    def watch(op_type, inputs, attrs, outputs, op_name=None, graph=None):
        nonlocal has_run
        has_run |= graph is None and "seed2" in attrs[::2]

    op_callbacks.add_op_callback(watch)
    try:
        yield
    finally:
        op_callbacks.remove_op_callback(watch)
        if has_run:
            tf.random.set_seed(0)  # its seed is replaced right after
