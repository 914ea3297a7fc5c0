"""The learning rate of a step that is traced once, for every schedule."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

import keras

from skensemble.networks._optimizer import stepping_optimizers
from skensemble.schedules import cosine_cycles


class _GivenRate(keras.optimizers.schedules.LearningRateSchedule):
    """The cyclic cosine, with all that it depends on given as tensors."""

    def __init__(self, numbers):
        self._numbers = numbers

    def __call__(self, step):
        return cosine_cycles(step, *self._numbers)


@contextlib.contextmanager
def rate_from(optimizer, numbers) -> Iterator[None]:
    """Let the rate of a step that is being traced depend on tensors.

    Parameters
    ----------
    optimizer : keras.optimizers.Optimizer
        It has its own schedule back on exit.
    numbers : sequence of tensor
        As of ``CyclicCosineDecay.as_numbers``.
    """
    steppers = stepping_optimizers(optimizer)
    schedules = [stepper._learning_rate for stepper in steppers]
    try:
        for stepper in steppers:
            stepper.learning_rate = _GivenRate(numbers)
        yield
    finally:
        for stepper, schedule in zip(steppers, schedules, strict=True):
            stepper._learning_rate = schedule


def rate_specs() -> tuple:
    """Specify the numbers of a schedule."""
    import tensorflow as tf

    return tf.TensorSpec([], tf.float32), *(tf.TensorSpec([], tf.int32) for _ in range(3))


def rate_tensors(schedule) -> list:
    """Return the numbers of a schedule as tensors."""
    import tensorflow as tf

    alpha_zero, *lengths = schedule.as_numbers()
    return [tf.constant(alpha_zero, tf.float32), *(tf.constant(n, tf.int32) for n in lengths)]
