"""Which rows are held out."""

import numpy as np
import pytest

from skensemble.tasks import split_holdout


@pytest.mark.parametrize(("fraction", "n"), [(0.1, 10), (0.25, 25), (0.101, 11), (40, 40), (3, 3)])
def test_size_and_disjointness(fraction, n):
    y = np.arange(100) % 3
    train, holdout = split_holdout(y, fraction, seed=0)
    assert len(holdout) == n
    np.testing.assert_array_equal(np.sort(np.r_[train, holdout]), np.arange(100))
    assert (np.diff(train) > 0).all()
    assert (np.diff(holdout) > 0).all()


def test_classes_are_held_out_in_proportion():
    y = np.repeat([0, 1, 2], [600, 300, 100])
    _, holdout = split_holdout(y, 0.2, seed=0)
    np.testing.assert_array_equal(np.bincount(y[holdout]), [120, 60, 20])


def test_rare_classes_are_on_both_sides():
    y = np.repeat([0, 1, 2], [990, 8, 2])
    train, holdout = split_holdout(y, 0.05, seed=0)
    assert len(holdout) == 50
    assert (np.bincount(y[holdout]) >= 1).all()
    assert (np.bincount(y[train]) >= 1).all()


def test_almost_everything_can_be_held_out():
    y = np.repeat([0, 1, 2], [50, 30, 20])
    train, holdout = split_holdout(y, 97, seed=0)
    np.testing.assert_array_equal(np.bincount(y[train]), [1, 1, 1])
    assert len(holdout) == 97


def test_depends_on_the_seed_alone():
    y = np.arange(100) % 3
    first, again, other = (split_holdout(y, 0.2, seed)[1] for seed in (1, 1, 2))
    np.testing.assert_array_equal(first, again)
    assert not np.array_equal(first, other)


@pytest.mark.parametrize(
    ("counts", "fraction"),
    [
        ([10, 10, 10], 2),  # three classes, two rows
        ([20, 20, 1], 0.5),  # the last class has no row to spare
        ([1, 1, 1], 0.5),
    ],
)
def test_too_small_holds_out_nothing(counts, fraction):
    y = np.repeat(np.arange(3), counts)
    train, holdout = split_holdout(y, fraction, seed=0)
    assert holdout is None
    np.testing.assert_array_equal(train, np.arange(len(y)))


def test_indices_of_absent_classes_do_not_matter():
    y = np.array([0, 0, 0, 0, 5, 5, 5, 5])
    _, holdout = split_holdout(y, 2, seed=0)
    np.testing.assert_array_equal(y[holdout], [0, 5])
