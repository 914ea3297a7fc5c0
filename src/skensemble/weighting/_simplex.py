"""The grid of weights that are multiples of a step."""

from __future__ import annotations

from itertools import chain, combinations
from math import comb

import numpy as np

from skensemble.weighting._arrays import FloatArray


def grid_size(n_members: int, total: int) -> int:
    """Return how many points the grid has."""
    return comb(total + n_members - 1, n_members - 1)


def grid_counts(n_members: int, total: int) -> FloatArray:
    """All ways to share ``total`` among the members, in lexicographic order.

    Stars and bars: the M - 1 bars among the stars cut them into M counts. Whole numbers, though
    in float64 for the sake of matrix products: sums of votes stay exact, and so do their ties.

    Returns
    -------
    ndarray of shape (n_points, M), float64

    Examples
    --------
    >>> grid_counts(2, 3)
    array([[0., 3.], [1., 2.], [2., 1.], [3., 0.]])
    """
    n_points, n_bars = grid_size(n_members, total), n_members - 1
    flat = chain.from_iterable(combinations(range(total + n_bars), n_bars))
    edges = np.empty((n_points, n_bars + 2))
    edges[:, 0], edges[:, -1] = -1, total + n_bars
    edges[:, 1:-1] = np.fromiter(flat, np.intp, n_points * n_bars).reshape(n_points, n_bars)
    counts: FloatArray = np.diff(edges, axis=1) - 1
    return counts
