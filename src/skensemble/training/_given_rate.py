"""The learning rate of a step that is traced once, for every schedule."""

import contextlib
from collections.abc import Iterator, Sequence
from typing import Any

import keras
import numpy as np

from skensemble.networks import stepping_optimizers
from skensemble.schedules import cosine_cycles


class _GivenRate(keras.optimizers.schedules.LearningRateSchedule):
    """The cyclic cosine of numbers that are tensors."""

    def __init__(self, numbers):
        self._numbers = numbers

    def __call__(self, step):
        return cosine_cycles(step, *self._numbers)


@contextlib.contextmanager
def given_rate(optimizer, numbers: Sequence[Any]) -> Iterator[None]:
    """Let the rate of an optimizer depend on the numbers of a schedule, given as tensors.

    The optimizer has its own schedule back on exit.
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


def numbers_of(schedule) -> list[Any]:
    """Return what the rate of a schedule depends on, as NumPy scalars."""
    alpha_zero, *lengths = schedule.as_numbers()
    return [np.float32(alpha_zero), *map(np.int32, lengths)]
