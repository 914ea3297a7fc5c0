"""The grid of weights that are multiples of a step."""

from math import comb

import numpy as np

from skensemble.weighting._arrays import FloatArray


def grid_size(n_members: int, total: int) -> int:
    """Return how many points the grid has."""
    return comb(total + n_members - 1, n_members - 1)


def grid_counts(n_members: int, total: int) -> FloatArray:
    """All ways to share ``total`` among the members, in lexicographic order.

    Member by member: each point so far, with the last count still to be shared, is repeated once
    for each way of doing so. Whole numbers, though in float64 for the sake of matrix products:
    sums of votes stay exact, and so do their ties.

    Examples
    --------
    >>> grid_counts(2, 3)
    array([[0., 3.], [1., 2.], [2., 1.], [3., 0.]])
    """
    counts = np.full((1, 1), float(total))
    for _ in range(n_members - 1):
        left = counts[:, -1].astype(np.intp)
        times = left + 1
        first = np.arange(times.sum()) - np.repeat(np.cumsum(times) - times, times)
        counts = np.repeat(counts, times, axis=0)
        counts = np.column_stack([counts[:, :-1], first, counts[:, -1] - first])
    return counts
