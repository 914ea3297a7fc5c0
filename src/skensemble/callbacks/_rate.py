"""The cyclic rate in an optimizer, for as long as one training lasts."""

from __future__ import annotations

from collections.abc import Callable

import keras

from skensemble._validation import must_be
from skensemble.networks import CountingLossScaleOptimizer, stepping_optimizers
from skensemble.schedules import CyclicCosineDecay

# The method of a Keras optimizer behind its property learning_rate.
_GET_RATE = "_get_current_learning_rate"
_SKIP_STEP = "_stateful_handle_non_finite_grads"


class CyclicRate:
    """The rate of an optimizer, overridden by the schedule until ``restore``.

    Its own rate, a variable or a schedule, stays in its place all the while. So a model that
    another callback saves during training is the user's own, and loads where this package is not
    installed. (Keras's setter of the rate would also take the variable out of the optimizer in a
    way that keeps the model from ever being exported again.)
    """

    def __init__(self, optimizer, schedule: CyclicCosineDecay):
        self._optimizer = optimizer
        self._steppers = stepping_optimizers(optimizer)
        self._offsets = [_count(stepper) for stepper in self._steppers]
        self._own = [_value(stepper._learning_rate) for stepper in self._steppers]
        self._is_live: Callable[[], bool] = lambda: True
        for stepper, offset in zip(self._steppers, self._offsets, strict=True):
            _override(stepper, _GET_RATE, self._rate_of(stepper, schedule, offset))
        if isinstance(optimizer, keras.optimizers.LossScaleOptimizer) and not isinstance(
            optimizer, CountingLossScaleOptimizer
        ):
            _override(optimizer, _SKIP_STEP, _counting_skip(optimizer))

    @property
    def n_done(self) -> int:
        """Steps taken since the schedule began; reading it waits for them."""
        counts = zip(self._steppers, self._offsets, strict=True)
        return max(_count(stepper) - offset for stepper, offset in counts)

    def set_back(self, n_done: int) -> None:
        """Take back a step that was counted and not taken.

        A call into the graph that finds no more data may count a step nevertheless: in the graph
        the count does not wait for the data.
        """
        for stepper, offset in zip(self._steppers, self._offsets, strict=True):
            if _count(stepper) > offset + n_done:
                stepper._iterations.assign(offset + n_done)

    def hold_while(self, is_live: Callable[[], bool]) -> None:
        """Let go when the rate is read and ``is_live`` is false: training was broken off."""
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
        """Raise if somebody else has set the rate meanwhile: it would have had no effect."""
        for stepper, own in zip(self._steppers, self._own, strict=True):
            now = _value(stepper._learning_rate)
            if now != own:
                must = "left alone while SnapshotCallback sets it"
                fix = "remove the callback that sets it"
                raise RuntimeError(must_be("the learning rate of the optimizer", must, now, fix))

    def restore(self) -> None:
        """Give the optimizer its own rate back."""
        for stepper in self._steppers:
            vars(stepper).pop(_GET_RATE, None)
        vars(self._optimizer).pop(_SKIP_STEP, None)


def _override(instance, method: str, replacement) -> None:
    # Past __setattr__, in which TensorFlow and Keras track what is set.
    vars(instance)[method] = replacement


def _counting_skip(optimizer):
    """Count steps that loss scaling skips: the rate would lag behind the cycles by these."""

    def skip():
        getattr(type(optimizer), _SKIP_STEP)(optimizer)
        optimizer.inner_optimizer._iterations.assign_add(1)

    return skip


def _count(stepper) -> int:
    return int(stepper._iterations.value.numpy())


def _value(rate):
    return float(rate.value.numpy()) if isinstance(rate, keras.Variable) else rate
