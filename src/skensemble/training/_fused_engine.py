"""Training in few, long calls into the graph."""

from __future__ import annotations

import time

import keras

from skensemble.backends import program_cache
from skensemble.networks import fingerprint_of_training
from skensemble.networks._optimizer import install_schedule, leave_constant_rate
from skensemble.training._recorder import SnapshotCollector
from skensemble.training._run import TrainingRun
from skensemble.training._signature import Signature
from skensemble.training._traced_rate import rate_tensors
from skensemble.training._training_program import TrainingProgram
from skensemble.training._validation_program import ValidationProgram

# Python sees signals, such as Ctrl-C, between calls: these are the iterations of the first one, and
# they grow until a call takes about so long. How training is cut does not change its result.
_FIRST_CALL, _FIRST_CALL_WITH_XLA = 1, 64
_SECONDS_PER_CALL = 0.25


def train_fused(model, data, schedule, request) -> TrainingRun:
    """Do what ``train`` says, without Python between the iterations.

    The snapshots are those of ``train_with_keras``, to the precision of the arithmetic.

    Raises
    ------
    TracingError
        If TensorFlow cannot make a graph of the training, before anything is trained.
    """
    install_schedule(model, schedule)
    run = _FusedRun(model, data, schedule, request)
    run.train()
    if run.collector.snapshots:
        model.set_weights(run.collector.snapshots[-1].weights)
    leave_constant_rate(model, schedule.alpha_zero)
    return TrainingRun(
        run.collector.snapshots,
        run.history,
        n_epochs=run.n_epochs,
        n_iterations=run.n_done,
        engine="fused",
        xla=run.program.xla,
    )


class TracingError(RuntimeError):
    """Training or validation cannot be made one graph; the cause says why."""


def _program(kind, model, signature: Signature, *more):
    """Return a program for a model, out of the cache where it has one.

    ``more`` is what it is made of besides the model.
    """
    parts = [fingerprint_of_training(model), *(part.fingerprint for part in more)]
    key = None if None in parts else (kind, signature, *parts)
    try:
        return program_cache.get(key, lambda: kind(model, signature, *more))
    except Exception as error:  # whatever the parts of a network raise
        raise TracingError(f"the network cannot be traced as a whole: {error}") from error


class _FusedRun:
    """One training run, as far as it has come."""

    def __init__(self, model, data, schedule, request):
        self._model = model
        self._steps = data.steps_per_epoch
        self._n_iterations = schedule.n_iterations
        self._request = request
        self._X = data.X
        self.collector = SnapshotCollector(model, schedule.cycle_ends, request)
        self.n_done = self.n_epochs = 0
        X = data.features()
        signature = Signature.of(data)
        augmentation = () if request.augmentation is None else (request.augmentation,)
        self.program = _program(TrainingProgram, model, signature, *augmentation)
        self._has_listeners = bool(request.callbacks)
        if self._has_listeners:
            # They may look at the metrics of the model, which then must be there.
            model._symbolic_build(data_batch=signature.batch_specs())
        self._advance = self._bind_training(X, data, schedule)
        self._evaluate = self._bind_validation(X, request.validation)
        self._callbacks = keras.callbacks.CallbackList(
            list(request.callbacks),
            add_history=True,
            add_progbar=request.keras_verbose != 0,
            verbose=request.keras_verbose,
            epochs=request.first_epoch + request.n_epochs,
            steps=self._steps,
            model=model,
        )
        self._is_watched = bool(self._has_listeners or request.keras_verbose or request.validation)
        self._n_per_call = _FIRST_CALL_WITH_XLA if self.program.xla.use else _FIRST_CALL

    def _bind_training(self, X, data, schedule):
        import tensorflow as tf

        advance = self.program.bind(self._model, self._has_listeners, self._request.augmentation)
        rate = rate_tensors(schedule)
        before = [X, *data.targets(), tf.constant(data.rows, tf.int64), _int64(data.seed)]
        before.append(_int64(self._request.first_epoch))
        return lambda first, last: advance(*before, _int64(first), _int64(last), *rate)

    def _bind_validation(self, X, data):
        import tensorflow as tf

        if data is None:
            return None
        signature = Signature.of(data)
        program = _program(ValidationProgram, self._model, signature)
        evaluate = program.bind(self._model, self._has_listeners)
        features = X if data.X is self._X else data.features()
        arguments = [features, *data.targets(), tf.constant(data.rows, tf.int64)]
        return lambda: evaluate(*arguments)

    @property
    def history(self) -> dict[str, list[float]]:
        """One value per epoch, as Keras records."""
        return self._model.history.history

    def train(self) -> None:
        """Train until the end, until a callback says stop, or until the network is lost."""
        model = self._model
        model.stop_training = False
        self._callbacks.on_train_begin()
        logs = None
        while self.n_done < self._n_iterations and not (self._may_stop and model.stop_training):
            if self.n_done == self.n_epochs * self._steps:
                self._callbacks.on_epoch_begin(self._request.first_epoch + self.n_epochs)
                self._callbacks.on_train_batch_begin(0)
            for logs in self._train_on():
                self._end_epoch(logs)
        model.optimizer.finalize_variable_values(model.trainable_weights)
        self._callbacks.on_train_end(logs)

    @property
    def _may_stop(self) -> bool:
        """Whether there is something to stop with; a callback may have asked before."""
        return bool(self.n_epochs or self.collector.snapshots)

    def _train_on(self) -> list[dict[str, float]]:
        """Train for one call; return the logs of the epochs that it completed."""
        ends = [self._n_iterations, self.n_done + self._n_per_call, self.collector.next_end]
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
        self._callbacks.on_train_batch_end(self._steps - 1, dict(logs))
        epoch = self._request.first_epoch + self.n_epochs
        frequency = self._request.validation_options.get("validation_freq", 1)
        if self._evaluate is not None and self._model._should_eval(epoch, frequency):
            self._callbacks.on_test_begin()
            found = {name: float(value) for name, value in self._evaluate().items()}
            self._callbacks.on_test_end(dict(found))
            logs.update({f"val_{name}": value for name, value in found.items()})
        self.n_epochs += 1
        self._callbacks.on_epoch_end(epoch, logs)


def _int64(number: int):
    import tensorflow as tf

    return tf.constant(number, tf.int64)
