"""Predictions of several members at once, by programs of the cache."""

from collections.abc import Callable, Sequence
from typing import Any

import keras
import numpy as np

from skensemble.backends import PredictionProgram, as_tensor, program_cache
from skensemble.networks import dense_rows, fingerprint_of_network
from skensemble.tasks import OutputLayer

# A call on so few rows costs more than their arithmetic. XLA makes the call cheaper; it needs a
# fixed number of rows.
FEW_ROWS = 8


class NetworkFunctions:
    """A network as functions of its weights, traced when they are needed.

    Neither are variables of the model read nor written where a member has values for them, so calls
    from several threads do not disturb each other.
    """

    def __init__(self, model: Any):
        self._model = model
        self._fingerprint = fingerprint_of_network(model)
        self._programs: dict[Any, Any] = {}
        weights = {id(variable) for variable in model.weights}
        # States of seed generators are variables without being weights; they keep their value.
        self._states = [v for v in model.non_trainable_variables if id(v) not in weights]
        self._state_values = [keras.ops.convert_to_tensor(v.numpy()) for v in self._states]

    def takes_as_few(self, X: np.ndarray) -> bool:
        """Whether there are so few rows that ``few_combined`` is the way."""
        return X.shape[0] <= FEW_ROWS and bool(self._network(X).xla.use)

    def outputs(self, members: Sequence[Sequence[Any]], X: np.ndarray) -> np.ndarray:
        """Outputs of members, given their weights as tensors: float32 (members, n, units)."""
        n = len(members)
        call = self._call("outputs", n, X, lambda network: network.of_members(n))
        weights = [tensor for weights in members for tensor in weights]
        return np.asarray(call([as_tensor(X), *self._state_values, *weights])[0])

    def few_combined(
        self, stacked: Sequence[Any], weights: Any, X: np.ndarray, output_layer: OutputLayer
    ) -> np.ndarray:
        """Combined probabilities of ``FEW_ROWS`` rows, float64 of shape (n, k).

        ``stacked`` are the weights of the network, stacked over the members, ``weights`` the
        combination weights as a float64 tensor.
        """
        n = len(weights)
        call = self._call(
            output_layer, n, X, lambda network: network.combined(n, output_layer, FEW_ROWS)
        )
        return np.asarray(call([as_tensor(X), weights, *self._state_values, *stacked])[0])

    def _call(self, kind: Any, n_members: int, X: np.ndarray, trace: Callable[[Any], Any]) -> Any:
        key = kind, n_members, X.dtype.name
        if key not in self._programs:
            network = self._network(X)
            self._programs[key] = self._cached((kind, n_members), X, lambda: trace(network))
        return self._programs[key]

    def _network(self, X: np.ndarray) -> Any:
        key = X.dtype.name
        if key not in self._programs:
            self._programs[key] = self._cached(
                ("network",),
                X,
                lambda: PredictionProgram(self._model, self._states, X.shape[1:], X.dtype.name),
            )
        return self._programs[key]

    def _cached(self, what: tuple[Any, ...], X: np.ndarray, trace: Callable[[], Any]) -> Any:
        key = (*what, self._fingerprint, tuple(X.shape[1:]), X.dtype.name)
        return program_cache.get(None if self._fingerprint is None else key, trace)


def network_outputs(model: Any, X: Any, rows: Any = None, n_at_once: int = 64) -> np.ndarray:
    """Compute the outputs of a network with its own weights, some rows at a time."""
    functions = NetworkFunctions(model)
    weights = [keras.ops.convert_to_tensor(variable.numpy()) for variable in model.weights]
    rows = np.arange(X.shape[0]) if rows is None else rows
    pieces = [rows[i : i + n_at_once] for i in range(0, max(len(rows), 1), n_at_once)]
    found = [functions.outputs([weights], dense_rows(X[piece]))[0] for piece in pieces]
    return np.concatenate(found)
