"""Counting the rows won, for many combinations."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from skensemble.weighting._arrays import FloatArray

_BYTES, _FULL = 8, 255  # of a 64-bit word; what one of them can count to


def width(n_rows: int) -> int:
    """Rows to reserve for ``n_rows``, so that they fill groups of 64-bit words."""
    n_groups, n_words = _groups(n_rows)
    return n_groups * n_words * _BYTES


def _groups(n_rows: int) -> tuple[int, int]:
    """Groups, and words in each."""
    n_groups = -(-n_rows // (_BYTES * _FULL))
    return n_groups, -(-n_rows // (_BYTES * n_groups))


class Tally:
    """Mass of the rows that are marked, a few combinations at a time.

    Where all rows count the same, eight bytes are added at once, as one 64-bit word, and at most
    255 words, so that none of the eight counts overflows into the next.

    Parameters
    ----------
    n_points : int
        Combinations.
    size : int
        How many of them are marked at a time, at most.
    mass : ndarray of shape (n,), float64
        What each row counts.

    Attributes
    ----------
    won : ndarray of shape (size, width(n)), bool
        To be filled with marks before `add`, False past n.
    """

    def __init__(self, n_points: int, size: int, mass: FloatArray) -> None:
        groups = _groups(mass.size)
        self._words = np.zeros((size, *groups), dtype=np.uint64)
        self.won = self._words.view(np.bool_).reshape(size, -1)
        self._mass = mass
        self._equal = float(np.ptp(mass)) == 0
        sums = np.empty((n_points, groups[0]), np.uint64) if self._equal else np.empty(n_points)
        self._sums: NDArray[Any] = sums

    def add(self, start: int, size: int) -> None:
        """Take the first ``size`` rows of marks as those of the combinations from ``start`` on."""
        out = self._sums[start : start + size]
        if self._equal:
            np.add.reduce(self._words[:size], axis=2, out=out)
        else:
            np.matmul(self.won[:size, : self._mass.size], self._mass, out=out)

    def sums(self) -> FloatArray:
        """(n_points,) masses."""
        if not self._equal:
            return self._sums
        counts = self._sums.view(np.uint8).sum(axis=1, dtype=np.intp)
        masses: FloatArray = self._mass[0] * counts
        return masses
