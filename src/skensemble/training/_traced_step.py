"""A traced step of training or validation, and running many of them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from skensemble.backends import traced_function
from skensemble.training._data import batch_of


class TracedStep:
    """One step, and what the dict of logs that it returns means.

    Keras reports the metrics at the end of an epoch, or, where a custom step returns other logs,
    those of the last batch.

    Parameters
    ----------
    function : ConcreteFunction
        Takes a batch and whatever else it needs.
    model : keras.Model
        The model that steps.

    Attributes
    ----------
    logs : dict of str to tensor
        What is reported at the end of an epoch.
    reports_metrics : bool
        Whether it is the metrics.

    Raises
    ------
    NotImplementedError
        If the logs are not a dict of numbers.
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
        """Run the steps ``begin`` to ``end - 1`` of an epoch; return the logs of the last one.

        Parameters
        ----------
        batch : callable
            Makes a batch of the positions of its rows in the order of the epoch.
        size : int
            Rows per batch; the last one of the epoch may be smaller.
        begin, end, n_rows : int64 tensor
            Steps, and rows in the epoch.
        *more : tensors
            Handed to every step.
        """
        import tensorflow as tf

        def body(i, _):
            positions = tf.range(i * size, tf.minimum((i + 1) * size, n_rows))
            logs = self.function(batch(positions), *more)
            return i + 1, {} if self.reports_metrics else logs

        blank = {} if self.reports_metrics else self.logs
        blank = {name: tf.zeros([], value.dtype) for name, value in blank.items()}
        return tf.while_loop(lambda i, _: i < end, body, (begin, blank))[1]

    def report(self, last_logs) -> dict[str, Any]:
        """Return the logs of an epoch, given those of its last step."""
        return self._results() if self.reports_metrics else last_logs


def _rank(value) -> int | None:
    return getattr(getattr(value, "shape", None), "rank", None)


def batches_from(data, order, n_classes: int | None) -> Callable[[Any], tuple]:
    """Return a function from positions to a batch.

    Parameters
    ----------
    data : sequence of tensor
        X, y and, where there are any, the weights of all rows.
    order : int64 tensor
        Rows in the order of an epoch.
    n_classes : int or None
        Columns of one-hot targets.
    """
    import tensorflow as tf

    X, *targets = data

    def batch(positions):
        # X stays in the memory of the host, where there is a device with less of it.
        with tf.device("CPU"):
            rows = tf.gather(order, positions)
            return batch_of(tf.gather(X, rows), rows, targets, n_classes)

    return batch


def variables_of(model) -> list:
    """Return all that training changes, in an order that networks alike have in common."""
    return [*model.variables, *model.optimizer.variables]
