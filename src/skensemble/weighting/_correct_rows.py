"""Which rows combinations classify correctly, for many combinations at once."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from skensemble.weighting._member_predictions import FloatArray, MemberPredictions

_NUMBERS = 1 << 14  # probabilities that are compared at a time
_PRODUCTS = 1 << 18  # of two numbers at a time: OpenBLAS starts threads for more, see _sqp
_BELOW_ZERO = -float(np.finfo(np.float64).tiny)  # margin > this is margin >= 0


@dataclass(frozen=True, eq=False)
class OpenPairs:
    """The pairs (row, other class) of some rows in which the weights decide between two classes.

    ``np.argmax`` of a combination is the true class y if for each other class c the margin,
    sum_m w_m (p[m, y] - p[m, c]), is positive, or 0 and c comes after y. Where the members all
    agree on the sign of a margin, so do all combinations, and there is nothing to compute.
    """

    margins: FloatArray
    bars: FloatArray
    sizes: NDArray[np.intp]
    mass: FloatArray
    certain: float

    def correct_mass(self, counts: FloatArray) -> FloatArray:
        """Mass of the rows that each combination classifies correctly, (n_points,)."""
        out, n_rows = np.full(len(counts), self.certain), len(self.mass)
        size = max(1, _PRODUCTS // max(1, self.margins.size))
        for i in range(0, len(counts) if n_rows else 0, size):
            won = counts[i : i + size] @ self.margins > self.bars
            correct, start = won[:, :n_rows], n_rows
            for n in self.sizes[1:]:
                correct[:, :n] &= won[:, start : start + n]
                start += n
            out[i : i + size] += (correct * self.mass).sum(axis=1)
        return out


def open_pairs(members: MemberPredictions) -> Iterator[OpenPairs]:
    """Compare the true class with every other, some rows at a time."""
    n_members, n_rows, n_classes = members.probas.shape
    size = max(1, _NUMBERS // (n_members * n_classes))
    for first in range(0, n_rows, size):
        at = slice(first, first + size)
        y, mass, p = members.y[at], members.mass[at], members.probas[:, at].astype(np.float64)
        margins = p[:, np.arange(y.size), y, None] - p
        bars = np.where(np.arange(n_classes) >= y[:, None], _BELOW_ZERO, 0.0)
        wins = margins > bars
        every, some = np.all(wins, axis=0), np.any(wins, axis=0)
        row, other = np.nonzero(~every & np.all(some, axis=1, keepdims=True))
        n_pairs = np.bincount(row, minlength=y.size)
        rank = np.arange(row.size) - np.repeat(np.cumsum(n_pairs) - n_pairs, n_pairs)
        order = np.lexsort((row, -n_pairs[row], rank))
        row, other = row[order], other[order]
        yield OpenPairs(
            margins[:, row, other],
            bars[row, other],
            np.bincount(rank),
            mass[row[: np.count_nonzero(n_pairs)]],
            float(mass[np.all(every, axis=1)].sum()),
        )


def correct_mass(pairs: Iterable[OpenPairs], counts: FloatArray) -> FloatArray:
    """Mass of the rows, all those of ``pairs``, that each combination classifies correctly.

    ``counts`` are weights of any sum, (n_points, M); whole numbers keep ties of votes exact.
    """
    total = np.zeros(len(counts))
    for some in pairs:
        total += some.correct_mass(counts)
    return total
