import itertools

import numpy as np
import pytest

from skensemble.weighting._simplex import grid_counts, grid_size


@pytest.mark.parametrize(("n_members", "total"), [(1, 10), (2, 1), (3, 10), (4, 3), (5, 6)])
def test_all_points_once_in_order(n_members, total):
    every = itertools.product(range(total + 1), repeat=n_members)
    expected = [list(c) for c in every if sum(c) == total]
    assert grid_counts(n_members, total).tolist() == expected
    assert grid_size(n_members, total) == len(expected)


def test_ten_members_fit_into_the_largest_grid():
    assert grid_size(5, 10) == 1001
    assert grid_size(10, 10) == 92_378
    assert grid_size(11, 10) == 184_756
    counts = grid_counts(10, 10)
    assert counts.shape == (92_378, 10)
    assert np.unique(counts.sum(axis=1)).tolist() == [10.0]
