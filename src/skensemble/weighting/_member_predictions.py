"""What the members predict, what is true, and how much each row counts."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from skensemble.weighting._arrays import FloatArray, read_labels, read_probas, read_sample_weight


@dataclass(frozen=True, eq=False)
class MemberPredictions:
    """Predictions of all members on the rows that count."""

    probas: NDArray[Any]
    y: NDArray[np.intp]
    mass: FloatArray

    def __len__(self) -> int:
        return len(self.probas)

    def take(self, rows: NDArray[np.bool_]) -> MemberPredictions:
        """Return the rows of a mask, in the order of the memory."""
        at = np.flatnonzero(rows)
        return MemberPredictions(self.probas.take(at, axis=1), self.y[at], self.mass[at])

    @cached_property
    def of_true_class(self) -> FloatArray:
        """The probabilities of the true classes, probas[m, n, y[n]], (M, n) in float64."""
        q = np.empty(self.probas.shape[:2])  # the long axis is contiguous
        q[...] = self.probas[:, np.arange(self.y.size), self.y]
        return q

    def combine(self, weights: FloatArray) -> FloatArray:
        """Weighted mean of the probabilities, (n, k) in float64.

        The weights, of any sum, are (M,), or (n, M) if each row has its own; whole numbers keep
        ties of votes exact.
        """
        out = np.zeros(self.probas.shape[1:])
        for m, proba in enumerate(self.probas):
            share = weights[..., m, None]
            if share.any():
                out += share * proba
        out /= weights.sum(axis=-1, keepdims=True)
        return out


def read_members(
    probas: ArrayLike, y: ArrayLike, sample_weight: ArrayLike | None
) -> MemberPredictions:
    """Check the three arrays and drop the rows of weight 0."""
    p = read_probas(probas)
    labels = read_labels(y, n_rows=p.shape[1], n_classes=p.shape[2])
    members = MemberPredictions(p, labels, read_sample_weight(sample_weight, n_rows=p.shape[1]))
    counts = members.mass > 0
    return members if counts.all() else members.take(counts)
