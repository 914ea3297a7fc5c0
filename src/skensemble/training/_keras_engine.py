"""Training through ``model.fit``."""

import math
from collections.abc import Iterable

import keras

from skensemble.backends import XlaDecision, batch_stream, retracing_warning_silenced
from skensemble.networks import install_schedule, leave_constant_rate
from skensemble.training._augmented_batches import augmented
from skensemble.training._recorder import (
    MidEpochSnapshotRecorder,
    SnapshotCollector,
    SnapshotRecorder,
)
from skensemble.training._run import DeferredSignals, TrainingRun, callback_list

_BATCH_HOOKS = [f"on_{of}batch_{at}" for of in ("", "train_", "test_") for at in ("begin", "end")]


def train_with_keras(model, data, schedule, request) -> TrainingRun:
    install_schedule(model, schedule)
    steps = data.steps_per_epoch
    at_once = _steps_per_execution(model, schedule.cycle_ends, steps, request.callbacks)
    collector = SnapshotCollector(model, schedule.cycle_ends, request)
    recorder_class = SnapshotRecorder if at_once == steps else MidEpochSnapshotRecorder
    signals = DeferredSignals()
    recorder = recorder_class(collector, steps, request.first_epoch, signals)
    callbacks = callback_list(model, request, steps, recorder)
    history, own_steps_per_execution = model.history, model.steps_per_execution
    model.steps_per_execution = at_once
    interrupted, validation = False, {}
    if request.validation is not None:
        validation = {"validation_data": batch_stream(request.validation, 0, 1)}
        validation |= request.validation_options
    try:
        with signals, retracing_warning_silenced(), augmented(model, request.augmentation):
            model.fit(
                batch_stream(data, request.first_epoch, request.n_epochs),
                steps_per_epoch=steps,
                shuffle=False,  # the stream is shuffled already
                initial_epoch=request.first_epoch,
                epochs=request.first_epoch + request.n_epochs,
                callbacks=callbacks,
                verbose=request.keras_verbose,
                **validation,
            )
            signals.deliver()
    except KeyboardInterrupt:
        if not collector.snapshots:
            raise
        interrupted = True
        callbacks.on_train_end()
    finally:
        model.steps_per_execution = own_steps_per_execution
        model.train_function = model.test_function = None
        # The recorder would keep the model alive, and the caller's callbacks its weights.
        recorder._model = None
    if collector.snapshots:
        model.set_weights(collector.snapshots[-1].weights)
    leave_constant_rate(model, schedule.alpha_zero)
    return TrainingRun(
        collector.snapshots,
        history.history,
        n_epochs=len(history.epoch),
        n_iterations=recorder.n_done,
        engine="keras",
        xla=XlaDecision(bool(model.jit_compile), "as Keras decided when the model was compiled"),
        interrupted=interrupted,
    )


def _steps_per_execution(model, cycle_ends, steps_per_epoch, callbacks) -> int:
    """Iterations to run per call into the graph: as many as stop at every cycle's end.

    Python sees the weights only between calls, so a call may not run past the end of a cycle or
    of an epoch. A callback for batches, or a number that was asked for, makes them fewer.
    """
    if model.run_eagerly:
        return 1
    longest = math.gcd(steps_per_epoch, *map(int, cycle_ends))
    if model.steps_per_execution > 1:
        return math.gcd(longest, model.steps_per_execution)
    return 1 if listeners_to_batches(callbacks) else longest


def listeners_to_batches(callbacks: Iterable) -> list[str]:
    """Name the callbacks, in any nesting of lists, that have hooks for batches and use them."""
    found = []
    for callback in callbacks:
        if isinstance(callback, list | tuple):
            found += listeners_to_batches(callback)
        elif _has_batch_hook(callback) and not _waits_for_epochs(callback):
            found.append(type(callback).__name__)
    return found


def _has_batch_hook(callback) -> bool:
    return any(
        hook in vars(callback)  # as in a LambdaCallback
        or getattr(type(callback), hook) is not getattr(keras.callbacks.Callback, hook)
        for hook in _BATCH_HOOKS
    )


def _waits_for_epochs(callback) -> bool:
    """Whether it is one of Keras's callbacks, with hooks for batches that it does not use now."""
    if type(callback) is keras.callbacks.ModelCheckpoint:
        return callback.save_freq == "epoch"
    if type(callback) is keras.callbacks.TensorBoard:
        profiles = callback._start_batch or callback._stop_batch
        return callback.update_freq == "epoch" and not (profiles or callback.write_steps_per_second)
    return type(callback) is keras.callbacks.ProgbarLogger
