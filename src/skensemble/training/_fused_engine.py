"""Training in few, long calls into the graph."""

import contextlib
import functools
import time
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import keras
import numpy as np

from skensemble.backends import Signature, TrainingProgram, ValidationProgram, program_cache
from skensemble.networks import (
    final_variables,
    fingerprint_of_training,
    install_schedule,
    leave_constant_rate,
    stepping_optimizers,
)
from skensemble.schedules import cosine_cycles
from skensemble.training._recorder import SnapshotCollector
from skensemble.training._run import DeferredSignals, TrainingRun, callback_list

# Python sees signals, such as Ctrl-C, between calls: these are the iterations of the first one, and
# they grow until a call takes about so long. How training is cut does not change its result.
_FIRST_CALL, _FIRST_CALL_WITH_XLA = 1, 64
_SECONDS_PER_CALL = 0.25

# Size of the orders of epochs in one call.
_MOST_BYTES = 2**24


class TracingError(RuntimeError):
    """Training or validation cannot be made one graph; the cause says why."""


def train_fused(model, data, schedule, request) -> TrainingRun:
    install_schedule(model, schedule)
    run = _FusedRun(model, data, schedule, request)
    interrupted = run.train()
    if run.collector.snapshots:
        model.set_weights(run.collector.snapshots[-1].weights)
    leave_constant_rate(model, schedule.alpha_zero)
    return TrainingRun(
        run.collector.snapshots,
        model.history.history,
        n_epochs=run.n_epochs,
        n_iterations=run.n_done,
        engine="fused",
        xla=run.program.xla,
        interrupted=interrupted,
    )


def _program(kind: str, model, signature: Signature, trace: Callable[[], Any], augmentation=None):
    parts = [fingerprint_of_training(model)]
    if augmentation is not None:
        parts.append(augmentation.fingerprint)
    key = None if None in parts else (kind, signature, *parts)
    try:
        return program_cache.get(key, trace)
    except Exception as error:  # whatever the parts of a network raise
        raise TracingError(f"the network cannot be traced as a whole: {error}") from error


class _GivenRate(keras.optimizers.schedules.LearningRateSchedule):
    def __init__(self, numbers):
        self._numbers = numbers

    def __call__(self, step):
        return cosine_cycles(step, *self._numbers)


@contextlib.contextmanager
def _given_rate(optimizer, numbers: Sequence[Any]) -> Iterator[None]:
    """Let the rate of an optimizer depend on the numbers of a schedule, given as tensors."""
    steppers = stepping_optimizers(optimizer)
    schedules = [stepper._learning_rate for stepper in steppers]
    try:
        for stepper in steppers:
            stepper.learning_rate = _GivenRate(numbers)
        yield
    finally:
        for stepper, schedule in zip(steppers, schedules, strict=True):
            stepper._learning_rate = schedule


class _FusedRun:
    def __init__(self, model, data, schedule, request):
        self._model, self._request = model, request
        self._steps, self._n_iterations = data.steps_per_epoch, schedule.n_iterations
        self.collector = SnapshotCollector(model, schedule.cycle_ends, request)
        self.n_done = self.n_epochs = 0
        self._has_listeners = bool(request.callbacks)
        tensors = data.tensors()
        self.program, self._advance = self._training(tensors, data, schedule)
        self._evaluate = self._validation(tensors[0], data, request.validation)
        self.callbacks = callback_list(model, request, self._steps)
        self._is_watched = bool(self._has_listeners or request.keras_verbose or request.validation)
        self._n_per_call = _FIRST_CALL_WITH_XLA if self.program.xla.use else _FIRST_CALL
        self._most_epochs = max(1, _MOST_BYTES // (8 * len(data.rows)))

    def _training(self, tensors, data, schedule):
        """Return the program, and a function that trains from one iteration up to another."""
        model, request, signature = self._model, self._request, Signature.of(data)
        alpha_zero, *lengths = schedule.as_numbers()
        numbers = [np.float32(alpha_zero), *map(np.int32, lengths)]

        def trace():
            return TrainingProgram(
                model,
                signature,
                numbers=numbers,
                rate_from=functools.partial(_given_rate, model.optimizer),
                final_variables=final_variables(model),
                augmentation=request.augmentation,
            )

        program = _program("training", model, signature, trace, request.augmentation)
        advance = program.bind(model, request.augmentation, keep_metrics=self._has_listeners)
        order = functools.lru_cache(1)(data.order)  # a call may begin inside the epoch of the last

        def advance_to(first: int, last: int):
            epoch = first // self._steps
            start = epoch * self._steps
            epochs = range(epoch, -(-last // self._steps))
            orders = np.stack([order(request.first_epoch + epoch) for epoch in epochs])
            n_done, logs = advance(tensors, orders, first - start, last - start, numbers)
            return start + n_done, logs

        return program, advance_to

    def _validation(self, X, data, validation):
        if validation is None:
            return None
        model, signature = self._model, Signature.of(validation)
        trace = functools.partial(ValidationProgram, model, signature)
        program = _program("validation", model, signature, trace)
        evaluate = program.bind(model, keep_metrics=self._has_listeners)
        tensors = validation.tensors(X if validation.X is data.X else None)
        return lambda: evaluate(tensors, validation.rows)

    def train(self) -> bool:
        """Train until the end, or until a callback, Ctrl-C or a diverged network ends it."""
        model = self._model
        model.stop_training = False
        interrupted, logs = False, None
        with DeferredSignals() as signals:
            try:
                self.callbacks.on_train_begin()
                while self._goes_on:
                    if self.n_done == self.n_epochs * self._steps:
                        self.callbacks.on_epoch_begin(self._request.first_epoch + self.n_epochs)
                        self.callbacks.on_train_batch_begin(0)
                    for logs in self._train_on():
                        self._end_epoch(logs)
                    signals.deliver()
            except KeyboardInterrupt:
                if not self.collector.snapshots:
                    raise
                interrupted = True
                self.n_epochs = len(model.history.epoch)
        model.optimizer.finalize_variable_values(model.trainable_weights)
        self.callbacks.on_train_end(logs)
        return interrupted

    @property
    def _goes_on(self) -> bool:
        """Whether to train on; a callback may ask to stop once there is something to stop with."""
        may_stop = bool(self.n_epochs or self.collector.snapshots)
        return self.n_done < self._n_iterations and not (may_stop and self._model.stop_training)

    def _train_on(self) -> list[dict[str, float]]:
        """Train for one call; return the logs of the epochs that it completed."""
        most = (self.n_done // self._steps + self._most_epochs) * self._steps
        ends = [self._n_iterations, self.n_done + self._n_per_call, self.collector.next_end, most]
        if self._is_watched:
            ends.append((self.n_epochs + 1) * self._steps)
        start = time.perf_counter()
        self.n_done, values = self._advance(self.n_done, min(end for end in ends if end))
        spent = time.perf_counter() - start
        if spent < _SECONDS_PER_CALL / 2:
            self._n_per_call *= 8 if spent < _SECONDS_PER_CALL / 16 else 2
        self.collector.reach(self.n_done)
        n_ended = self.n_done // self._steps - self.n_epochs
        logs = [{name: float(v[i]) for name, v in values.items()} for i in range(n_ended)]
        if logs and self.collector.has_diverged(logs[-1].get("loss", 0.0)):
            self._model.stop_training = True
        return logs

    def _end_epoch(self, logs: dict[str, float]) -> None:
        self.callbacks.on_train_batch_end(self._steps - 1, dict(logs))
        epoch = self._request.first_epoch + self.n_epochs
        frequency = self._request.validation_options.get("validation_freq", 1)
        if self._evaluate is not None and self._model._should_eval(epoch, frequency):
            self.callbacks.on_test_begin()
            found = {name: float(value) for name, value in self._evaluate().items()}
            self.callbacks.on_test_end(dict(found))
            logs.update({f"val_{name}": value for name, value in found.items()})
        self.n_epochs += 1
        self.callbacks.on_epoch_end(epoch, logs)
