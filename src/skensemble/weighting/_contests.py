"""Which rows a combination classifies correctly, for many combinations at once."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from skensemble.weighting._arrays import FloatArray
from skensemble.weighting._holdout import Members

_PRODUCTS = 1 << 18  # at a time: OpenBLAS starts threads beyond, which costs more than it gains
_ABOVE_NOTHING = -float(np.finfo(np.float64).tiny)  # margin > this is margin >= 0
_FAVOUR = 8
_HALF_ULP = float(np.finfo(np.float32).eps) / 2


class Contests:
    """The true class of each row against the rivals that the weights can let win.

    A row counts as right if ``np.argmax`` of the combination is its class y: for each other class
    c, the margin sum_m w_m (p[m, y] - p[m, c]) is positive, or 0 and c comes after y. Where all
    members agree on the sign, weights do not matter. What they decide is left: some rows, a few
    rivals for each, for each rival one column of a matrix product. The products go in rounds: in
    the first, each row meets the rival that is strongest under equal weights; in the next, the
    rows with more rivals meet another one.

    Parameters
    ----------
    members : Members
        Their probabilities, in any real dtype.
    """

    def __init__(self, members: Members) -> None:
        own = members.own()
        edges, open_, always = _margins(members, own)
        n_rivals = open_.sum(axis=0, dtype=np.intp)
        rows = np.flatnonzero(n_rivals)
        small = np.min_scalar_type(len(open_))  # radix sort takes small integers only
        rows = rows[np.argsort((len(open_) - n_rivals[rows]).astype(small), kind="stable")]
        rest, at = open_[:, rows], np.arange(rows.size)  # the rows with most rivals first
        # Where the first rival is the strongest for good weights, `most_hits` is tight near them.
        skill = own @ np.ones(members.n_rows)
        likely = (skill / skill.max()) ** _FAVOUR if skill.any() else skill + 1
        margins = np.einsum("m,mkn->kn", likely, edges)[:, rows]
        first = np.where(rest, margins, np.inf).argmin(axis=0)
        rest[first, at] = False
        # Row i has the i-th place in every round that it takes part in.
        turns = np.cumsum(rest, axis=0, dtype=small)[rest]
        sizes = np.array([rows.size, *np.bincount(turns)[1:]])
        ends = np.cumsum(sizes)
        rivals, who = np.nonzero(rest)
        place = (ends - sizes)[turns] + who
        pairs = np.empty(ends[-1], dtype=np.intp)
        pairs[: rows.size] = first * members.n_rows + rows
        pairs[place] = rivals * members.n_rows + rows[who]
        some = edges.reshape(len(edges), -1).take(pairs, axis=1)
        before = pairs // members.n_rows < members.y[pairs % members.n_rows]
        bars = np.where(before, 0.0, _ABOVE_NOTHING)
        self._rounds = [
            (some[:, end - size : end], bars[end - size : end])
            for end, size in zip(ends, sizes, strict=True)
            if size
        ]
        self._always = float(members.mass[always].sum())
        self._n_members = len(members)
        self._mass = members.mass[rows]
        self._equal_mass = rows.size > 0 and float(np.ptp(self._mass)) == 0

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
        out = np.full(len(counts), self._always)
        for at, margins, won in self._chunks(len(counts), np.float64):
            for rank, (edges, bars) in enumerate(self._rounds):
                margin = margins[:, : bars.size]
                np.matmul(counts[at], edges, out=margin)
                if rank == 0:
                    np.greater(margin, bars, out=won)
                else:
                    won[:, : bars.size] &= margin > bars
            out[at] += self._weigh(won)
        return out

    def most_hits(self, counts: FloatArray) -> FloatArray:
        """Upper bounds of `hits`: the first round only, in float32, in favour of the true class."""
        out = np.full(len(counts), self._always)
        narrow = counts.astype(np.float32)
        first = [edges.astype(np.float32) for edges, _ in self._rounds[:1]]
        # A sum of M rounded products of rounded factors, of absolute values that sum to this:
        size = 2 * float(counts.sum(axis=1).max())
        slack = np.float32((len(narrow.T) + 2) * _HALF_ULP * size)
        for at, margins, won in self._chunks(len(counts), np.float32):
            np.matmul(narrow[at], first[0], out=margins)
            np.greater(margins, -slack, out=won)
            out[at] += self._weigh(won)
        return out

    def _chunks(
        self, n_points: int, dtype: type
    ) -> Iterator[tuple[slice, NDArray[Any], NDArray[np.bool_]]]:
        """Slices of the points, and arrays for their margins and what they win."""
        if not self._rounds:
            return
        n_rows = self._mass.size
        size = min(n_points, max(1, _PRODUCTS // (n_rows * self._n_members)))
        margins: NDArray[Any] = np.empty((size, n_rows), dtype)
        won = np.empty((size, n_rows), dtype=bool)
        for i in range(0, n_points, size):
            n = min(size, n_points - i)
            yield slice(i, i + n), margins[:n], won[:n]

    def _weigh(self, won: NDArray[np.bool_]) -> FloatArray:
        if self._equal_mass:
            n_won = np.add.reduce(won.view(np.uint8), axis=1, dtype=np.uint32)
            return np.asarray(n_won * self._mass[0])
        return np.asarray(won @ self._mass)


def _margins(members: Members, own: FloatArray) -> tuple[FloatArray, NDArray[Any], NDArray[Any]]:
    """Differences (M, k, n) to the true class, open pairs (k, n), rows that are always right."""
    n_members, n_rows, n_classes = members.probas.shape
    edges = np.empty((n_members, n_classes, n_rows))  # the long axis is contiguous
    edges[...] = members.probas.transpose(0, 2, 1)
    np.subtract(own[:, None, :], edges, out=edges)
    least, most = edges.min(axis=0), edges.max(axis=0)
    before = np.arange(n_classes)[:, None] < members.y
    beaten = (least > 0) | ((least == 0) & ~before)
    ahead = (most < 0) | ((most == 0) & before)
    return edges, ~beaten & ~ahead.any(axis=0), beaten.all(axis=0)
