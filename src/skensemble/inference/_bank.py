"""Prediction with the snapshots of a bank."""

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import keras
import numpy as np

from skensemble.inference._combine import weighted_mean
from skensemble.inference._network_functions import FEW_ROWS, NetworkFunctions
from skensemble.networks import dense_rows
from skensemble.snapshots import Snapshot
from skensemble.tasks import OutputLayer

# Rows that are predicted at once: as many as keep the layers of a network in the cache of a
# processor, within reason. Memory is bounded for any number of rows.
_BYTES_AT_ONCE = 2**20
_FEWEST, _MOST = 64, 4096


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
        # Members and weights of the last call on few rows, and the tensors of these.
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
            if self._functions.takes_as_few(X):
                used = np.flatnonzero(weights).tolist()
                return self._combine_few(used, weights[used], X)
        parts = [self.combine_chunk(weights, rows) for rows in chunks(X, batch_size)]
        return parts[0] if len(parts) == 1 else np.concatenate(parts)

    def combine_chunk(self, weights: np.ndarray, X: Any) -> np.ndarray:
        """Do the same in one call, as for many rows."""
        used = np.flatnonzero(weights).tolist()
        return weighted_mean(self.chunk(used, X), weights[used].tolist())

    def _combine_few(self, members: list[int], weights: np.ndarray, X: np.ndarray) -> np.ndarray:
        """Fill X up to a fixed number of rows, for which XLA has compiled the whole computation."""
        rows = np.zeros((FEW_ROWS, *X.shape[1:]), X.dtype)
        rows[: len(X)] = X
        key = members, weights.tolist()
        last, stacked, weight_tensor = self._last_few
        if key != last:
            same_weight = zip(*(self._weights[member] for member in members), strict=True)
            stacked = [keras.ops.stack(tensors) for tensors in same_weight]
            weight_tensor = keras.ops.convert_to_tensor(weights, "float64")
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
