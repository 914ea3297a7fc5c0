"""The best point of the whole grid, without a close look at most of them."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from skensemble.weighting._arrays import FloatArray
from skensemble.weighting._contests import Contests
from skensemble.weighting._holdout import Members
from skensemble.weighting._simplex import grid_counts
from skensemble.weighting._ties import TIE, best_of

_FIRST = 32  # points whose bounds are drawn tighter, to find a good one among them
_LOOKS = 2  # points that are computed then

Points = NDArray[np.intp]


class Grid:
    """The best points of the grid, on all rows or on those outside one fold.

    Branch and bound: upper bounds of the accuracy first, from the strongest rival of each row;
    for the points that may still be the best, from its two, four, ... strongest; what is left is
    computed in full. All that is found out about a point serves all folds.

    Parameters
    ----------
    members : Members
        All rows.
    total : int
        Steps that make up weight 1.
    fold : ndarray of shape (n,), int, optional
        The fold of each row, from 0; one fold by default.
    """

    def __init__(self, members: Members, total: int, fold: NDArray[np.intp] | None = None) -> None:
        equal = np.ones((1, len(members)))
        self.counts = np.vstack([equal, grid_counts(len(members), total)])
        self._fold = np.zeros(members.n_rows, dtype=np.intp) if fold is None else fold
        self._holdout, self._mass = members.holdout(), members.mass
        parts = [members]
        if fold is not None:
            parts = [members.take(fold == i) for i in range(int(fold.max()) + 1)]
        self._parts = [Contests(part) for part in parts]
        self._n_rounds = max(part.n_rounds for part in self._parts)
        self._most = np.full((len(parts), len(self.counts)), np.inf)
        self._rounds = np.zeros(len(self.counts), dtype=np.intp)  # that a bound has seen
        self._hits = np.full_like(self._most, -np.inf)  # -inf: not computed

    def best(self, without: int | None = None) -> FloatArray:
        """Counts of the best point."""
        used = np.arange(len(self._parts)) != without
        holdout, mass = self._holdout, self._mass
        if without is not None:
            rows = self._fold != without
            holdout, mass = holdout.take(rows), mass[rows]
        tie = TIE * float(mass.sum())
        n_rounds = 1
        self._bound(np.arange(len(self.counts)), n_rounds)
        while (left := self._left(used, tie)).size:
            deeper = min(2 * n_rounds, self._n_rounds)
            first = self._likely(left, used)[:_FIRST]
            self._bound(first, deeper)
            self._compute(self._likely(first, used)[:_LOOKS])
            left = self._left(used, tie)
            if deeper > n_rounds:
                self._bound(left, deeper)
            else:
                self._compute(left)
            n_rounds = deeper
        hits = self._hits[used].sum(axis=0)
        at: FloatArray = self.counts[best_of(holdout, self.counts, hits, tie)]
        return at

    def _left(self, used: NDArray[np.bool_], tie: float) -> Points:
        """Points that may be the best, as far as is known, and are not computed."""
        most, hits = self._most[used].sum(axis=0), self._hits[used].sum(axis=0)
        return np.flatnonzero((most >= hits.max() - tie) & (self._hits[0] == -np.inf))

    def _likely(self, points: Points, used: NDArray[np.bool_]) -> Points:
        """The points, those of the greatest bounds first."""
        most = self._most[used][:, points].sum(axis=0)
        return points[np.argsort(-most, kind="stable")]

    def _bound(self, points: Points, n_rounds: int) -> None:
        points = points[self._rounds[points] < n_rounds]
        counts = self.counts[points]
        self._most[:, points] = [part.most_hits(counts, n_rounds) for part in self._parts]
        self._rounds[points] = n_rounds

    def _compute(self, points: Points) -> None:
        points = points[self._hits[0, points] == -np.inf]
        counts = self.counts[points]
        self._hits[:, points] = [part.hits(counts) for part in self._parts]
