"""Loss and metrics of many rows as one graph."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from skensemble.backends import RebindableProgram, traced_function
from skensemble.training._signature import Signature
from skensemble.training._traced_step import (
    TracedStep,
    batches_from,
    variables_of,
)


class ValidationProgram:
    """What ``model.evaluate`` computes, in one call into the graph.

    Parameters
    ----------
    model : keras.Model
        Compiled.
    signature : Signature
        What to trace for.

    Attributes
    ----------
    is_shareable : bool
        Whether it runs on other networks of the same architecture.
    """

    def __init__(self, model, signature: Signature):
        import tensorflow as tf

        def test_step(batch):
            return model.distribute_strategy.run(model.test_step, args=(batch,))

        step = traced_function(test_step).get_concrete_function(signature.batch_specs())
        step = TracedStep(step, model)

        def evaluate(*arguments):
            *data, rows = arguments
            model.reset_metrics()
            n_rows, size = tf.size(rows, tf.int64), signature.batch_size
            n_steps = (n_rows + size - 1) // size
            batch = batches_from(data, rows, signature.n_classes)
            logs = step.report(step.run(batch, size, tf.zeros([], tf.int64), n_steps, n_rows))
            return [logs[name] for name in step.logs]

        specs = [*signature.specs(), tf.TensorSpec([None], tf.int64)]
        function = traced_function(evaluate).get_concrete_function(*specs)
        self._names = list(step.logs)
        self._program = RebindableProgram(function, variables_of(model), model.metrics_variables)
        self.is_shareable = self._program.is_shareable

    def bind(self, model, with_metrics: bool) -> Callable[..., dict[str, Any]]:
        """Return a function from X, y, weights and rows, as tensors, to the logs of ``model``.

        Parameters are those of ``TrainingProgram.bind``.
        """
        call = self._program.bind(
            variables_of(model), model.metrics_variables if with_metrics else None
        )

        def evaluate(*arguments):
            logs = zip(self._names, call(arguments), strict=True)
            return {name: value.numpy() for name, value in logs}

        return evaluate
