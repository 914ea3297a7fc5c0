"""Traced predictions of several members at once."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from skensemble.backends import (
    RebindableProgram,
    can_be_shared,
    decide_on_xla,
    program_cache,
    traced_function,
)
from skensemble.inference._combine import weighted_mean_in_graph
from skensemble.networks import fingerprint_of_network
from skensemble.networks._calling import prediction_mode

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

    def takes_as_few(self, X) -> bool:
        """Whether there are so few rows that ``few_combined`` is the way."""
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
        call = self._call("unrolled", len(members), X)
        return call(
            [X, *self._state_values, *(tensor for weights in members for tensor in weights)]
        )

    def few_combined(self, stacked: Sequence[Any], weights, X, output_layer):
        """Combined probabilities of ``FEW_ROWS`` rows, float64 of shape (n, k).

        Parameters
        ----------
        stacked : sequence of tensor
            Weights of the network, stacked over the members.
        weights : float64 tensor of shape (members,)
            Combination weights.
        X : tensor
            Rows.
        output_layer : OutputLayer
            What outputs mean.
        """
        call = self._call(output_layer, len(weights), X)
        return call([X, weights, *self._state_values, *stacked])

    def _call(self, kind: Any, n_members: int, X):
        key = kind, n_members, X.dtype.name
        if key not in self._calls:
            member = self._member(X)
            program = self._cached(
                (kind, n_members),
                X,
                lambda: (
                    _unrolled(member, n_members)
                    if kind == "unrolled"
                    else _few_combined(member, n_members, kind)
                ),
            )
            self._calls[key] = program.bind()
        return self._calls[key]

    def _cached(self, what: tuple[Any, ...], X, trace):
        key = (*what, self._fingerprint, tuple(X.shape[1:]), X.dtype.name)
        return program_cache.get(None if self._fingerprint is None else key, trace)

    def _member(self, X) -> _Member:
        name = X.dtype.name
        if name not in self._members:
            self._members[name] = self._cached(
                ("member",), X, lambda: _Member(self._model, self._states, X)
            )
        return self._members[name]


def _unrolled(member: _Member, n_members: int) -> RebindableProgram:
    """One member after the other, for any number of rows."""
    import tensorflow as tf

    n_states, n_weights = len(member.states), len(member.weights)

    def outputs(X, *tensors):
        states, weights = tensors[:n_states], tensors[n_states:]
        starts = range(0, n_members * n_weights, n_weights)
        return tf.stack([member.function(weights[i : i + n_weights], states, X) for i in starts])

    specs = [member.rows, *member.states, *member.weights * n_members]
    return RebindableProgram(traced_function(outputs).get_concrete_function(*specs))


def _few_combined(member: _Member, n_members: int, output_layer) -> RebindableProgram:
    """All members as one more dimension of every operation, and their weighted mean, with XLA."""
    import tensorflow as tf

    n_states = len(member.states)

    def combined(X, weights, *tensors):
        states = tensors[:n_states]
        outputs = tf.vectorized_map(
            lambda of_member: member.function(of_member, states, X), tensors[n_states:]
        )
        return weighted_mean_in_graph(output_layer.in_graph(outputs), weights)

    rows = tf.TensorSpec([FEW_ROWS, *member.rows.shape[1:]], member.rows.dtype)
    weights = tf.TensorSpec([n_members], tf.float64)
    stacked = [tf.TensorSpec([n_members, *spec.shape], spec.dtype) for spec in member.weights]
    function = traced_function(combined, jit_compile=True)
    return RebindableProgram(
        function.get_concrete_function(rows, weights, *member.states, *stacked)
    )


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
        self.rows = tf.TensorSpec([None, *X.shape[1:]], X.dtype.name)
        function = traced_function(forward)
        self.function = function.get_concrete_function(self.weights, self.states, self.rows)
        self.xla = decide_on_xla(self.function, jit_compile=False)
        self.is_shareable = can_be_shared(self.function)
