"""Training and validating a whole network as one graph."""

from collections.abc import Callable, Sequence
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from skensemble.backends._records import Signature, XlaDecision
from skensemble.backends.tensorflow._functions import Program, decide_on_xla, traced_function

_INTEGER = tf.TensorSpec([], tf.int64)
_ROWS = tf.TensorSpec([None], tf.int64)


class _ProgramWithLogs:
    def __init__(self, function, specs, model, signature: Signature, augmentation=None):
        self._signature = signature
        _build_metrics(model, signature)
        metrics = model.metrics_variables
        self._metrics_at_start = [variable.numpy() for variable in metrics]
        self._program = Program(function, specs, [*_variables(model, augmentation), *metrics])
        self.is_shareable = self._program.is_shareable

    def _bind(self, model, augmentation, keep_metrics: bool):
        if keep_metrics:
            _build_metrics(model, self._signature)
            metrics = [variable.value for variable in model.metrics_variables]
        else:
            metrics = [tf.Variable(value, trainable=False) for value in self._metrics_at_start]
        variables = _variables(model, augmentation)
        return self._program.bind([*(variable.value for variable in variables), *metrics])


class TrainingProgram(_ProgramWithLogs):
    def __init__(
        self,
        model,
        signature: Signature,
        *,
        numbers: Sequence[Any],
        rate_from,
        final_variables: Sequence[Any],
        augmentation=None,
    ):
        self.xla = XlaDecision(False, "not traced")
        self._names: list[str] = []
        number_specs = [tf.TensorSpec([], number.dtype) for number in numbers]

        def train_step(batch, numbers):
            with rate_from(numbers):
                return model.distribute_strategy.run(model.train_step, args=(batch,))

        def train(*arguments):
            # Where XLA was asked for, it does all batches: it has random numbers of its own.
            step = traced_function(train_step, jit_compile=model.jit_compile or None)
            if augmentation is not None:
                # Random numbers are slow with XLA, and some changes of images impossible.
                step = traced_function(_augmented(step, augmentation))
            batch_specs = _batch_specs(signature, None)
            step = _Step(step.get_concrete_function(batch_specs, number_specs), model)
            self.xla = decide_on_xla(step.function, model.jit_compile)
            if augmentation is not None and not model.jit_compile:
                self.xla = XlaDecision(False, "every batch is augmented")
            run = step.run
            if self.xla.use and step.reports_metrics and augmentation is None:
                run = _run_in_blocks(step, signature, number_specs)
            self._names = list(step.logs)
            return _train(arguments, model, signature, step, run, final_variables)

        orders = tf.TensorSpec([None, None], tf.int64)
        specs = [*_specs(signature, None), orders, _INTEGER, _INTEGER, *number_specs]
        super().__init__(train, specs, model, signature, augmentation)

    def bind(self, model, augmentation=None, keep_metrics: bool = False) -> Callable[..., Any]:
        call = self._bind(model, augmentation, keep_metrics)

        def advance(data, orders: np.ndarray, first: int, last: int, numbers):
            scalars = [tf.constant(n, tf.int64) for n in (first, last)]
            scalars += map(tf.constant, numbers)
            n_done, *values = call([*data, tf.constant(orders), *scalars])
            logs = zip(self._names, values, strict=True)
            return int(n_done), {name: value.numpy() for name, value in logs}

        return advance


class ValidationProgram(_ProgramWithLogs):
    def __init__(self, model, signature: Signature):
        self._names: list[str] = []

        def test_step(batch):
            return model.distribute_strategy.run(model.test_step, args=(batch,))

        def evaluate(*arguments):
            *data, rows = arguments
            batch_specs = _batch_specs(signature, None)
            step = _Step(traced_function(test_step).get_concrete_function(batch_specs), model)
            self._names = list(step.logs)
            model.reset_metrics()
            n_rows, size = tf.size(rows, tf.int64), signature.batch_size
            n_steps = (n_rows + size - 1) // size
            batch = batches_from(data, rows, signature.one_hot_width)
            logs = step.report(step.run(batch, size, tf.zeros([], tf.int64), n_steps, n_rows))
            return [logs[name] for name in step.logs]

        super().__init__(evaluate, [*_specs(signature, None), _ROWS], model, signature)

    def bind(self, model, keep_metrics: bool = False) -> Callable[..., dict[str, Any]]:
        call = self._bind(model, None, keep_metrics)

        def evaluate(data, rows: np.ndarray):
            logs = zip(self._names, call([*data, tf.constant(rows, tf.int64)]), strict=True)
            return {name: value.numpy() for name, value in logs}

        return evaluate


class _Step:
    """A traced step of training or validation, and the meaning of the dict of logs that it returns.

    Keras reports the metrics at the end of an epoch, or, where a custom step returns other logs,
    those of the last batch. ``logs`` has what is reported, by name.
    """

    def __init__(self, function, model):
        self.function = function
        logs = function.structured_outputs
        if not isinstance(logs, dict) or any(_rank(value) != 0 for value in logs.values()):
            raise NotImplementedError("a step returns other things than a dict of numbers")
        self._results = traced_function(model.get_metrics_result).get_concrete_function()
        results = self._results.structured_outputs
        self.reports_metrics = set(logs) == set(results)
        self.logs = results if self.reports_metrics else logs

    def run(self, batch: Callable[[Any], tuple], size: int, begin, end, n_rows, *more):
        """Run the steps ``begin`` to ``end - 1`` of an epoch; return the logs of the last one."""

        def body(i, _):
            positions = tf.range(i * size, tf.minimum((i + 1) * size, n_rows))
            logs = self.function(batch(positions), *more)
            return i + 1, {} if self.reports_metrics else logs

        blank = {} if self.reports_metrics else self.logs
        blank = {name: tf.zeros([], value.dtype) for name, value in blank.items()}
        return tf.while_loop(lambda i, _: i < end, body, (begin, blank))[1]

    def report(self, last_logs) -> dict[str, Any]:
        return self._results() if self.reports_metrics else last_logs


def _train(arguments, model, signature: Signature, step: _Step, run, final_variables):
    n_data, size = 3 if signature.has_weights else 2, signature.batch_size
    data = arguments[:n_data]
    orders, first, last, *numbers = arguments[n_data:]
    n_rows = tf.shape(orders, tf.int64)[1]
    steps = (n_rows + size - 1) // size

    def epoch_body(at, is_healthy, n_begun, histories):
        epoch = at // steps
        begin, end = at - epoch * steps, tf.minimum(last - epoch * steps, steps)
        _when(begin == 0, model.reset_metrics)
        batch = batches_from(data, orders[epoch], signature.one_hot_width)
        logs = step.report(run(batch, size, begin, end, n_rows, numbers))
        histories = [
            history.write(n_begun, logs[name])
            for history, name in zip(histories, step.logs, strict=True)
        ]
        is_healthy = _is_healthy(logs.get("loss"), final_variables)
        return epoch * steps + end, is_healthy, n_begun + 1, histories

    histories = [
        tf.TensorArray(value.dtype, 0, dynamic_size=True, element_shape=value.shape)
        for value in step.logs.values()
    ]
    at, _, _, histories = tf.while_loop(
        lambda at, is_healthy, *_: (at < last) & is_healthy,
        epoch_body,
        (first, True, 0, histories),
    )
    return [at, *(history.stack() for history in histories)]


def _run_in_blocks(step: _Step, signature: Signature, number_specs):
    """Return a function like ``step.run`` that has XLA do the full batches, many in a call."""

    @traced_function(jit_compile=True)
    def run_block(batches, n, numbers):
        def body(i):
            step.function(tuple(tensor[i] for tensor in batches), numbers)
            return i + 1

        tf.while_loop(lambda i: i < n, body, (tf.constant(0, tf.int64),))

    n_at_once = signature.n_at_once
    batches = _batch_specs(signature, n_at_once, signature.batch_size)
    run_block = run_block.get_concrete_function(batches, _INTEGER, number_specs)

    def run(batch, size, begin, end, n_rows, numbers):
        n_full = n_rows // size
        stop = tf.minimum(end, n_full)

        def body(i):
            n = tf.minimum(tf.constant(n_at_once, tf.int64), stop - i)
            positions = i * size + tf.range(n_at_once * size, dtype=tf.int64)
            # XLA wants as many batches in every call; those beyond the last are not used.
            positions = tf.minimum(positions, n_rows - 1)
            run_block(batch(tf.reshape(positions, [n_at_once, size])), n, numbers)
            return i + n

        def smaller_batch():
            step.function(batch(tf.range(n_full * size, n_rows)), numbers)

        tf.while_loop(lambda i: i < stop, body, (begin,))
        _when(end > n_full, smaller_batch)
        return {}

    return run


def batches_from(data: Sequence[Any], order, one_hot_width: int | None):
    """Return a function from positions in the order of an epoch to a batch."""
    X, *targets = data

    def batch(positions):
        # X stays in the memory of the host, where there is a device with less of it.
        with tf.device("CPU"):
            rows = tf.gather(order, positions)
            return batch_of(tf.gather(X, rows), rows, targets, one_hot_width)

    return batch


def batch_of(X, rows, targets: Sequence[Any], one_hot_width: int | None) -> tuple:
    """Return what a training step takes: X, the targets of its rows and their weights, if any."""
    floatx = keras.config.floatx()
    if X.dtype.is_floating:
        X = tf.cast(X, floatx)
    target, *weight = (tf.gather(tensor, rows) for tensor in targets)
    if one_hot_width is not None:
        target = tf.one_hot(target, one_hot_width, dtype=floatx)
    return (X, target, *weight)


def _build_metrics(model, signature: Signature) -> None:
    if model._compile_metrics is not None and not model._compile_metrics.built:
        model._symbolic_build(data_batch=_batch_specs(signature, None))


def _specs(signature: Signature, *leading: int | None) -> tuple:
    X = tf.TensorSpec([*leading, *signature.row_shape], signature.row_dtype)
    y = tf.TensorSpec([*leading, *signature.target_shape], signature.target_dtype)
    weights = tf.TensorSpec(leading, keras.config.floatx())
    return (X, y, weights) if signature.has_weights else (X, y)


def _batch_specs(signature: Signature, *leading: int | None) -> tuple:
    """Specify the same as a step takes it, with one-hot targets where there are any."""
    X, y, *weights = _specs(signature, *leading)
    if signature.one_hot_width is not None:
        y = tf.TensorSpec([*y.shape, signature.one_hot_width], keras.config.floatx())
    return (X, y, *weights)


def _variables(model, augmentation=None) -> list:
    """Return all that training changes, in an order that similar networks have in common."""
    more = [] if augmentation is None else augmentation.variables
    return [*model.variables, *model.optimizer.variables, *more]


def _augmented(step, augmentation):
    def augmented_step(batch, numbers):
        X, *targets = batch
        return step((augmentation(X), *targets), numbers)

    return augmented_step


def _when(condition, action) -> None:
    def act():
        action()
        return True

    tf.cond(condition, act, lambda: True)


def _is_healthy(loss, final_variables: Sequence[Any]):
    """Whether training can go on: the loss is finite, or at least the weights are."""
    if loss is None:
        return tf.constant(True)

    def weights_are_finite():
        values = [tf.convert_to_tensor(variable) for variable in final_variables]
        finite = [tf.reduce_all(tf.math.is_finite(v)) for v in values if v.dtype.is_floating]
        return tf.reduce_all(tf.stack(finite)) if finite else tf.constant(True)

    return tf.cond(tf.math.is_finite(loss), lambda: tf.constant(True), weights_are_finite)


def _rank(value) -> int | None:
    return getattr(getattr(value, "shape", None), "rank", None)
