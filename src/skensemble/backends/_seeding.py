"""Random numbers and names that are reproducible and leave no trace."""

import collections
import contextlib
import random
import threading
from collections.abc import Iterator
from typing import Any

import keras
import numpy as np
from keras.src.backend.common import global_state

# Seeding touches state that belongs to the whole process, so one thread at a time may do it.
_LOCK = threading.RLock()

# Where Keras keeps the generator behind keras.random.normal(shape) and the like, and how many
# layers of each name there are. `_NAMES` is a place of ours beside them: one for each thread.
_KERAS_GENERATOR = "global_seed_generator"
_KERAS_NAMES = "object_name_uids"
_NAMES = "skensemble_names"


@contextlib.contextmanager
def seeded(seed: int) -> Iterator[None]:
    """Seed every global generator that a Keras network may draw from; restore all on exit.

    Keras draws the seeds of initializers and dropout layers from Python's ``random``; builders
    and custom layers may use NumPy's, Keras's or the backend's own global generator. Where
    TensorFlow's is used outside of a graph, one thing shows: TensorFlow forgets how often each
    operation with a seed of its own has run.
    """
    from skensemble.backends import seed_generators

    with _LOCK:
        python_state = random.getstate()
        numpy_state = np.random.get_state()  # noqa: NPY002
        keras_generator = global_state.get_global_attribute(_KERAS_GENERATOR)
        try:
            random.seed(seed)
            np.random.seed(seed)  # noqa: NPY002
            with repeated_names(), seed_generators(seed):
                generator = keras.random.SeedGenerator(seed, name="seeded")
                global_state.set_global_attribute(_KERAS_GENERATOR, generator)
                yield
        finally:
            random.setstate(python_state)
            np.random.set_state(numpy_state)  # noqa: NPY002
            global_state.set_global_attribute(_KERAS_GENERATOR, keras_generator)


@contextlib.contextmanager
def repeated_names() -> Iterator[None]:
    """Let Keras number what is built inside as it did the last time.

    TensorFlow keeps 35 KB for every new name of a variable, for good, and Keras numbers its layers
    through: each network would have names of its own. What is built after the block gets numbers
    that were not used inside, so that both can be parts of one model; where anything is built
    between two blocks, the second starts after it, for the same reason.
    """
    counts = dict(global_state.get_global_attribute(_KERAS_NAMES) or {})
    first, left, is_inside = global_state.get_global_attribute(_NAMES) or ({}, None, False)
    if is_inside:
        yield
        return
    if counts != left:
        first = counts
    _set_names(first, (first, left, True))
    try:
        yield
    finally:
        used = global_state.get_global_attribute(_KERAS_NAMES) or {}
        left = {name: max(used.get(name, 0), counts.get(name, 0)) for name in {**counts, **used}}
        _set_names(left, (first, left, False))


def _set_names(counts: dict[str, int], ours: Any) -> None:
    global_state.set_global_attribute(_KERAS_NAMES, collections.defaultdict(int, counts))
    global_state.set_global_attribute(_NAMES, ours)
