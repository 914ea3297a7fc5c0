"""Training and validation of a whole network as one graph."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import keras

from skensemble.programs import RebindableProgram, decide_on_xla
from skensemble.schedules import cosine_cycles
from skensemble.training._data import batch_of, order_of_rows
from skensemble.training._optimizer import final_variables, stepping_optimizers

# Batches that are gathered, and handed to XLA, at once: enough to make the call cheap.
_MOST_BATCHES = 64
_MOST_BYTES = 2**23


@dataclass(frozen=True)
class Signature:
    """What a program is traced for, besides the network.

    Parameters
    ----------
    row_shape, row_dtype
        Of a row of X.
    has_weights : bool
        Whether rows have weights.
    n_classes : int or None
        Columns of one-hot targets.
    batch_size : int
        Rows per iteration.
    shuffle : bool
        Whether each epoch has an order of its own.
    n_at_once : int
        Batches that XLA gets in one call.
    """

    row_shape: tuple[int, ...]
    row_dtype: str
    has_weights: bool
    n_classes: int | None
    batch_size: int
    shuffle: bool
    n_at_once: int

    @classmethod
    def of(cls, data) -> Signature:
        """Describe a ``TrainingData``."""
        import numpy as np

        floats = data.X.dtype.kind == "f"
        dtype = np.dtype(keras.config.floatx()) if floats else data.X.dtype
        row_shape = data.X.shape[1:]
        batch_bytes = data.batch_size * int(np.prod(row_shape, dtype=int)) * dtype.itemsize
        fit = max(1, min(_MOST_BATCHES, _MOST_BYTES // batch_bytes))
        n_full = max(1, len(data.rows) // data.batch_size)
        return cls(
            row_shape,
            dtype.name,
            data.sample_weight is not None,
            data.n_classes,
            data.batch_size,
            data.shuffle,
            # A power of two: data of about the same size share a program.
            n_at_once=min(fit, 1 << (n_full - 1).bit_length()),
        )

    def specs(self, *first: int | None) -> tuple:
        """Specify X, y and the weights, with the given leading dimensions."""
        import tensorflow as tf

        floatx = keras.config.floatx()
        specs = [
            tf.TensorSpec([*first, *self.row_shape], self.row_dtype),
            tf.TensorSpec([*first], tf.int64),
        ]
        return (*specs, tf.TensorSpec([*first], floatx)) if self.has_weights else tuple(specs)

    def batch_specs(self, *first: int | None) -> tuple:
        """Specify what a step takes."""
        import tensorflow as tf

        X, y, *weights = self.specs(*first)
        if self.n_classes is not None:
            y = tf.TensorSpec([*first, self.n_classes], keras.config.floatx())
        return (X, y, *weights)


class _GivenRate(keras.optimizers.schedules.LearningRateSchedule):
    """The cyclic cosine with all its numbers given as tensors."""

    def __init__(self, numbers):
        self._numbers = numbers

    def __call__(self, step):
        return cosine_cycles(step, *self._numbers)


@contextlib.contextmanager
def _rate_from(optimizer, numbers) -> Iterator[None]:
    """Let the optimizer's rate depend on tensors while a step is traced."""
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
    """Specify the numbers that the learning rate depends on."""
    import tensorflow as tf

    return tf.TensorSpec([], tf.float32), *(tf.TensorSpec([], tf.int32) for _ in range(3))


class _Step:
    """One traced step of training or validation, and what its logs mean.

    Keras reports the metrics at the end of an epoch, or, where a custom step returns other logs,
    those of the last batch.
    """

    def __init__(self, function, model):
        import tensorflow as tf

        self.function = function
        logs = function.structured_outputs
        if not isinstance(logs, dict) or any(
            getattr(v, "shape", None) != () for v in logs.values()
        ):
            raise NotImplementedError(
                "its training step returns other things than a dict of numbers"
            )
        results = tf.function(model.get_metrics_result, autograph=False).get_concrete_function()
        self.reports_metrics = set(logs) == set(results.structured_outputs)
        self.results = results
        self.logs = results.structured_outputs if self.reports_metrics else logs

    def blank(self) -> dict[str, Any]:
        """Logs before the first step."""
        import tensorflow as tf

        if self.reports_metrics:
            return {}
        return {name: tf.zeros([], value.dtype) for name, value in self.logs.items()}

    def __call__(self, *arguments) -> dict[str, Any]:
        logs = self.function(*arguments)
        return {} if self.reports_metrics else logs

    def report(self, logs) -> dict[str, Any]:
        """Return the logs of an epoch, from those of its last step."""
        return self.results() if self.reports_metrics else logs


class TrainingProgram:
    """Training a network for any number of iterations in one call into the graph.

    Parameters
    ----------
    model : keras.Model
        Compiled, its optimizer built.
    signature : Signature
        What to trace for.

    Attributes
    ----------
    xla : XlaDecision
        Whether XLA compiles the steps on full batches.
    is_shareable : bool
        Whether it runs on other networks of the same architecture.
    """

    def __init__(self, model, signature: Signature):
        import tensorflow as tf

        self._signature = signature

        def train_step(batch, rate):
            with _rate_from(model.optimizer, rate):
                return model.distribute_strategy.run(model.train_step, args=(batch,))

        step = _function(train_step).get_concrete_function(
            signature.batch_specs(None), rate_specs()
        )
        step = _Step(step, model)
        self.xla = decide_on_xla(step.function, model.jit_compile)
        run = _run_one_by_one
        if self.xla.use and step.reports_metrics:
            run = self._in_chunks(train_step)
        specs = [
            *signature.specs(None),
            tf.TensorSpec([None], tf.int64),
            *[tf.TensorSpec([], tf.int64)] * 4,
            *rate_specs(),
        ]
        function = _function(self._advance(model, step, run)).get_concrete_function(*specs)
        self._names = list(step.logs)
        # Functions that the graph calls live as long as these references.
        self._parts = (step, run)
        self._program = RebindableProgram(function, variables_of(model), model.metrics_variables)
        self.is_shareable = self._program.is_shareable

    def bind(self, model) -> Callable[..., tuple[int, dict[str, Any]]]:
        """Return a function that trains ``model``.

        Returns
        -------
        callable
            Takes X, y and weights, the rows to train on, the seed of their order, the number of
            the first epoch, the iteration to start with and the one to stop before, and the
            numbers of the schedule, as tensors. Returns the iterations done, fewer where the
            network is no longer finite at the end of an epoch, and what each epoch begun reports.
        """
        call = self._program.bind(variables_of(model))

        def advance(*arguments):
            n_done, values = call(arguments)
            return int(n_done), dict(zip(self._names, (v.numpy() for v in values), strict=True))

        return advance

    def _advance(self, model, step, run):
        import tensorflow as tf

        size = self._signature.batch_size
        n_data = 3 if self._signature.has_weights else 2

        def advance(*arguments):
            data, (rows, seed, first_epoch, first, last), rate = (
                arguments[:n_data],
                arguments[n_data : n_data + 5],
                arguments[n_data + 5 :],
            )
            steps = (tf.size(rows, tf.int64) + size - 1) // size

            def epoch_body(at, is_healthy, n_begun, histories):
                epoch = at // steps
                begin, end = at - epoch * steps, tf.minimum(last - epoch * steps, steps)
                order = rows
                if self._signature.shuffle:
                    order = order_of_rows(rows, seed, first_epoch + epoch)
                _when(begin == 0, model.reset_metrics)
                batch = self._batches(data, order)
                logs = run(step, batch, begin, end, tf.size(order, tf.int64), (rate,))
                report = step.report(logs)
                histories = [
                    history.write(n_begun, report[name])
                    for history, name in zip(histories, step.logs, strict=True)
                ]
                is_healthy = _is_healthy(report.get("loss"), model)
                return epoch * steps + end, is_healthy, n_begun + 1, histories

            histories = [
                tf.TensorArray(v.dtype, 0, dynamic_size=True, element_shape=v.shape)
                for v in step.logs.values()
            ]
            at, _, _, histories = tf.while_loop(
                lambda at, is_healthy, *_: (at < last) & is_healthy,
                epoch_body,
                (first, True, 0, histories),
            )
            return at, [history.stack() for history in histories]

        return advance

    def _batches(self, data, order):
        import tensorflow as tf

        X, *targets = data

        def batch(positions):
            chosen = tf.gather(order, positions)
            return batch_of(tf.gather(X, chosen), chosen, targets, self._signature.n_classes)

        batch.size = self._signature.batch_size
        return batch

    def _in_chunks(self, train_step):
        """Make a run of which XLA does the full batches, many in a call; the rest is a step."""
        import tensorflow as tf

        n_at_once, size = self._signature.n_at_once, self._signature.batch_size

        @_function(jit_compile=True)
        def run_chunk(batches, n, rate):
            def body(i):
                train_step(tuple(tensor[i] for tensor in batches), rate)
                return i + 1

            tf.while_loop(lambda i: i < n, body, (tf.constant(0, tf.int64),))

        def run(step, batch, begin, end, n_rows, rate):
            n_full = n_rows // size
            stop = tf.minimum(end, n_full)

            def body(i):
                n = tf.minimum(tf.constant(n_at_once, tf.int64), stop - i)
                positions = i * size + tf.range(n_at_once * size, dtype=tf.int64)
                positions = tf.reshape(tf.minimum(positions, n_rows - 1), [n_at_once, size])
                run_chunk(batch(positions), n, *rate)
                return i + n

            tf.while_loop(lambda i: i < stop, body, (begin,))
            _when(end > n_full, lambda: step(batch(tf.range(n_full * size, n_rows)), *rate))
            return {}

        run.chunk = run_chunk
        return run


def _run_one_by_one(step, batch, begin, end, n_rows, rate):
    """Run steps ``begin`` to ``end - 1`` of an epoch; return the logs of the last one."""
    import tensorflow as tf

    def body(i, _):
        positions = tf.range(i * batch.size, tf.minimum((i + 1) * batch.size, n_rows))
        return i + 1, step(batch(positions), *rate)

    _, logs = tf.while_loop(lambda i, _: i < end, body, (begin, step.blank()))
    return logs


class ValidationProgram:
    """Loss and metrics of all rows in one call into the graph.

    Parameters
    ----------
    model : keras.Model
        Compiled.
    signature : Signature
        What to trace for.
    """

    def __init__(self, model, signature: Signature):
        import tensorflow as tf

        def test_step(batch):
            return model.distribute_strategy.run(model.test_step, args=(batch,))

        step = _function(test_step).get_concrete_function(signature.batch_specs(None))
        step = _Step(step, model)
        n_classes = signature.n_classes

        def evaluate(*arguments):
            *data, rows = arguments
            model.reset_metrics()

            def batch(positions):
                X, *targets = data
                chosen = tf.gather(rows, positions)
                return batch_of(tf.gather(X, chosen), chosen, targets, n_classes)

            batch.size = signature.batch_size
            n_rows = tf.size(rows, tf.int64)
            n_steps = (n_rows + batch.size - 1) // batch.size
            zero = tf.constant(0, tf.int64)
            logs = step.report(_run_one_by_one(step, batch, zero, n_steps, n_rows, ()))
            return [logs[name] for name in step.logs]

        specs = [*signature.specs(None), tf.TensorSpec([None], tf.int64)]
        function = _function(evaluate).get_concrete_function(*specs)
        self._names, self._parts = list(step.logs), step
        self._program = RebindableProgram(function, variables_of(model), model.metrics_variables)
        self.is_shareable = self._program.is_shareable

    def bind(self, model) -> Callable[..., dict[str, Any]]:
        """Return a function from X, y, weights and rows to the logs of ``model``."""
        call = self._program.bind(variables_of(model))
        return lambda *arguments: dict(
            zip(self._names, (v.numpy() for v in call(arguments)), strict=True)
        )


def variables_of(model) -> list:
    """Return all that training changes, in an order that networks alike have in common."""
    return [*model.variables, *model.optimizer.variables]


def _function(python_function=None, **options):
    import tensorflow as tf

    return tf.function(python_function, autograph=False, **options)


def _when(condition, action) -> None:
    import tensorflow as tf

    def act():
        action()
        return True

    tf.cond(condition, act, lambda: True)


def _is_healthy(loss, model):
    """Whether training can go on: the loss is finite, or at least the weights are."""
    import tensorflow as tf

    if loss is None:
        return tf.constant(True)

    def weights_are_finite():
        values = [tf.convert_to_tensor(variable) for variable in final_variables(model)]
        finite = [tf.reduce_all(tf.math.is_finite(v)) for v in values if v.dtype.is_floating]
        return tf.reduce_all(tf.stack(finite)) if finite else tf.constant(True)

    return tf.cond(tf.math.is_finite(loss), lambda: tf.constant(True), weights_are_finite)
