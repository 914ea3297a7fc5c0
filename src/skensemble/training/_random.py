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
    and custom layers may use NumPy's, TensorFlow's or Keras's own global generator. One thing
    shows outside: TensorFlow forgets how often an operation with a seed of its own has run.

    Parameters
    ----------
    seed : int
        At least 0 and below 2³².
    """
    import tensorflow as tf
    from keras.src.backend.common import global_state
    from tensorflow.python.eager import context

    with _LOCK:
        tf_context = context.context()
        python_state = random.getstate()
        numpy_state = np.random.get_state()  # noqa: NPY002
        tf_seed, tf_rng = tf_context._seed, getattr(tf_context, "_rng", None)
        keras_generator = global_state.get_global_attribute(_KERAS_GENERATOR)
        try:
            random.seed(seed)
            np.random.seed(seed)  # noqa: NPY002
            tf.random.set_seed(seed)
            global_state.set_global_attribute(_KERAS_GENERATOR, keras.random.SeedGenerator(seed))
            yield
        finally:
            random.setstate(python_state)
            np.random.set_state(numpy_state)  # noqa: NPY002
            # tf.random.set_seed would start the caller's sequence again from its first number.
            tf_context._seed, tf_context._rng = tf_seed, tf_rng
            global_state.set_global_attribute(_KERAS_GENERATOR, keras_generator)
