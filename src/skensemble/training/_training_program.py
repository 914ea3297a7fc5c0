"""Training a whole network as one graph."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from skensemble.backends import RebindableProgram, XlaDecision, decide_on_xla, traced_function
from skensemble.networks._optimizer import final_variables
from skensemble.training._augmentation import Augmentation, augmented_batch
from skensemble.training._data import order_of_rows
from skensemble.training._signature import Signature
from skensemble.training._traced_rate import rate_from, rate_specs
from skensemble.training._traced_step import (
    TracedStep,
    batches_from,
    variables_of,
)


class TrainingProgram:
    """Training a network for any number of iterations in one call into the graph.

    Parameters
    ----------
    model : keras.Model
        Compiled, its optimizer built.
    signature : Signature
        What to trace for.
    augmentation : Augmentation or None
        What happens to the rows of every batch.

    Attributes
    ----------
    xla : XlaDecision
        Whether XLA compiles the steps on full batches.
    is_shareable : bool
        Whether it runs on other networks of the same architecture.
    """

    def __init__(self, model, signature: Signature, augmentation: Augmentation | None = None):
        import tensorflow as tf

        self._signature = signature

        def train_step(batch, rate):
            with rate_from(model.optimizer, rate):
                return model.distribute_strategy.run(model.train_step, args=(batch,))

        # Where XLA was asked for, it does all batches: it has random numbers of its own.
        step = traced_function(train_step, jit_compile=model.jit_compile or None)
        if augmentation is not None:
            # Random numbers are slow with XLA, and some changes of images impossible.
            step = traced_function(_augmented(step, augmentation))
        step = step.get_concrete_function(signature.batch_specs(), rate_specs())
        step = TracedStep(step, model)
        self.xla = decide_on_xla(step.function, model.jit_compile)
        if augmentation is not None and not model.jit_compile:
            self.xla = XlaDecision(False, "every batch is augmented")
        run = step.run
        if self.xla.use and step.reports_metrics and augmentation is None:
            run = _run_with_xla(step, signature)
        integer = tf.TensorSpec([], tf.int64)
        rows = tf.TensorSpec([None], tf.int64)
        specs = [*signature.specs(), rows, integer, integer, integer, integer, *rate_specs()]
        advance = traced_function(self._advance(model, step, run))
        function = advance.get_concrete_function(*specs)
        self._names = list(step.logs)
        variables = _variables(model, augmentation)
        self._program = RebindableProgram(function, variables, model.metrics_variables)
        self.is_shareable = self._program.is_shareable

    def bind(
        self, model, with_metrics: bool, augmentation: Augmentation | None = None
    ) -> Callable[..., tuple[int, dict[str, Any]]]:
        """Return a function that trains ``model``.

        Parameters
        ----------
        model : keras.Model
            Like the one that was traced.
        with_metrics : bool
            Whether the state of its metrics is kept in the model, where callbacks may look at it.
        augmentation : Augmentation or None
            Like the one that was traced.

        Returns
        -------
        callable
            Takes X, y and weights, the rows to train on, the seed of their order, the number of
            the first epoch, the iteration to start with and the one to stop before, and the
            numbers of the schedule, all as tensors. Returns the iterations done, fewer where the
            network is no longer finite at the end of an epoch, and the logs of each epoch begun.
        """
        call = self._program.bind(
            _variables(model, augmentation), model.metrics_variables if with_metrics else None
        )

        def advance(*arguments):
            n_done, values = call(arguments)
            logs = zip(self._names, values, strict=True)
            return int(n_done), {name: value.numpy() for name, value in logs}

        return advance

    def _advance(self, model, step, run):
        import tensorflow as tf

        signature = self._signature
        size, n_data = signature.batch_size, 3 if signature.has_weights else 2

        def advance(*arguments):
            data, more = arguments[:n_data], arguments[n_data:]
            rows, seed, first_epoch, first, last, *rate = more
            n_rows = tf.size(rows, tf.int64)
            steps = (n_rows + size - 1) // size

            def epoch_body(at, is_healthy, n_begun, histories):
                epoch = at // steps
                begin, end = at - epoch * steps, tf.minimum(last - epoch * steps, steps)
                order = (
                    order_of_rows(rows, seed, first_epoch + epoch) if signature.shuffle else rows
                )
                _when(begin == 0, model.reset_metrics)
                batch = batches_from(data, order, signature.n_classes)
                logs = step.report(run(batch, size, begin, end, n_rows, tuple(rate)))
                histories = [
                    history.write(n_begun, logs[name])
                    for history, name in zip(histories, step.logs, strict=True)
                ]
                is_healthy = _is_healthy(logs.get("loss"), model)
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
            return at, [history.stack() for history in histories]

        return advance


def _variables(model, augmentation: Augmentation | None) -> list:
    return [*variables_of(model), *(() if augmentation is None else augmentation.variables)]


def _augmented(step, augmentation: Augmentation):
    return lambda batch, rate: step(augmented_batch(augmentation, batch), rate)


def _run_with_xla(step: TracedStep, signature: Signature):
    """Return a function like ``step.run`` that has XLA do the full batches, many in a call."""
    import tensorflow as tf

    @traced_function(jit_compile=True)
    def run_batches(batches, n, rate):
        def body(i):
            step.function(tuple(tensor[i] for tensor in batches), rate)
            return i + 1

        tf.while_loop(lambda i: i < n, body, (tf.constant(0, tf.int64),))

    n_at_once = signature.n_at_once
    batches = signature.batch_specs(n_at_once, signature.batch_size)
    integer = tf.TensorSpec([], tf.int64)
    run_batches = run_batches.get_concrete_function(batches, integer, rate_specs())

    def run(batch, size, begin, end, n_rows, rate):
        n_full = n_rows // size
        stop = tf.minimum(end, n_full)

        def body(i):
            n = tf.minimum(tf.constant(n_at_once, tf.int64), stop - i)
            positions = i * size + tf.range(n_at_once * size, dtype=tf.int64)
            # XLA wants as many batches in every call; those beyond the last are not used.
            positions = tf.minimum(positions, n_rows - 1)
            run_batches(batch(tf.reshape(positions, [n_at_once, size])), n, rate)
            return i + n

        def smaller_batch():
            step.function(batch(tf.range(n_full * size, n_rows)), rate)

        tf.while_loop(lambda i: i < stop, body, (begin,))
        _when(end > n_full, smaller_batch)
        return {}

    return run


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
