"""The cyclic learning rate of an optimizer during one training."""

from collections.abc import Callable

import keras

from skensemble._validation import must_be
from skensemble.networks import CountingLossScaleOptimizer, stepping_optimizers
from skensemble.schedules import CyclicCosineDecay

# The method of a Keras optimizer behind its property learning_rate.
_GET_RATE = "_get_current_learning_rate"
_SKIP_STEP = "_stateful_handle_non_finite_grads"


class CyclicRate:
    """Overrides the learning rate of an optimizer by a schedule over its next steps.

    The optimizer's own rate, a variable or a schedule, stays where it is. So a model that another
    callback saves during training can be loaded without this package. (Keras's setter of the rate
    would also remove the variable from the optimizer, and the model could never be exported.)
    """

    def __init__(self, optimizer, schedule: CyclicCosineDecay):
        self._optimizer = optimizer
        self._steppers = stepping_optimizers(optimizer)
        self._offsets = [_count(stepper) for stepper in self._steppers]
        self._own = [_value(stepper._learning_rate) for stepper in self._steppers]
        self._is_live: Callable[[], bool] = lambda: True
        for stepper, offset in zip(self._steppers, self._offsets, strict=True):
            # Not by setattr, because TensorFlow and Keras track attributes.
            vars(stepper)[_GET_RATE] = self._rate_of(stepper, schedule, offset)
        if isinstance(optimizer, keras.optimizers.LossScaleOptimizer) and not isinstance(
            optimizer, CountingLossScaleOptimizer
        ):
            vars(optimizer)[_SKIP_STEP] = _counting_skip(optimizer)

    @property
    def n_done(self) -> int:
        """Steps since the start of the schedule; reading it waits for the device."""
        counts = zip(self._steppers, self._offsets, strict=True)
        return max(_count(stepper) - offset for stepper, offset in counts)

    def set_back(self, n_done: int) -> None:
        """Correct the count after the end of the data.

        A call of the graph that finds no more data may still count a step, as the count does not
        wait for the data.
        """
        for stepper, offset in zip(self._steppers, self._offsets, strict=True):
            if _count(stepper) > offset + n_done:
                stepper._iterations.assign(offset + n_done)

    def hold_while(self, is_live: Callable[[], bool]) -> None:
        """Restore the rate at the next reading for which ``is_live()`` is false."""
        self._is_live = is_live

    def _rate_of(self, stepper, schedule, offset):
        schedule = CyclicCosineDecay(**{**schedule.get_config(), "offset": offset})

        def rate():
            if self._is_live():
                return schedule(stepper._iterations)
            self.restore()
            return getattr(stepper, _GET_RATE)()

        return rate

    def check_untouched(self) -> None:
        """Raise if another callback has set the rate, which would have no effect."""
        for stepper, own in zip(self._steppers, self._own, strict=True):
            now = _value(stepper._learning_rate)
            if now != own:
                must = "left alone while SnapshotCallback sets it"
                fix = "remove the callback that sets it"
                raise RuntimeError(must_be("the learning rate of the optimizer", must, now, fix))

    def restore(self) -> None:
        """Let the optimizer use its own rate again."""
        for stepper in self._steppers:
            vars(stepper).pop(_GET_RATE, None)
        vars(self._optimizer).pop(_SKIP_STEP, None)


def _counting_skip(optimizer):
    """Count the steps that loss scaling skips, so that the rate keeps up with the cycles."""

    def skip():
        getattr(type(optimizer), _SKIP_STEP)(optimizer)
        optimizer.inner_optimizer._iterations.assign_add(1)

    return skip


def _count(stepper) -> int:
    return int(stepper._iterations.value.numpy())


def _value(rate):
    return float(rate.value.numpy()) if isinstance(rate, keras.Variable) else rate
