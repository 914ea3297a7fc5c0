"""The best point of the whole grid, without a close look at most of them."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from skensemble.weighting._arrays import FloatArray
from skensemble.weighting._contests import Contests
from skensemble.weighting._holdout import Members
from skensemble.weighting._simplex import grid_counts
from skensemble.weighting._ties import TIE, best_of

_AT_ONCE = 1 << 19  # rivals, times points: so few, for each part, are simply computed
_FIRST = 32  # points whose bounds are drawn tighter, to find a good one among them
_LOOKS = 2  # points that are computed then
_FEW = 8  # points that are computed without another bound
_MOST = 0.8  # bounds that leave more of the points open than that are not worth their time

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
        self._holdout = members.holdout()
        self._tie = TIE * float(members.mass.sum())
        self._start = 0  # rounds that all bounds have seen
        parts = [members]
        if fold is not None:
            parts = [members.take(fold == i) for i in range(int(fold.max()) + 1)]
        self._parts = [Contests(part) for part in parts]
        self._n_rounds = max(part.n_rounds for part in self._parts)
        n_points = len(self.counts)
        self._most = np.empty((len(parts), n_points))  # upper bounds of hits
        self._rounds = np.zeros(n_points, dtype=np.intp)  # that they have seen
        self._hits = np.zeros((len(parts), n_points))
        self._known = np.zeros(n_points, dtype=bool)  # where hits are computed
        every = np.arange(n_points)
        if sum(part.n_pairs for part in self._parts) * n_points <= _AT_ONCE * len(parts):
            self._compute(every)
        else:
            self._start = self._useful(every[:: max(1, n_points // _FIRST)])
            self._bound(every, self._start)

    def best(self, without: int | None = None) -> FloatArray:
        """Counts of the best point."""
        left = self._open(np.flatnonzero(~self._known), without)
        n_rounds = self._start
        while left.size:
            if left.size <= _FEW or n_rounds >= self._n_rounds:
                self._compute(self._likely(left, without)[:_FEW])
                self._compute(self._open(left, without))
                break
            n_rounds *= 2
            first = self._likely(left, without)[:_FIRST]
            self._bound(first, n_rounds)
            self._compute(self._likely(first, without)[:_LOOKS])
            self._bound(self._open(left, without), n_rounds)
            left = self._open(left, without)
        holdout = self._holdout if without is None else self._holdout.take(self._fold != without)
        known = np.flatnonzero(self._known)
        hits = self._without(self._hits, known, without)
        at: FloatArray = self.counts[known[best_of(holdout, self.counts[known], hits, self._tie)]]
        return at

    def _useful(self, some: Points) -> int:
        """How many rounds it takes until bounds rule many points out, by a sample of them."""
        n_rounds = 1
        while True:
            self._bound(some, n_rounds)
            self._compute(self._likely(some, None)[:_LOOKS])
            if self._open(some, None).size < _MOST * some.size or n_rounds >= self._n_rounds:
                return n_rounds
            n_rounds *= 2

    def _open(self, points: Points, without: int | None) -> Points:
        """Those points that may be the best, as far as is known, and are not computed."""
        best = self._without(self._hits, np.flatnonzero(self._known), without).max(initial=-np.inf)
        points = points[~self._known[points]]
        at: Points = points[self._without(self._most, points, without) >= best - self._tie]
        return at

    def _likely(self, points: Points, without: int | None) -> Points:
        """The points, those of the greatest bounds first."""
        return points[np.argsort(-self._without(self._most, points, without), kind="stable")]

    @staticmethod
    def _without(values: FloatArray, points: Points, without: int | None) -> FloatArray:
        """Sums over the parts, less one of them."""
        at = values.take(points, axis=1)
        sums: FloatArray = at.sum(axis=0)
        return sums if without is None else sums - at[without]

    def _bound(self, points: Points, n_rounds: int) -> None:
        points = points[self._rounds[points] < n_rounds]
        if points.size:
            counts = self.counts[points]
            self._most[:, points] = [part.most_hits(counts, n_rounds) for part in self._parts]
            self._rounds[points] = n_rounds

    def _compute(self, points: Points) -> None:
        points = points[~self._known[points]]
        if points.size:
            counts = self.counts[points]
            self._hits[:, points] = [part.hits(counts) for part in self._parts]
            self._known[points] = True
