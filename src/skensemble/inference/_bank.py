"""Prediction with the snapshots of a bank, by programs of the cache."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any

import keras
import numpy as np

from skensemble.backends import PredictionProgram, as_tensor, program_cache
from skensemble.inference._combine import weighted_mean
from skensemble.networks import dense_rows, fingerprint_of_network
from skensemble.snapshots import Snapshot
from skensemble.tasks import OutputLayer

# Rows that are predicted at once: as many as keep the layers of a network in the cache of a
# processor, within reason. Memory is bounded for any number of rows.
_BYTES_AT_ONCE = 2**20
_FEWEST, _MOST = 64, 4096
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

    def uses_xla(self, X: np.ndarray) -> bool:
        """Whether ``few_combined`` is the way for few rows."""
        return bool(self._network(X).xla.use)

    def outputs(self, members: Sequence[Sequence[Any]], X: np.ndarray) -> np.ndarray:
        """Outputs of members, given their weights as tensors: float32 (members, n, units)."""
        n, network = len(members), self._network(X)
        call = self._program(X, lambda: network.of_members(n), "outputs", n)
        weights = [tensor for weights in members for tensor in weights]
        return np.asarray(call([as_tensor(X), *self._state_values, *weights])[0])

    def few_combined(
        self, stacked: Sequence[Any], weights: Any, X: np.ndarray, output_layer: OutputLayer
    ) -> np.ndarray:
        """Combined probabilities of ``FEW_ROWS`` rows, float64 of shape (n, k).

        ``stacked`` are the weights of the network, stacked over the members, ``weights`` the
        combination weights as a float64 tensor.
        """
        n, network = len(weights), self._network(X)
        call = self._program(
            X, lambda: network.combined(n, output_layer, FEW_ROWS), output_layer, n
        )
        return np.asarray(call([as_tensor(X), weights, *self._state_values, *stacked])[0])

    def _network(self, X: np.ndarray) -> Any:
        row_shape, dtype = X.shape[1:], X.dtype.name
        return self._program(
            X, lambda: PredictionProgram(self._model, self._states, row_shape, dtype), "network"
        )

    def _program(self, X: np.ndarray, trace: Callable[[], Any], *what: Any) -> Any:
        key = *what, X.shape[1:], X.dtype.name
        if key not in self._programs:
            shared_key = None if self._fingerprint is None else (*key, self._fingerprint)
            self._programs[key] = program_cache.get(shared_key, trace)
        return self._programs[key]


class BankPredictor:
    """Class probabilities of members of a bank, several in one call of a compiled function.

    Members are named by their positions in the bank. May be called from several threads.
    """

    def __init__(self, model: Any, output_layer: OutputLayer, bank: Iterable[Snapshot]):
        bank = list(bank)
        self._functions = NetworkFunctions(model)
        self._output_layer = output_layer
        self.n_classes = output_layer.n_classes
        arrays = {id(array): array for snapshot in bank for array in snapshot.weights}
        # Snapshots may share arrays, those of frozen layers.
        tensors = {key: keras.ops.convert_to_tensor(array) for key, array in arrays.items()}
        self._weights = [[tensors[id(array)] for array in snapshot.weights] for snapshot in bank]
        # Combination weights of the last call on few rows, and its tensors.
        self._last_few: tuple[Any, list[Any], Any] = None, [], None

    def __call__(self, members: Sequence[int], X: Any, batch_size: int | None = None) -> np.ndarray:
        """Probabilities of some members, float64 of shape (len(members), n, k)."""
        parts = [self.chunk(members, rows) for rows in chunks(X, batch_size)]
        return parts[0] if len(parts) == 1 else np.concatenate(parts, axis=1)

    def chunk(self, members: Sequence[int], X: Any) -> np.ndarray:
        """Do the same in one call for all rows."""
        weights = [self._weights[member] for member in members]
        outputs = self._functions.outputs(weights, dense_rows(X))
        return self._output_layer.to_probabilities(outputs)

    def combine(self, weights: np.ndarray, X: Any, batch_size: int | None = None) -> np.ndarray:
        """Combined probabilities, float64 of shape (n, k)."""
        if X.shape[0] <= FEW_ROWS:
            X = dense_rows(X)
            if self._functions.uses_xla(X):
                return self._combine_few(weights, X)
        parts = [self.combine_chunk(weights, rows) for rows in chunks(X, batch_size)]
        return parts[0] if len(parts) == 1 else np.concatenate(parts)

    def combine_chunk(self, weights: np.ndarray, X: Any) -> np.ndarray:
        """Do the same in one call, as for many rows."""
        used = np.flatnonzero(weights).tolist()
        return weighted_mean(self.chunk(used, X), weights[used].tolist())

    def _combine_few(self, weights: np.ndarray, X: np.ndarray) -> np.ndarray:
        """Fill X up to a fixed number of rows, for which XLA has compiled the whole computation."""
        rows = np.zeros((FEW_ROWS, *X.shape[1:]), X.dtype)
        rows[: len(X)] = X
        key = weights.tolist()
        last, stacked, weight_tensor = self._last_few
        if key != last:
            used = np.flatnonzero(weights)
            same_weight = zip(*(self._weights[member] for member in used), strict=True)
            stacked = [keras.ops.stack(tensors) for tensors in same_weight]
            weight_tensor = keras.ops.convert_to_tensor(weights[used], "float64")
            self._last_few = key, stacked, weight_tensor
        proba = self._functions.few_combined(stacked, weight_tensor, rows, self._output_layer)
        return proba[: len(X)]


def chunks(X: Any, batch_size: int | None = None) -> Iterator[Any]:
    """Cut X into rows to be predicted at once; at least one piece, which may be empty."""
    n = X.shape[0]
    if batch_size is None:
        row_bytes = 4 * int(np.prod(X.shape[1:], dtype=int))
        batch_size = min(max(_BYTES_AT_ONCE // max(row_bytes, 1), _FEWEST), _MOST)
    elif batch_size == -1:
        batch_size = n
    for start in range(0, max(n, 1), max(batch_size, 1)):
        yield X[start : start + batch_size]


def network_outputs(model: Any, X: Any, rows: Any = None, n_at_once: int = 64) -> np.ndarray:
    """Compute the outputs of a network with its own weights, some rows at a time."""
    functions = NetworkFunctions(model)
    weights = [keras.ops.convert_to_tensor(variable.numpy()) for variable in model.weights]
    rows = np.arange(X.shape[0]) if rows is None else rows
    pieces = [rows[i : i + n_at_once] for i in range(0, max(len(rows), 1), n_at_once)]
    found = [functions.outputs([weights], dense_rows(X[piece]))[0] for piece in pieces]
    return np.concatenate(found)
