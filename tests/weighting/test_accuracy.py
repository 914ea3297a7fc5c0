import itertools
import re

import numpy as np
import pytest
from sklearn.metrics import accuracy_score

from holdouts import eighths, softmax, votes
from skensemble.weighting import solve_accuracy
from skensemble.weighting._accuracy import climb, grid_counts, grid_size, learn_accuracy
from skensemble.weighting._member_predictions import read_members

EPS = 2.0**-52


def points(n_members, total):
    """Every grid point by trying all tuples, and equal weights."""
    every = itertools.product(range(total + 1), repeat=n_members)
    return [c for c in every if sum(c) == total] + [(1,) * n_members]


def loop(probas, y, mass, total):
    """Best (accuracy, log-loss) over the grid: one argmax for each point."""
    best, rows = (-1.0, np.inf), np.arange(y.size)
    for c in points(len(probas), total):
        sums = sum(count * p for count, p in zip(c, probas, strict=True))
        right = int(mass @ (np.argmax(sums, axis=1) == y))
        loss = -np.average(np.log(np.maximum(sums[rows, y] / sum(c), EPS)), weights=mass)
        if right > best[0] or (right == best[0] and loss < best[1]):
            best = (right, loss)
    return best[0] / mass.sum(), best[1]


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize(
    ("make", "total"), [(softmax, 10), (votes, 5), (eighths, 10)], ids=["softmax", "votes", "8ths"]
)
@pytest.mark.parametrize("seed", range(3))
def test_no_worse_and_no_better_than_a_loop_over_the_same_grid(make, total, weighted, seed):
    probas, y = make(seed=seed)
    mass = (
        np.random.default_rng(seed).integers(1, 4, size=y.size)
        if weighted
        else np.ones(y.size, int)
    )
    result = solve_accuracy(probas, y, mass if weighted else None, step=1 / total)
    accuracy, loss = loop(probas, y, mass, total)
    counts = np.round(result.weights * total * len(probas))  # whole, for equal weights too
    np.testing.assert_allclose(result.weights, counts / counts.sum(), atol=1e-15)
    predicted = np.tensordot(counts, probas, axes=1).argmax(axis=1)
    assert accuracy_score(y, predicted, sample_weight=mass) == pytest.approx(accuracy, abs=1e-14)
    assert result.loss == pytest.approx(loss, abs=1e-12)
    assert (result.method, result.criterion) == ("accuracy", "accuracy")
    assert result.n_iter == len(points(len(probas), total))
    assert result.converged
    assert result.comparisons == ()


def test_integer_sample_weights_repeat_rows():
    probas, y = softmax(n_rows=80)
    times = np.random.default_rng(1).integers(0, 4, size=80)
    weighted = solve_accuracy(probas, y, times)
    repeated = solve_accuracy(np.repeat(probas, times, axis=1), np.repeat(y, times))
    np.testing.assert_array_equal(weighted.weights, repeated.weights)
    assert weighted.loss == pytest.approx(repeated.loss, abs=1e-13)


def test_a_tied_vote_goes_to_the_first_class():
    """Members 1 and 2 against each other, equal weights: class 0 wins, which is wrong."""
    probas = np.array([[[1, 0]], [[0, 1]]])
    result = solve_accuracy(probas, [1], step=0.5)
    assert result.weights.tolist() == [0.0, 1.0]  # a tie of 1/2 and 1/2 would not do
    result = solve_accuracy(probas, [0], step=0.5)
    assert result.weights.tolist() == [1.0, 0.0]  # a tie would, but has a larger log-loss


def test_one_member_one_row_two_classes():
    result = solve_accuracy([[[0.3, 0.7]]], [0])
    assert result.weights.tolist() == [1.0]
    assert result.n_samples == 1


def test_one_class():
    assert solve_accuracy(np.ones((3, 4, 1)), [0] * 4).weights.sum() == pytest.approx(1)


def test_equal_weights_where_only_they_are_best_of_all():
    """Of three members any two are right: 1/3 each is off the grid, and has the least log-loss."""
    wrong = np.eye(3, dtype=int)
    result = solve_accuracy(np.eye(2)[wrong] * 0.8 + 0.1, [0, 0, 0])
    np.testing.assert_allclose(result.weights, 1 / 3)


@pytest.mark.parametrize("dtype", [np.float32, np.float16, np.int8])
def test_any_real_dtype(dtype):
    probas, y = votes(n_members=3)
    expected = solve_accuracy(probas, y)
    np.testing.assert_array_equal(solve_accuracy(probas.astype(dtype), y).weights, expected.weights)


def test_inputs_are_not_modified_and_may_be_read_only():
    probas, y = softmax()
    mass = np.arange(60.0)
    copies = [a.copy() for a in (probas, y, mass)]
    for a in (probas, y, mass):
        a.setflags(write=False)
    solve_accuracy(probas, y, mass)
    for a, copy in zip((probas, y, mass), copies, strict=True):
        np.testing.assert_array_equal(a, copy)


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("seed", range(4))
def test_climb_ends_at_least_as_good_as_every_start(weighted, seed):
    probas, y = softmax(n_members=12, n_rows=80, seed=seed)
    mass = np.random.default_rng(seed).exponential(size=80) if weighted else None
    result = solve_accuracy(probas, y, mass, max_points=1000)

    def accuracy(p):
        return accuracy_score(y, p.argmax(axis=1), sample_weight=mass)

    reached = accuracy(np.tensordot(result.weights, probas, axes=1))
    assert reached >= max(accuracy(p) for p in [*probas, probas.mean(axis=0)]) - 1e-12
    assert result.weights.min() >= 0
    assert result.weights.sum() == pytest.approx(1, abs=1e-14)


def key(probas, y, counts):
    """Rows that are right, and minus the log-loss."""
    sums = np.tensordot(counts, probas, axes=1)
    own = sums[np.arange(y.size), y] / counts.sum()
    return (sums.argmax(axis=1) == y).sum(), np.log(np.maximum(own, EPS)).mean()


def test_climb_ends_where_no_move_helps():
    probas, y = softmax(n_members=4, n_rows=50, seed=3)
    counts, n_points = climb(read_members(probas, y, None), 10)
    here = key(probas, y, counts)
    least = counts.sum() / 40
    assert least == round(least)
    for i, j in itertools.permutations(range(4), 2):
        moved = counts.copy()
        size = min(least, moved[j])
        moved[i] += size
        moved[j] -= size
        assert key(probas, y, moved) <= (here[0], here[1] + 1e-9)
    assert n_points > 12


def test_climb_is_near_the_best_of_the_grid():
    for seed in range(3):
        probas, y = softmax(n_members=4, n_rows=200, seed=seed)
        climbed = key(probas, y, climb(read_members(probas, y, None), 10)[0])[0]
        full = solve_accuracy(probas, y)
        best = (np.tensordot(full.weights, probas, axes=1).argmax(axis=1) == y).sum()
        assert climbed >= best - 2


def best_point(probas, y, mass, points):
    """Greatest accuracy, and the least log-loss of the points that reach it."""
    sums = np.tensordot(points, probas, axes=1)
    hits = (sums.argmax(axis=2) == y) @ mass
    own = sums[:, np.arange(y.size), y] / points.sum(axis=1, keepdims=True)
    losses = -np.log(np.maximum(own, EPS)) @ mass / mass.sum()
    return hits.max(), losses[hits >= hits.max() - 1e-9].min()


@pytest.mark.parametrize("signal", [0, 1, 3])  # chance, weak and good members
@pytest.mark.parametrize("weighted", [False, True])
def test_best_on_all_rows_and_without_each_fold(signal, weighted):
    probas, y = softmax(4, 300, 5, signal=signal)
    rng = np.random.default_rng(2)
    mass = rng.exponential(size=y.size) if weighted else np.ones(y.size)
    fold = rng.integers(4, size=y.size)
    members = read_members(probas, y, mass)
    result, without_folds = learn_accuracy(members, fold)
    grid = np.array(points(4, 10))
    for i, weights in enumerate([*without_folds(), result.weights]):
        rows = fold != i
        part = probas[:, rows], y[rows], mass[rows]
        reached, expected = best_point(*part, weights[None]), best_point(*part, grid)
        np.testing.assert_allclose(reached, expected, rtol=1e-9)
        alone = solve_accuracy(*part).weights
        np.testing.assert_allclose(weights / weights.sum(), alone, atol=1e-15)


def test_all_points_tie():
    probas = np.tile(np.eye(3)[[0, 1, 2]], (3, 1, 1))
    np.testing.assert_allclose(solve_accuracy(probas, [0, 1, 2]).weights, 1 / 3)


DIVISOR = "step must be 1 divided by a whole number, got "


@pytest.mark.parametrize(
    ("changes", "error", "message"),
    [
        ({"step": 0.3}, ValueError, f"{DIVISOR}0.3 instead: step=0.1 is the default."),
        ({"step": 2}, ValueError, f"{DIVISOR}2 instead: step=0.1 is the default."),
        (
            {"step": 0},
            ValueError,
            "step must be a finite number greater than 0, got 0 instead: step=0.1 is the default.",
        ),
        (
            {"step": "0.1"},
            TypeError,
            "step must be a finite number greater than 0, got '0.1' instead: "
            "step=0.1 is the default.",
        ),
        (
            {"max_points": 0},
            ValueError,
            "max_points must be an integer of at least 1, got 0 instead: "
            "max_points=100000 is the default.",
        ),
        (
            {"y": [0, 1]},
            ValueError,
            "y must be class indices of shape (60,), one per row of probas, got shape (2,) "
            "instead: np.searchsorted(classes_, labels) turns sorted labels into indices.",
        ),
    ],
)
def test_bad_input_is_refused(changes, error, message):
    probas, y = softmax()
    with pytest.raises(error, match=f"^{re.escape(message)}$"):
        solve_accuracy(**{"probas": probas, "y": y} | changes)


@pytest.mark.parametrize(("n_members", "total"), [(1, 10), (2, 1), (3, 10), (4, 3), (5, 6)])
def test_all_points_of_the_grid_once_in_order(n_members, total):
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
