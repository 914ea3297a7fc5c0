"""Which rows a combination classifies correctly, for many combinations at once."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from skensemble.weighting._arrays import FloatArray
from skensemble.weighting._holdout import Members
from skensemble.weighting._rivals import find_rivals
from skensemble.weighting._tally import Tally, width

Rounds = list[tuple[NDArray[Any], Any]]

_PRODUCTS = 1 << 18  # at a time: OpenBLAS starts threads beyond, which costs more than it gains
_ABOVE_NOTHING = -float(np.finfo(np.float64).tiny)  # margin > this is margin >= 0
_HALF_ULP = float(np.finfo(np.float32).eps) / 2


class Contests:
    """The true class of each row against the rivals that the weights can let win.

    A row counts as right if ``np.argmax`` of the combination is its class y: for each other class
    c, the margin sum_m w_m (p[m, y] - p[m, c]) is positive, or 0 and c comes after y. Each open
    rival is one column of a matrix product. The products go in rounds: in the first, each row
    meets the rival that is likely its strongest, in the next its second one, if it has one.

    Parameters
    ----------
    members : Members
        Their probabilities, in any real dtype.

    Attributes
    ----------
    n_rounds : int
        How many it takes until every row has met all its rivals.
    n_pairs : int
        How many rivals these are, of all rows.
    """

    def __init__(self, members: Members) -> None:
        rivals = find_rivals(members)
        self._always = float(members.mass[rivals.always].sum())
        self.n_pairs = int(rivals.n_rivals.sum())
        self.n_rounds = int(rivals.n_rivals.max(initial=0))
        self._rounds: Rounds = []
        self._narrow: list[NDArray[np.float32]] = []
        if self.n_rounds:
            self._mass = members.mass[rivals.rows]
            self._prepare(members, rivals.rows, rivals.classes, rivals.n_rivals)

    def _prepare(
        self,
        members: Members,
        rows: NDArray[np.intp],
        classes: NDArray[np.intp],
        n_rivals: NDArray[np.intp],
    ) -> None:
        # Row i has the i-th place in every round that it takes part in.
        sizes = np.cumsum(np.bincount(n_rivals)[:0:-1])[::-1]
        # Repeated rows fill the first round up to whole words; they are made to lose.
        sizes[0] = width(rows.size)
        row = np.concatenate([np.resize(rows, sizes[0]), *(rows[:size] for size in sizes[1:])])
        first, *later = classes.T
        rival = np.concatenate(
            [np.resize(first, sizes[0]), *(c[:n] for c, n in zip(later, sizes[1:], strict=True))]
        )
        edges = members.own.take(row, axis=1)
        edges -= members.flat.take(row * members.probas.shape[2] + rival, axis=1)
        edges[:, rows.size : sizes[0]] = -1
        bars = (rival > members.y[row]) * _ABOVE_NOTHING
        narrow = edges.astype(np.float32)
        for end, size in zip(np.cumsum(sizes), sizes, strict=True):
            at = slice(end - size, end)
            self._rounds.append((edges[:, at], bars[at]))
            self._narrow.append(narrow[:, at])

    def hits(self, counts: FloatArray) -> FloatArray:
        """Mass of the rows that each combination classifies correctly.

        Parameters
        ----------
        counts : ndarray of shape (n_points, M), float64
            Weights of any sum; whole numbers keep ties between votes exact.

        Returns
        -------
        ndarray of shape (n_points,), float64
        """
        return self._play(counts, self._rounds)

    def most_hits(self, counts: FloatArray, n_rounds: int) -> FloatArray:
        """Upper bounds of `hits`: some rounds only, in float32, in favour of the true class."""
        # A sum of M rounded products of rounded factors, of absolute values that sum to this:
        size = 2 * float(counts.sum(axis=1).max(initial=0))
        slack = np.float32((counts.shape[1] + 2) * _HALF_ULP * size)
        return self._play(
            counts.astype(np.float32), [(edges, -slack) for edges in self._narrow[:n_rounds]]
        )

    def _play(self, counts: NDArray[Any], rounds: Rounds) -> FloatArray:
        """Mass of the rows whose margins are above the bars in all rounds."""
        n_points, n_members = counts.shape
        if n_points == 0 or not rounds:
            return np.full(n_points, self._always)
        n_places = rounds[0][0].shape[1]
        size = min(n_points, max(1, _PRODUCTS // (n_places * n_members)))
        space: NDArray[Any] = np.empty(size * n_places, counts.dtype)
        tally = Tally(n_points, size, self._mass)
        for i in range(0, n_points, size):
            some = counts[i : i + size]
            won = tally.won[: len(some)]
            for rank, (edges, bars) in enumerate(rounds):
                n = edges.shape[1]
                margins = space[: len(some) * n].reshape(len(some), n)
                np.matmul(some, edges, out=margins)
                if rank == 0:
                    np.greater(margins, bars, out=won)
                else:
                    won[:, :n] &= margins > bars
            tally.add(i, len(some))
        sums: FloatArray = self._always + tally.sums()
        return sums
