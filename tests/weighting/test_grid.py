import numpy as np
import pytest

from holdouts import softmax
from skensemble.weighting._contests import Contests
from skensemble.weighting._grid import Grid
from skensemble.weighting._holdout import read_members


def best(probas, y, mass, points):
    """Greatest accuracy, and the least log-loss of the points that reach it."""
    sums = np.tensordot(points, probas, axes=1)
    hits = (sums.argmax(axis=2) == y) @ mass
    own = sums[:, np.arange(y.size), y] / points.sum(axis=1, keepdims=True)
    losses = -np.log(np.maximum(own, 2.0**-52)) @ mass / mass.sum()
    return hits.max(), losses[hits >= hits.max() - 1e-9].min()


def reached(probas, y, mass, counts):
    return best(probas, y, mass, counts[None])


@pytest.mark.parametrize("signal", [0, 1, 3])  # chance, weak and good members
@pytest.mark.parametrize("weighted", [False, True])
def test_best_on_all_rows_and_without_each_fold(signal, weighted):
    probas, y = softmax(4, 300, 5, signal=signal)
    rng = np.random.default_rng(2)
    mass = rng.exponential(size=y.size) if weighted else np.ones(y.size)
    fold = rng.integers(4, size=y.size)
    members = read_members(probas, y, mass)
    grid = Grid(members, 10, fold)
    for without in (2, None, 0, 1, 3):  # what one call finds out serves the next
        rows = fold != (-1 if without is None else without)
        part = probas[:, rows], y[rows], mass[rows]
        expected = best(*part, grid.counts)
        np.testing.assert_allclose(reached(*part, grid.best(without)), expected, rtol=1e-9)
    np.testing.assert_array_equal(Grid(members, 10).best(), grid.best())


def test_few_points_are_computed(monkeypatch):
    computed = []
    hits = Contests.hits
    monkeypatch.setattr(
        Contests, "hits", lambda self, counts: (computed.append(len(counts)), hits(self, counts))[1]
    )
    probas, y = softmax(5, 1000, 5, signal=2)
    grid = Grid(read_members(probas, y, None), 10)
    grid.best()
    assert len(grid.counts) == 1002
    assert 0 < sum(computed) < 100


def test_all_points_tie():
    probas = np.tile(np.eye(3)[[0, 1, 2]], (3, 1, 1))
    grid = Grid(read_members(probas, [0, 1, 2], None), 10)
    assert grid.best().tolist() == [1, 1, 1]
