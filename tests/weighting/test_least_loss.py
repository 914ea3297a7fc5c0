import numpy as np
import pytest

from skensemble.weighting._accuracy import best_of, grid_counts
from skensemble.weighting._criterion import better
from skensemble.weighting._log_loss import LogLoss


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("power", [1, 20])
def test_least_loss_is_that_of_computing_all(seed, power):
    rng = np.random.default_rng(seed)
    mass = rng.exponential(size=40)
    loss = LogLoss(np.maximum(rng.random((4, 40)) ** power, 1e-16), mass / mass.mean())
    points = rng.permutation(grid_counts(4, 10))[:200]
    losses = [np.average(-np.log(c / c.sum() @ loss.q), weights=mass) for c in points]
    assert loss.least(points) == int(np.argmin(losses))
    np.testing.assert_allclose(loss.many(points), losses, rtol=1e-13)


def test_least_loss_computes_few(monkeypatch):
    rng = np.random.default_rng(0)
    loss = LogLoss(rng.random((5, 300)), np.ones(300))
    calls = []
    log = np.log
    monkeypatch.setattr(np, "log", lambda x: calls.append(x) or log(x))
    at = loss.least(grid_counts(5, 10))
    monkeypatch.undo()
    assert len(calls) < 100
    assert at == np.argmin([loss.at(c / 10) for c in grid_counts(5, 10)])


def test_equal_members_leave_the_most_equal_weights():
    loss = LogLoss(np.tile([[0.5, 0.25]], (2, 1)), np.ones(2))
    assert loss.least(grid_counts(2, 4)) == 2


def test_best_of_breaks_ties_by_loss():
    loss = LogLoss(np.array([[0.5], [0.7]]), np.ones(1))
    points = grid_counts(2, 2)
    assert best_of(loss, points, np.array([3.0, 3.0, 2.0]), 1e-12) == 0
    assert best_of(loss, points, np.array([1.0, 3.0, 3.0 - 1e-13]), 1e-12) == 1
    assert best_of(loss, points, np.array([1.0, -np.inf, 3.0]), 1e-12) == 2


def test_better_is_by_more_than_rounding():
    assert better((2.0, 9.0), (1.0, 0.0))
    assert better((1.0, 0.5), (1.0 + 1e-13, 0.6))
    assert not better((1.0, 0.6), (1.0, 0.6 + 1e-13))
    assert not better((0.9, 0.0), (1.0, 9.0))
