"""Settings and state that TensorFlow keeps for the whole process, or beside a model."""

import contextlib
import ctypes
import gc
import random
from collections.abc import Iterator

import tensorflow as tf
from tensorflow.python.eager import context
from tensorflow.python.framework import op_callbacks
from tensorflow.python.framework.config import is_op_determinism_enabled


def version() -> str:
    return tf.__version__


def operations_are_deterministic() -> bool:
    return is_op_determinism_enabled()


@contextlib.contextmanager
def seed_generators(seed: int) -> Iterator[None]:
    tf_context = context.context()
    tf_context.ensure_initialized()
    before = tf_context._seed, getattr(tf_context, "_rng", None)
    has_drawn = False

    def watch(op_type, inputs, attrs, outputs, op_name=None, graph=None):
        nonlocal has_drawn
        has_drawn |= graph is None and "seed2" in attrs[::2]

    # What tf.random.set_seed does, except that this forgets every prepared function: to prepare one
    # again takes longer than to train a small network.
    tf_context._seed, tf_context._rng = seed, random.Random(seed)
    op_callbacks.add_op_callback(watch)
    try:
        yield
    finally:
        op_callbacks.remove_op_callback(watch)
        tf_context._seed, tf_context._rng = before
        if has_drawn:
            # A random operation stays prepared, with its seed and its state: the same seeds would
            # continue the sequence of the last time.
            tf_context.clear_kernel_cache()


def release_memory() -> None:
    gc.collect()  # graphs and their operations refer to each other
    context.context().clear_kernel_cache()
    with contextlib.suppress(OSError, AttributeError):  # where the C library is not glibc
        ctypes.CDLL("libc.so.6").malloc_trim(0)


@contextlib.contextmanager
def retracing_warning_silenced() -> Iterator[None]:
    def is_other(record) -> bool:
        return "triggered tf.function retracing" not in record.getMessage()

    logger = tf.get_logger()
    logger.addFilter(is_other)
    try:
        yield
    finally:
        logger.removeFilter(is_other)


def make_exportable(optimizer) -> None:
    # The setter of the rate removes a variable, after which TensorFlow refuses to export or to
    # checkpoint the model.
    variables = optimizer._variables
    if hasattr(variables, "_update_snapshot"):
        variables._non_append_mutation = variables._external_modification = False
        variables._update_snapshot()


def obstacle_to_training_in_graph(model) -> str | None:
    if model.run_eagerly:
        return "run_eagerly=True"
    if model.distribute_strategy.num_replicas_in_sync > 1:
        return "the model is replicated"
    return None
