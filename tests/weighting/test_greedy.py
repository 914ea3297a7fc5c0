import re

import numpy as np
import pytest
from sklearn.metrics import accuracy_score, f1_score, log_loss, make_scorer

from skensemble.weighting import find_weights, solve_greedy, solve_log_loss
from skensemble.weighting._cross_validation import assign_folds


def members(n_members=4, n_rows=60, n_classes=3, seed=0):
    """Softmax outputs that share a signal; each member has its own noise."""
    rng = np.random.default_rng(seed)
    y = rng.integers(n_classes, size=n_rows)
    logits = 1.5 * np.eye(n_classes)[y] + rng.normal(size=(n_rows, n_classes))
    noise = rng.uniform(0.5, 2, size=(n_members, 1, 1))
    e = np.exp(logits + noise * rng.normal(size=(n_members, n_rows, n_classes)))
    return e / e.sum(axis=2, keepdims=True), y


def naive(score, probas, y, n_iter, n_init=1):
    """Ensemble selection, one candidate at a time; ``score`` returns (criterion, minus loss)."""

    def of(chosen):
        key = score(np.mean([probas[m] for m in chosen], axis=0))
        return tuple(round(v, 10) for v in key)

    order = sorted(range(len(probas)), key=lambda m: of([m]), reverse=True)
    chosen = order[:n_init]
    path = [(of(chosen), list(chosen))]
    while len(chosen) < n_iter:
        chosen.append(max(range(len(probas)), key=lambda m: of([*chosen, m])))
        path.append((of(chosen), list(chosen)))
    best = max(path, key=lambda item: item[0])[1]  # the first of equal ones
    return np.bincount(best, minlength=len(probas)) / len(best)


@pytest.mark.parametrize("n_init", [1, 2, 4])
@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("criterion", ["log_loss", "accuracy", "f1_macro"])
def test_agrees_with_one_candidate_at_a_time(criterion, weighted, n_init):
    probas, y = members()
    mass = np.random.default_rng(1).integers(1, 4, size=60) if weighted else None

    def score(p):
        loss = -log_loss(y, p, sample_weight=mass)
        guess = p.argmax(axis=1)
        return {
            "log_loss": (loss,),
            "accuracy": (accuracy_score(y, guess, sample_weight=mass), loss),
            "f1_macro": (f1_score(y, guess, average="macro", sample_weight=mass), loss),
        }[criterion]

    result = solve_greedy(probas, y, mass, criterion=criterion, n_iter=12, n_init=n_init)
    expected = naive(score, probas, y, 12, n_init)
    np.testing.assert_allclose(result.weights, expected, atol=1e-14)
    assert (result.method, result.criterion, result.n_iter) == ("greedy", criterion, 12)
    assert result.prior == 0


@pytest.mark.parametrize("seed", range(4))
def test_log_loss_comes_near_the_optimum(seed):
    probas, y = members(seed=seed, n_rows=200)
    greedy, best = solve_greedy(probas, y), solve_log_loss(probas, y, prior=0)
    assert best.loss <= greedy.loss <= best.loss + 1e-3
    assert greedy.loss == pytest.approx(
        log_loss(y, np.tensordot(greedy.weights, probas, axes=1)), abs=1e-13
    )


def test_a_scorer_and_its_name_are_the_same():
    probas, y = members()
    scorer = make_scorer(f1_score, average="macro")
    named = solve_greedy(probas, y, criterion="f1_macro", n_iter=10)
    given = solve_greedy(probas, y, criterion=scorer, n_iter=10)
    np.testing.assert_array_equal(named.weights, given.weights)
    assert given.criterion == repr(scorer)


def test_scorer_of_accuracy_is_the_accuracy():
    probas, y = members(seed=2)
    fast = solve_greedy(probas, y, criterion="accuracy", n_iter=10)
    slow = solve_greedy(probas, y, criterion=make_scorer(accuracy_score), n_iter=10)
    np.testing.assert_array_equal(fast.weights, slow.weights)


def test_integer_sample_weights_repeat_rows():
    probas, y = members()
    times = np.random.default_rng(2).integers(0, 4, size=60)
    for criterion in ("log_loss", "accuracy", "balanced_accuracy"):
        weighted = solve_greedy(probas, y, times, criterion=criterion, n_iter=8)
        repeated = solve_greedy(
            np.repeat(probas, times, axis=1), np.repeat(y, times), criterion=criterion, n_iter=8
        )
        np.testing.assert_array_equal(weighted.weights, repeated.weights)


def test_identical_members_go_to_the_first():
    probas, y = members(n_members=1)
    result = solve_greedy(np.concatenate([probas] * 3), y, n_iter=6)
    assert result.weights.tolist() == [1.0, 0.0, 0.0]


def test_one_member_one_row():
    assert solve_greedy([[[0.2, 0.8]]], [0], criterion="accuracy").weights.tolist() == [1.0]
    assert solve_greedy([[[0.2, 0.8]]], [0], n_iter=1).weights.tolist() == [1.0]


@pytest.mark.parametrize("weighted", [False, True])
def test_comparisons_select_without_each_fold(weighted):
    """What the folds share changes nothing: the same as one selection on the rows of each."""
    probas, y = members(n_rows=90)
    mass = np.random.default_rng(1).exponential(size=90) if weighted else np.ones(90)
    fold, mixed = assign_folds(y), np.empty((90, 3))
    for i in range(10):
        rest = fold != i
        weights = solve_greedy(probas[:, rest], y[rest], mass[rest]).weights
        mixed[~rest] = np.tensordot(weights, probas[:, ~rest], axes=1)
    gain = log_loss(y, probas.mean(axis=0), sample_weight=mass)
    gain -= log_loss(y, mixed, sample_weight=mass)
    found = find_weights("greedy", probas, y, mass).comparisons[0]
    assert found.gain == pytest.approx(gain, abs=1e-12)


@pytest.mark.parametrize(
    ("changes", "error", "message"),
    [
        (
            {"n_iter": 0},
            ValueError,
            "n_iter must be an integer of at least 1, got 0 instead: n_iter=100 is the default.",
        ),
        (
            {"n_init": 5},
            ValueError,
            "n_init must be an integer of at most 4, the number of members and n_iter, "
            "got 5 instead: n_init=1 is the default.",
        ),
        (
            {"n_init": 3, "n_iter": 2},
            ValueError,
            "n_init must be an integer of at most 2, the number of members and n_iter, "
            "got 3 instead: n_init=1 is the default.",
        ),
        (
            {"n_init": True},
            TypeError,
            "n_init must be an integer of at least 1, got True instead: n_init=1 is the default.",
        ),
    ],
)
def test_bad_input_is_refused(changes, error, message):
    probas, y = members()
    with pytest.raises(error, match=f"^{re.escape(message)}$"):
        solve_greedy(probas, y, **changes)
