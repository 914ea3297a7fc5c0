"""Prediction with the snapshots of a bank."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from skensemble.inference._calling import dense_rows
from skensemble.inference._programs import FEW_ROWS, NetworkFunctions

# Rows that are predicted at once: as many as keep the layers of a network in the cache of a
# processor, within reason. Memory is bounded for any number of rows.
_BYTES_AT_ONCE = 2**20
_FEWEST, _MOST = 64, 4096


class BankPredictor:
    """Class probabilities of members of a bank, several in one call of a compiled function.

    Parameters
    ----------
    model : keras.Model
        Of the architecture of the bank, built.
    output_layer : OutputLayer
        What its outputs mean.
    bank : sequence of Snapshot
        The members.

    Notes
    -----
    May be called from several threads.
    """

    def __init__(self, model, output_layer, bank):
        import tensorflow as tf

        self._functions = NetworkFunctions(model)
        self._output_layer = output_layer
        self.n_classes = output_layer.n_classes
        self._weights = [
            [tf.convert_to_tensor(array) for array in snapshot.weights] for snapshot in bank
        ]
        self._last_stack: tuple[tuple[int, ...], list[Any]] = (), []

    def __call__(self, members: Sequence[int], X: Any, batch_size: int | None = None) -> np.ndarray:
        """Probabilities of some members, float64 of shape (len(members), n, k).

        Parameters
        ----------
        members : sequence of int
            Their positions in the bank; the others cost nothing.
        X : ndarray or CSR matrix of shape (n, ...)
            Rows.
        batch_size : int, optional
            Rows at once; -1 for all.
        """
        parts = [self.chunk(members, rows) for rows in chunks(X, batch_size)]
        return parts[0] if len(parts) == 1 else np.concatenate(parts, axis=1)

    def chunk(self, members: Sequence[int], X: Any) -> np.ndarray:
        """Do the same in one call, whatever the number of rows."""
        import tensorflow as tf

        X = dense_rows(X)
        n = X.shape[0]
        if n <= FEW_ROWS and self._functions.takes_as_batch(X):
            rows = np.zeros((FEW_ROWS, *X.shape[1:]), X.dtype)
            rows[:n] = X
            stacked = self._stacked(tuple(members))
            outputs = self._functions.batched_outputs(stacked, tf.convert_to_tensor(rows))
        else:
            weights = [self._weights[member] for member in members]
            outputs = self._functions.outputs(weights, tf.convert_to_tensor(X))
        return self._output_layer.to_probabilities(outputs.numpy()[:, :n])

    def _stacked(self, members: tuple[int, ...]) -> list[Any]:
        """Weights of some members, one tensor per variable; the last ones are kept."""
        import tensorflow as tf

        last, stacked = self._last_stack
        if members != last:
            alike = zip(*(self._weights[member] for member in members), strict=True)
            stacked = [tf.stack(tensors) for tensors in alike]
            self._last_stack = members, stacked
        return stacked


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
