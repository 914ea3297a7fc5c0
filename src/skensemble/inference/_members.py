"""Prediction with the snapshots of a bank."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from skensemble.inference._calling import dense_rows, prediction_mode


class MemberPredictor:
    """One compiled forward pass that takes the weights as arguments.

    The network's own variables are neither read nor written where a snapshot has a value for
    them, so calls from several threads do not disturb each other.

    Parameters
    ----------
    model : keras.Model
        Of the architecture of the bank, built.
    output_layer : OutputLayer
        What its outputs mean.
    """

    def __init__(self, model, output_layer):
        import tensorflow as tf

        self._output_layer = output_layer
        position = {id(variable): i for i, variable in enumerate(model.weights)}
        trainable = [position[id(variable)] for variable in model.trainable_variables]
        # States of seed generators are variables without being weights; they keep their value.
        others = [
            (position.get(id(variable)), variable) for variable in model.non_trainable_variables
        ]

        mode = prediction_mode(model)

        def forward(weights, X):
            outputs, _ = model.stateless_call(
                [weights[i] for i in trainable],
                [variable.value if i is None else weights[i] for i, variable in others],
                X,
                **mode,
            )
            return tf.cast(outputs, tf.float32)

        self._forward = tf.function(forward)
        self._traced: dict[str, Any] = {}

    def __call__(self, snapshot_weights: Sequence[np.ndarray], X: Any, batch_size: int):
        """Class probabilities of one member, float64 of shape (n, k)."""
        import tensorflow as tf

        weights = [tf.convert_to_tensor(array) for array in snapshot_weights]
        parts = [
            self._output_layer.to_probabilities(self._trace(weights, batch)(weights, batch).numpy())
            for batch in _batches(X, batch_size)
        ]
        return np.concatenate(parts)

    def _trace(self, weights, batch):
        """Return the forward pass for batches of any size, traced once for each dtype."""
        import tensorflow as tf

        name = batch.dtype.name
        if name not in self._traced:
            rows = tf.TensorSpec([None, *batch.shape[1:]], batch.dtype)
            specs = [tf.TensorSpec.from_tensor(tensor) for tensor in weights]
            self._traced[name] = self._forward.get_concrete_function(specs, rows)
        return self._traced[name]


def _batches(X: Any, batch_size: int) -> Iterator[Any]:
    import tensorflow as tf

    for start in range(0, X.shape[0], batch_size):
        yield tf.convert_to_tensor(dense_rows(X[start : start + batch_size]))
