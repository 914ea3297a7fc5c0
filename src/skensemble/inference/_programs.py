"""Traced predictions of several members at once."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from skensemble.inference._calling import prediction_mode
from skensemble.programs import (
    RebindableProgram,
    can_be_shared,
    decide_on_xla,
    fingerprint_of_network,
    program_cache,
)

# A call on so few rows costs more than their arithmetic. XLA makes the call cheaper; it needs a
# fixed number of rows.
FEW_ROWS = 8


class NetworkFunctions:
    """A network as functions of its weights, traced when they are needed.

    Parameters
    ----------
    model : keras.Model
        Built. Its variables are neither read nor written where a member has values for them, so
        calls from several threads do not disturb each other.
    """

    def __init__(self, model):
        import tensorflow as tf

        self._model = model
        self._fingerprint = fingerprint_of_network(model)
        self._calls: dict[Any, Callable[..., Any]] = {}
        self._members: dict[Any, _Member] = {}
        weights = {id(variable) for variable in model.weights}
        # States of seed generators are variables without being weights; they keep their value.
        self._states = [v for v in model.non_trainable_variables if id(v) not in weights]
        self._state_values = [tf.convert_to_tensor(variable) for variable in self._states]

    def pads(self, X) -> bool:
        """Whether so few rows are to be filled up to ``FEW_ROWS``."""
        return X.shape[0] <= FEW_ROWS and self._member(X).xla.use

    def outputs(self, members: Sequence[Sequence[Any]], X):
        """Outputs of all members for the same rows, a tensor of shape (members, n, units).

        Parameters
        ----------
        members : sequence of sequence of tensor
            Their weights.
        X : tensor of shape (n, ...)
            Rows.
        """
        few = X.shape[0] == FEW_ROWS and self._member(X).xla.use
        key = len(members), X.dtype, few
        if key not in self._calls:
            program = self._cached(
                ("members", len(members), few), X, lambda: self._trace(len(members), X, few)
            )
            self._calls[key] = program.bind(())
        weights = [tensor for alike in zip(*members, strict=True) for tensor in alike]
        return self._calls[key]([X, *self._state_values, *weights])

    def _cached(self, what: tuple[Any, ...], X, trace):
        key = (*what, self._fingerprint, tuple(X.shape[1:]), X.dtype)
        return program_cache.get(None if self._fingerprint is None else key, trace)

    def _member(self, X) -> _Member:
        if X.dtype not in self._members:
            self._members[X.dtype] = self._cached(
                ("member",), X, lambda: _Member(self._model, self._states, X)
            )
        return self._members[X.dtype]

    def _trace(self, n_members: int, X, few: bool) -> RebindableProgram:
        import tensorflow as tf

        member = self._member(X)

        def all_members(X, *tensors):
            n_states = len(member.states)
            states, weights = tensors[:n_states], tensors[n_states:]
            each = [weights[m::n_members] for m in range(n_members)]
            return tf.stack([member.function(weights, states, X) for weights in each])

        weights = [spec for spec in member.weights for _ in range(n_members)]
        rows = tf.TensorSpec([FEW_ROWS if few else None, *X.shape[1:]], X.dtype)
        function = tf.function(all_members, autograph=False, jit_compile=few or None)
        return RebindableProgram(function.get_concrete_function(rows, *member.states, *weights), ())


class _Member:
    """The prediction of one member, traced.

    Parameters
    ----------
    model : keras.Model
        The network.
    states : sequence of keras.Variable
        Its variables that are not weights.
    X : tensor of shape (n, ...)
        Rows of the type to trace for.
    """

    def __init__(self, model, states, X):
        import tensorflow as tf

        position = {id(variable): i for i, variable in enumerate([*model.weights, *states])}
        trainable = [position[id(v)] for v in model.trainable_variables]
        others = [position[id(v)] for v in model.non_trainable_variables]

        def forward(weights, states, X):
            values = [*weights, *states]
            outputs, _ = model.stateless_call(
                [values[i] for i in trainable],
                [values[i] for i in others],
                X,
                **prediction_mode(model),
            )
            return tf.cast(outputs, tf.float32)

        self.weights = tuple(tf.TensorSpec(v.shape, v.dtype) for v in model.weights)
        self.states = tuple(tf.TensorSpec(v.shape, v.dtype) for v in states)
        rows = tf.TensorSpec([None, *X.shape[1:]], X.dtype)
        function = tf.function(forward, autograph=False)
        self.function = function.get_concrete_function(self.weights, self.states, rows)
        self.xla = decide_on_xla(self.function, jit_compile=False)
        self.is_shareable = not self.function.captured_inputs and can_be_shared(self.function)
