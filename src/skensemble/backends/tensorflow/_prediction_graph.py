"""A network as a function of its weights, and several such networks in one call."""

from collections.abc import Sequence
from typing import Any

import tensorflow as tf

from skensemble.backends.tensorflow._functions import (
    Program,
    decide_on_xla,
    is_shareable,
    traced_function,
)


class PredictionProgram:
    def __init__(self, model, states: Sequence[Any], row_shape: Sequence[int], dtype: str):
        position = {id(variable): i for i, variable in enumerate([*model.weights, *states])}
        trainable = [position[id(v)] for v in model.trainable_variables]
        others = [position[id(v)] for v in model.non_trainable_variables]
        mode = {"training": False} if model._call_has_training_arg else {}

        def forward(weights, states, X):
            values = [*weights, *states]
            outputs, _ = model.stateless_call(
                [values[i] for i in trainable], [values[i] for i in others], X, **mode
            )
            return tf.cast(outputs, tf.float32)

        self._weights = tuple(tf.TensorSpec(v.shape, v.dtype) for v in model.weights)
        self._states = tuple(tf.TensorSpec(v.shape, v.dtype) for v in states)
        self._rows = tf.TensorSpec([None, *row_shape], dtype)
        function = traced_function(forward)
        self._function = function.get_concrete_function(self._weights, self._states, self._rows)
        self.xla = decide_on_xla(self._function, jit_compile=False)
        self.is_shareable = is_shareable(self._function)

    def of_members(self, n_members: int) -> Program:
        n_states, n_weights = len(self._states), len(self._weights)

        def outputs(X, *tensors):
            states, weights = tensors[:n_states], tensors[n_states:]
            starts = range(0, n_members * n_weights, n_weights)
            return tf.stack([self._function(weights[i : i + n_weights], states, X) for i in starts])

        return Program(outputs, [self._rows, *self._states, *self._weights * n_members])

    def combined(self, n_members: int, output_layer, n_rows: int) -> Program:
        n_states = len(self._states)

        def combined(X, weights, *tensors):
            states = tensors[:n_states]
            outputs = tf.vectorized_map(  # for XLA, members are one more dimension
                lambda of_member: self._function(of_member, states, X), tensors[n_states:]
            )
            total = tf.tensordot(weights, _to_probabilities(output_layer, outputs), 1)
            return tf.minimum(total / tf.reduce_sum(total, axis=1, keepdims=True), 1.0)

        rows = tf.TensorSpec([n_rows, *self._rows.shape[1:]], self._rows.dtype)
        weights = tf.TensorSpec([n_members], tf.float64)
        stacked = [tf.TensorSpec([n_members, *spec.shape], spec.dtype) for spec in self._weights]
        return Program(combined, [rows, weights, *self._states, *stacked], jit_compile=True)


def _to_probabilities(output_layer, outputs):
    outputs = tf.cast(outputs, tf.float64)
    if output_layer.n_units == 1:
        positive = tf.sigmoid(outputs) if output_layer.from_logits else outputs
        return tf.concat([1.0 - positive, positive], axis=-1)
    if output_layer.from_logits:
        return tf.nn.softmax(outputs)
    return outputs / tf.reduce_sum(outputs, axis=-1, keepdims=True)
