import re

import numpy as np
import pytest
from sklearn.metrics import f1_score, make_scorer

from holdouts import unlike
from skensemble.weighting import (
    check_method,
    evaluate_weights,
    find_weights,
    solve_accuracy,
    solve_greedy,
    solve_log_loss,
)


def name(method):
    return getattr(method, "__name__", method)


def recall(estimator, X, y):
    """Mean recall, as scikit-learn's balanced_accuracy, without the time it takes."""
    right = estimator.predict(X) == y
    return np.mean([right[y == c].mean() for c in np.unique(y)])


LEARNED = ["log_loss", "accuracy", "greedy", "auto", recall]


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize(
    ("method", "solve"),
    [
        ("uniform", lambda *a: evaluate_weights(np.ones(3), *a, method="uniform")),
        ("log_loss", solve_log_loss),
        ("accuracy", solve_accuracy),
        ("greedy", solve_greedy),
        (recall, lambda *a: solve_greedy(*a, criterion=recall, n_iter=10)),
        ("roc_auc_ovr", lambda *a: solve_greedy(*a, criterion="roc_auc_ovr", n_iter=10)),
    ],
    ids=["uniform", "log_loss", "accuracy", "greedy", "callable", "scorer"],
)
def test_weights_are_those_of_the_solver(method, solve, weighted):
    probas, y = unlike(n_rows=50)
    mass = np.random.default_rng(1).integers(0, 3, size=50) if weighted else None
    found, expected = find_weights(method, probas, y, mass), solve(probas, y, mass)
    np.testing.assert_array_equal(found.weights, expected.weights)
    assert repr(found) == repr(expected)
    assert (found.method, found.criterion) == (expected.method, expected.criterion)
    assert found.n_iter == expected.n_iter
    assert [c.against for c in found.comparisons] == (
        [] if method == "uniform" else ["uniform", "last", "best"]
    )
    assert {c.criterion for c in found.comparisons} <= {found.criterion}
    assert found.note == ""


@pytest.mark.parametrize("method", LEARNED, ids=name)
def test_a_clearly_better_member_beats(method):
    probas, y = unlike(n_rows=200, noise=(0.1, 4.0, 4.0))
    uniform, last, best = find_weights(method, probas, y).comparisons
    assert uniform.beats
    assert last.beats
    assert uniform.low < uniform.gain < uniform.high
    assert best.gain < uniform.gain


@pytest.mark.parametrize("method", LEARNED, ids=name)
def test_identical_members_beat_nobody(method):
    probas, y = unlike(100, noise=(1.0,))
    for one in find_weights(method, np.concatenate([probas] * 3), y).comparisons:
        assert one.gain == pytest.approx(0, abs=1e-12)
        assert not one.beats or one.low < 1e-12  # rounding


@pytest.mark.parametrize("method", [*LEARNED, "uniform"], ids=name)
def test_one_member(method):
    probas, y = unlike(100, noise=(1.0,))
    result = find_weights(method, probas, y)
    assert result.weights.tolist() == [1.0]
    assert not any(one.beats for one in result.comparisons)


@pytest.mark.parametrize("method", [*LEARNED, "uniform"], ids=name)
def test_one_row(method):
    result = find_weights(method, [[[0.4, 0.6]], [[0.2, 0.8]]], [1])
    assert result.weights.sum() == pytest.approx(1)
    assert all(np.isnan(one.gain) for one in result.comparisons)


def test_auto_takes_learned_weights_that_beat_equal_ones():
    probas, y = unlike(n_rows=200, noise=(0.1, 4.0, 4.0))
    auto, learned = find_weights("auto", probas, y), find_weights("log_loss", probas, y)
    np.testing.assert_array_equal(auto.weights, learned.weights)
    assert auto.method == "log_loss"
    assert auto.comparisons == learned.comparisons
    one = auto.comparisons[0]
    assert auto.note == (
        f"Learned weights: their gain over equal ones in log-loss, {one.gain:.3g} nats in "
        f"cross-validation (95% interval {one.low:.3g} to {one.high:.3g}), is above 0."
    )


def test_auto_takes_equal_weights_where_it_is_not_sure():
    probas, y = unlike(n_rows=30, noise=(1.0, 1.0, 1.0))
    auto, learned = find_weights("auto", probas, y), find_weights("log_loss", probas, y)
    np.testing.assert_allclose(auto.weights, 1 / 3)
    assert auto.method == "uniform"
    assert auto.loss == auto.uniform_loss
    assert auto.comparisons == learned.comparisons
    one = auto.comparisons[0]
    assert one.low <= 0
    assert auto.note == (
        f"Equal weights: the gain of learned ones over equal ones in log-loss, {one.gain:.3g} nats "
        f"in cross-validation (95% interval {one.low:.3g} to {one.high:.3g}), is not surely above "
        "0."
    )


def test_auto_takes_equal_weights_of_few_rows():
    probas, y = unlike(n_rows=9)
    auto = find_weights("auto", probas, y)
    assert auto.method == "uniform"
    assert auto.note == (
        "Equal weights: the rows are too few to tell whether learned ones are better."
    )


def test_auto_is_rarely_wrong_where_members_are_equally_good():
    """Equal weights are best for exchangeable members: an interval of 95% errs in 2.5% at most."""
    taken = [
        find_weights("auto", *unlike(n_rows=60, seed=seed, noise=(1.0,) * 3)).method
        for seed in range(60)
    ]
    assert taken.count("log_loss") <= 3


def test_a_climb_is_compared_too():
    probas, y = unlike(n_rows=40, noise=(1.0,) * 11)
    result = find_weights("accuracy", probas, y)
    assert result.weights.shape == (11,)
    assert len(result.comparisons) == 3
    np.testing.assert_array_equal(result.weights, solve_accuracy(probas, y).weights)


def test_a_scorer_with_labels():
    probas, y = unlike(n_rows=30, n_classes=2, noise=(1.0, 2.0))
    labels = np.array(["no", "yes"])
    scorer = make_scorer(f1_score, pos_label="yes")
    result = find_weights(scorer, probas, y, classes=labels)
    plain = find_weights("f1", probas, y)
    np.testing.assert_array_equal(result.weights, plain.weights)
    assert result.method == "greedy"
    assert result.criterion == "make_scorer(f1_score, response_method='predict', pos_label=yes)"
    assert [c.gain for c in result.comparisons] == [c.gain for c in plain.comparisons]


def test_global_random_state_is_left_alone():
    probas, y = unlike(n_rows=40)
    np.random.seed(3)  # noqa: NPY002
    before = np.random.get_state()[1].copy()  # noqa: NPY002
    for method in LEARNED:
        find_weights(method, probas, y)
    np.testing.assert_array_equal(np.random.get_state()[1], before)  # noqa: NPY002


MUST = (
    "weighting must be one of 'uniform', 'log_loss', 'accuracy', 'greedy', 'auto', "
    "the name of a scorer, or a scorer, got "
)


@pytest.mark.parametrize(
    ("method", "error", "rest"),
    [
        ("logloss", ValueError, "'logloss' instead: perhaps 'log_loss' is meant."),
        ("roc_auc_ovx", ValueError, "'roc_auc_ovx' instead: perhaps 'roc_auc_ovr' is meant."),
        (
            None,
            TypeError,
            "None instead: sklearn.metrics.get_scorer_names() lists scorers, "
            "make_scorer makes one of a metric.",
        ),
        (
            f1_score,
            TypeError,
            "the function f1_score instead: a scorer is called as scorer(estimator, X, y); "
            "make_scorer makes one of a metric.",
        ),
    ],
    ids=["typo", "scorer-typo", "none", "metric"],
)
def test_unknown_methods_are_refused(method, error, rest):
    for call in (
        lambda: check_method(method),
        lambda: find_weights(method, *unlike(100)),
    ):
        with pytest.raises(error, match=f"^{re.escape(MUST + rest)}$"):
            call()


def test_the_parameter_can_have_another_name():
    with pytest.raises(ValueError, match=r"^weights must be one of 'uniform', .*got 'mean'"):
        check_method("mean", name="weights")
    with pytest.raises(ValueError, match=r"a scorer, or an array of shape \(2,\), got 'mean'"):
        check_method("mean", name="weights", also="an array of shape (2,)")


@pytest.mark.parametrize("method", [*LEARNED, "uniform", "neg_brier_score"], ids=name)
def test_known_methods_pass(method):
    assert check_method(method) is None


@pytest.mark.parametrize("method", [*LEARNED, "uniform"], ids=name)
def test_arrays_are_checked_for_every_method(method):
    probas, y = unlike(n_rows=20)
    with pytest.raises(ValueError, match=r"^probas must be finite and between 0 and 1"):
        find_weights(method, probas * np.nan, y)
    with pytest.raises(ValueError, match=r"^y must be class indices from 0 to 2"):
        find_weights(method, probas, y + 1)
