"""Training along the schedule inside ``model.fit``: its checks, its rate and its stops."""

import inspect
import math
from collections.abc import Callable

import keras

from skensemble._validation import Described, must_be
from skensemble.backends import END_OF_DATA
from skensemble.networks import CountingLossScaleOptimizer, stepping_optimizers
from skensemble.schedules import CyclicCosineDecay

RATE_SETTERS = (keras.callbacks.LearningRateScheduler, keras.callbacks.ReduceLROnPlateau)
_GET_RATE = "_get_current_learning_rate"  # what an optimizer's property learning_rate calls
_SKIP_STEP = "_stateful_handle_non_finite_grads"


def calling_list() -> keras.callbacks.CallbackList | None:
    """Return the list of callbacks that calls this one, which Keras does not tell it, or None."""
    frame = inspect.currentframe()
    while frame is not None:
        caller = frame.f_locals.get("self")
        if isinstance(caller, keras.callbacks.CallbackList):
            return caller
        frame = frame.f_back
    return None


def check_alone(callback) -> None:
    callbacks = getattr(calling_list(), "callbacks", [])
    kinds = (type(callback), *RATE_SETTERS)
    others = [other for other in callbacks if isinstance(other, kinds) and other is not callback]
    if others:
        must = f"without others that set the learning rate beside {type(callback).__name__}"
        got = Described(", ".join(type(other).__name__ for other in others))
        raise ValueError(must_be("callbacks", must, got, "leave only one of them"))


def optimizer_of(model):
    """Return the optimizer of a compiled model; a MultiOptimizer is built first."""
    optimizer = model.optimizer
    inner = getattr(optimizer, "inner_optimizer", optimizer)
    if isinstance(inner, keras.optimizers.MultiOptimizer) and not inner.built:
        if not model.built:
            fix = "call it on a few rows, or build(input_shape), before fit"
            got = Described("a model that is not built")
            raise ValueError(must_be("model", "built, with a MultiOptimizer", got, fix))
        inner.build(model.trainable_variables)
    return optimizer


def n_iterations_of_fit(given, epochs, params, first_epoch: int) -> int:
    params = params or {}
    n_epochs = params.get("epochs", first_epoch) - first_epoch
    if epochs is not None and n_epochs != epochs:
        must = f"{epochs}, over which the cycles are spread"
        in_fit = f"epochs={first_epoch + epochs}"
        fix = f"build the callback for {n_epochs} epochs, or pass {in_fit} to fit"
        raise ValueError(must_be("the number of epochs of fit", must, n_epochs, fix))
    steps = params.get("steps") if "epochs" in params else None
    total = given if steps is None else n_epochs * steps
    if total is None:
        what, must = "the number of batches per epoch", "known, to spread the cycles over training"
        fix = (
            "pass steps_per_epoch to fit, or n_iterations, the batches of all epochs together, to "
            "SnapshotCallback"
        )
        raise ValueError(must_be(what, must, Described("data of unknown length"), fix))
    if given not in (None, total):
        must = f"{total}, for {n_epochs} epochs of {steps} batches"
        fix = "leave it out: it is needed only where the number of batches is unknown"
        raise ValueError(must_be("n_iterations", must, given, fix))
    return total


class CyclicRate:
    """Overrides the learning rate of an optimizer by a schedule over its next steps.

    The optimizer's own rate stays where it is, so that a model that another callback saves during
    training can be loaded without this package, and exported (Keras's setter removes the variable).
    It is restored at the next reading for which ``is_live()`` is false.
    """

    def __init__(self, optimizer, schedule: CyclicCosineDecay, is_live: Callable[[], bool]):
        self._optimizer, self._is_live = optimizer, is_live
        # Each with its steps so far and its own rate.
        self._steppers = [
            (stepper, _count(stepper), _value(stepper._learning_rate))
            for stepper in stepping_optimizers(optimizer)
        ]
        for stepper, offset, _ in self._steppers:
            # Not by setattr, because TensorFlow and Keras track attributes.
            vars(stepper)[_GET_RATE] = self._rate_of(stepper, schedule, offset)
        scaler = keras.optimizers.LossScaleOptimizer
        if isinstance(optimizer, scaler) and not isinstance(optimizer, CountingLossScaleOptimizer):
            vars(optimizer)[_SKIP_STEP] = self._count_and_skip

    def _count_and_skip(self):
        """Count the steps that loss scaling skips, so that the rate keeps up with the cycles."""
        getattr(type(self._optimizer), _SKIP_STEP)(self._optimizer)
        self._optimizer.inner_optimizer._iterations.assign_add(1)

    def _rate_of(self, stepper, schedule, offset):
        schedule = CyclicCosineDecay(**{**schedule.get_config(), "offset": offset})

        def rate():
            if self._is_live():
                return schedule(stepper._iterations)
            self.restore()
            return getattr(stepper, _GET_RATE)()

        return rate

    @property
    def n_done(self) -> int:
        """Steps since the start of the schedule; reading it waits for the device."""
        return max(_count(stepper) - offset for stepper, offset, _ in self._steppers)

    def set_back(self, n_done: int) -> None:
        """Correct the count: a call of the graph that finds no more data may count a step."""
        for stepper, offset, _ in self._steppers:
            if _count(stepper) > offset + n_done:
                stepper._iterations.assign(offset + n_done)

    def check_untouched(self) -> None:
        for stepper, _, own in self._steppers:
            now = _value(stepper._learning_rate)
            if now != own:
                must = "left alone while SnapshotCallback sets it"
                fix = "remove the callback that sets it"
                raise RuntimeError(must_be("the learning rate of the optimizer", must, now, fix))

    def restore(self) -> None:
        for stepper, _, _ in self._steppers:
            vars(stepper).pop(_GET_RATE, None)
        vars(self._optimizer).pop(_SKIP_STEP, None)


def _count(stepper) -> int:
    return int(stepper._iterations.value.numpy())


def _value(rate):
    return float(rate.value.numpy()) if isinstance(rate, keras.Variable) else rate


class SteppedTraining:
    """Replaces the training function of a model in ``fit``, so that it stops after each cycle.

    Keras calls the graph once for ``steps_per_execution`` batches. If a cycle or an epoch ends
    inside such a call, its batches are done one by one; all other calls are unchanged. Without
    ``steps_per_epoch``, training stops after the last cycle. ``on_cycle_end`` takes the number of
    the cycle, from 1, and the iterations done.
    """

    def __init__(self, model, optimizer, schedule, steps_per_epoch, on_cycle_end):
        self._model, self._take = model, on_cycle_end
        self._history = _history(model)
        self._function = self._execute
        self.rate = CyclicRate(optimizer, schedule, self._is_running)
        self._ends = [*schedule.cycle_ends.tolist(), math.inf]
        self.n_done = self._n_taken = 0
        self._steps = steps_per_epoch
        self._epoch_end = math.inf
        self._has_begun = False
        self._one = None
        self._own_function = model.train_function
        model.make_train_function(force=True)  # the old trace contains the old rate
        self._many, model.train_function = model.train_function, self._function

    def _is_running(self) -> bool:
        model = self._model
        return model.train_function is self._function and _history(model) is self._history

    def begin_epoch(self) -> None:
        self.n_done = self.rate.n_done  # the data may have ended the last epoch early
        if self._steps is not None:
            self._epoch_end = self.n_done + self._steps

    def close(self) -> None:
        self.rate.restore()
        if self._model.train_function is self._function:
            self._model.train_function = self._own_function

    def _execute(self, iterator):
        if _history(self._model) is not self._history:
            # An exception ended the training of this object, and another one has begun.
            self.close()
            return self._model.train_function(iterator)
        try:
            return self._advance(iterator)
        except END_OF_DATA:
            self.rate.set_back(self.n_done)
            raise
        except BaseException:
            self.close()
            raise

    def _advance(self, iterator):
        at_once = self._model.steps_per_execution
        stop = min(self._ends[self._n_taken], self._epoch_end)
        if at_once > 1 and self.n_done + at_once > stop:
            self.n_done = self.rate.n_done  # the call before may have found fewer batches
        if self.n_done + at_once <= stop:
            return self._run(self._many, iterator, at_once)
        logs = None
        for _ in range(int(min(at_once, self._epoch_end - self.n_done))):
            try:
                logs = self._run(self._one_batch, iterator, 1)
            except END_OF_DATA:
                if logs is None:
                    raise
                self.rate.set_back(self.n_done)
                break
            if self._model.stop_training:
                break
        return logs

    def _run(self, function, iterator, n_batches: int):
        expected = range(self.n_done + 1, self.n_done + n_batches + 1)  # fewer if the data ended
        logs = function(iterator)
        self.n_done += n_batches
        if self._has_begun and self.n_done != self._ends[self._n_taken]:
            return logs
        self._has_begun = True
        self.n_done = self.rate.n_done
        if self.n_done not in expected:
            what = "the optimizer of the model"
            got = Described(f"{self.n_done} steps after {expected[-1]} batches")
            fix = "SnapshotCallback cannot follow a train_step that does otherwise"
            raise RuntimeError(must_be(what, "one that takes one step per batch", got, fix))
        if self.n_done == self._ends[self._n_taken]:
            self._n_taken += 1
            self._take(self._n_taken, self.n_done)
            if self._steps is None and self._ends[self._n_taken] == math.inf:
                self._model.stop_training = True
        return logs

    def _one_batch(self, iterator):
        """Train on one batch; Keras reads ``steps_per_execution`` while it traces."""
        model, at_once = self._model, self._model.steps_per_execution
        model.steps_per_execution = 1
        try:
            if self._one is None:
                model.make_train_function(force=True)
                self._one, model.train_function = model.train_function, self._function
            return self._one(iterator)
        finally:
            model.steps_per_execution = at_once


def _history(model):
    """Return the History object, which Keras makes anew in every ``fit``."""
    return getattr(model, "history", None)
