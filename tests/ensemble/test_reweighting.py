"""n_last, min_weight, and new weights without training."""

import pickle
import re

import numpy as np
import pytest
from sklearn.exceptions import NotFittedError
from sklearn.metrics import accuracy_score, f1_score, log_loss, make_scorer

from builders import dense
from skensemble import SnapshotEnsembleClassifier
from skensemble.ensemble._weighing import (
    Combination,
    HoldoutPredictions,
    find_combination,
)
from skensemble.tasks import Classification
from skensemble.weighting import evaluate_weights, find_weights, solve_log_loss

SETTINGS = {"M": 4, "epochs": 8, "random_state": 0}
WORDS = np.array(["a", "b", "c"])


def make(**params):
    return SnapshotEnsembleClassifier(dense, **{**SETTINGS, **params})


@pytest.fixture
def fitted(blobs):
    X, y = blobs
    return make().fit(X[:60], WORDS[y[:60]])


@pytest.fixture
def rows(blobs):
    X, y = blobs
    return X[60:], y[60:]


def test_reweight_learns_on_the_rows_given(fitted, rows):
    X, y = rows
    snapshots = fitted.snapshots_
    assert fitted.reweight(X, WORDS[y]) is fitted
    members = fitted.member_predict_proba(X)
    expected = solve_log_loss(members, y)
    np.testing.assert_allclose(fitted.weights_, expected.weights, atol=1e-9)
    assert fitted.weighting_.n_samples == 30
    assert fitted.weighting == "log_loss"
    scores = fitted.snapshot_scores_
    losses = [log_loss(y, p) for p in [*members, members.mean(0), fitted.predict_proba(X)]]
    np.testing.assert_allclose(scores["log_loss"], losses, rtol=1e-6)
    assert [s.scores["log_loss"] for s in fitted.snapshots_] == scores["log_loss"][:4]
    for mine, before in zip(fitted.snapshots_, snapshots, strict=True):
        np.testing.assert_array_equal(mine.weights[0], before.weights[0])


@pytest.mark.parametrize("method", ["uniform", "accuracy", "greedy", "auto", "f1_macro"])
def test_reweight_with_every_method(fitted, rows, method):
    X, y = rows
    fitted.reweight(X, WORDS[y], method=method)
    expected = find_weights(method, fitted.member_predict_proba(X), y, classes=WORDS)
    np.testing.assert_allclose(fitted.weights_, expected.weights, atol=1e-9)


def test_a_scorer_sees_the_users_labels(fitted, rows):
    X, y = rows
    scorer = make_scorer(f1_score, labels=["a"], average="macro")
    weights = fitted.reweight(X, WORDS[y], method=scorer).weights_
    expected = find_weights(scorer, fitted.member_predict_proba(X), y, classes=WORDS)
    np.testing.assert_allclose(weights, expected.weights, atol=1e-9)


def test_fit_with_a_scorer(blobs):
    X, y = blobs
    params = {"weighting": "balanced_accuracy", "validation_fraction": 30}
    clf = make(**params).fit(X, WORDS[y])
    assert clf.weighting_.criterion == "balanced_accuracy"
    assert clf.snapshot_scores_["name"][-1] == "learned"
    assert clf.weights_.sum() == pytest.approx(1)
    with_callable = make(**{**params, "weighting": make_scorer(accuracy_score)}).fit(X, WORDS[y])
    assert with_callable.score(X, WORDS[y]) > 0.8


def test_reweight_given_weights_and_the_last_snapshots(fitted, rows):
    X, y = rows
    fitted.reweight(X, WORDS[y], method=[1, 0, 1, 3], n_last=2)
    np.testing.assert_allclose(fitted.weights_, [0, 0, 0.25, 0.75])
    members = fitted.member_predict_proba(X)
    expected = evaluate_weights([1, 3], members[2:], y, method="given")
    assert fitted.weighting_.loss == pytest.approx(expected.loss)


def test_reweight_takes_its_defaults_from_the_parameters(blobs, rows):
    X, y = rows
    clf = make(weighting="uniform", n_last=2).fit(*(part[:60] for part in blobs))
    np.testing.assert_array_equal(clf.weights_, [0, 0, 0.5, 0.5])
    np.testing.assert_array_equal(clf.reweight(X, y).weights_, [0, 0, 0.5, 0.5])
    np.testing.assert_array_equal(clf.reweight(X, y, n_last=4).weights_, [0.25] * 4)


def test_rows_of_weight_zero_do_not_exist(fitted, rows):
    X, y = rows
    weight = np.r_[np.zeros(10), np.linspace(1, 2, 20)]
    wrong = y.copy()
    wrong[:10] = (y[:10] + 1) % 3
    np.testing.assert_allclose(
        fitted.reweight(X, WORDS[wrong], weight).weights_,
        make().fit(*_first(fitted)).reweight(X[10:], WORDS[y[10:]], weight[10:]).weights_,
        atol=1e-9,
    )


def _first(fitted):
    from sklearn.datasets import make_blobs

    X, y = make_blobs(90, n_features=4, centers=3, cluster_std=1.0, random_state=0)
    X = ((X - X.mean(axis=0)) / X.std(axis=0)).astype("float32")
    return X[:60], WORDS[y[:60]]


def test_class_weights_count_as_in_fit(blobs, rows):
    X, y = blobs
    class_weight = {0: 1.0, 1: 3.0, 2: 0.5}
    clf = make(class_weight=class_weight).fit(X[:60], y[:60])
    weights = clf.reweight(*rows).weights_
    by_hand = np.array([class_weight[label] for label in rows[1]])
    expected = solve_log_loss(clf.member_predict_proba(rows[0]), rows[1], by_hand)
    np.testing.assert_allclose(weights, expected.weights, atol=1e-9)


def test_small_weights_are_dropped_and_the_rest_weighed_again(fitted, rows):
    X, y = rows
    all_weights = fitted.reweight(X, WORDS[y]).weights_
    threshold = np.sort(all_weights)[1] + 1e-6  # drops two
    comparisons = fitted.weighting_.comparisons
    weights = fitted.reweight(X, WORDS[y], min_weight=threshold).weights_
    kept = np.flatnonzero(weights)
    assert 1 <= len(kept) <= 2
    members = fitted.member_predict_proba(X)
    np.testing.assert_allclose(weights[kept], solve_log_loss(members[kept], y).weights, atol=1e-9)
    assert (weights[kept] >= threshold).all()
    assert weights.sum() == pytest.approx(1)
    # Whether learning pays was asked of all of them.
    assert fitted.weighting_.comparisons == comparisons


def test_a_dropped_snapshot_is_not_computed(blobs):
    X, y = blobs
    clf = make(weighting=[1, 10, 10, 10], min_weight=0.1).fit(X, y)
    np.testing.assert_allclose(clf.weights_, [0, 1 / 3, 1 / 3, 1 / 3])
    expected = clf.member_predict_proba(X)[1:].mean(axis=0)
    np.testing.assert_allclose(clf.predict_proba(X), expected, atol=1e-6)


def test_equal_weights_are_never_dropped(blobs):
    clf = make(weighting="uniform", min_weight=0.249).fit(*blobs)
    np.testing.assert_array_equal(clf.weights_, [0.25] * 4)


MIN_WEIGHT = "0 keeps every snapshot, 0.01 drops those that hardly count."


@pytest.mark.parametrize(
    ("argument", "error", "message"),
    [
        (
            {"method": [1, 2]},
            ValueError,
            "method must be of shape (4,), as M=4, got an array of shape (2,) instead: pass one "
            "weight per snapshot, not negative, of which those combined have a positive sum.",
        ),
        (
            {"n_last": 5},
            ValueError,
            "n_last must be at most M=4, got 5 instead: None combines all snapshots.",
        ),
        (
            {"min_weight": 0.25},
            ValueError,
            "min_weight must be below 1/M=0.25, the weight of each where all are equal, got 0.25 "
            f"instead: {MIN_WEIGHT}",
        ),
        (
            {"min_weight": -1},
            ValueError,
            f"min_weight must be a finite number of at least 0, got -1 instead: {MIN_WEIGHT}",
        ),
    ],
    ids=["method", "n_last", "min_weight", "negative"],
)
def test_arguments(fitted, rows, argument, error, message):
    X, y = rows
    before = dict(vars(fitted))
    with pytest.raises(error, match=f"^{re.escape(message)}$"):
        fitted.reweight(X, WORDS[y], **argument)
    assert vars(fitted) == before


def test_a_class_without_a_row(fitted, rows, blobs):
    X, y = rows
    known = y > 0
    before = dict(vars(fitted))
    message = (
        "{} must be labels with every class of ['a', 'b', 'c'], got no row of ['a'] instead: "
        "bring rows of it to learn the weights on, or set weighting='uniform'."
    )
    with pytest.raises(ValueError, match=f"^{re.escape(message.format('y'))}$"):
        fitted.reweight(X[known], WORDS[y[known]])
    with pytest.raises(ValueError, match=f"^{re.escape(message.format('y'))}$"):
        fitted.reweight(X, WORDS[y], known.astype(float))
    assert vars(fitted) == before
    fitted.reweight(X[known], WORDS[y[known]], method="uniform")
    assert fitted.weighting_.n_samples == known.sum()
    clf = make()
    with pytest.raises(ValueError, match=f"^{re.escape(message.format('y_val'))}$"):
        clf.fit(*_first(fitted), X_val=X[known], y_val=WORDS[y[known]])
    assert not hasattr(clf, "snapshots_")


def test_before_fit(rows):
    with pytest.raises(NotFittedError):
        make().reweight(*rows)


def test_auto_is_decided_before_pruning():
    rng = np.random.default_rng(0)
    y = rng.integers(0, 2, 200)
    right = np.stack([rng.uniform(*range_, 200) for range_ in [(0.6, 0.9)] * 2 + [(0.2, 0.5)] * 2])
    probas = np.stack([np.where(y == c, right, 1 - right) for c in (0, 1)], axis=2)
    result = find_combination(
        Combination("auto", n_last=None, min_weight=0.15),
        np.ones(4, bool),
        HoldoutPredictions(probas, y, None),
        Classification(np.arange(2)),
    )
    assert result.method == "log_loss"
    assert result.comparisons[0].beats
    assert result.note.startswith("Learned weights")
    assert result.weights[:2].min() >= 0.15
    np.testing.assert_array_equal(result.weights[2:], 0)
    of_all = evaluate_weights([1] * 4, probas, y, method="uniform")
    assert result.uniform_loss == pytest.approx(of_all.loss)


def test_one_hot_rows_are_asked_for_by_name(blobs):
    X, y = blobs
    clf = make().fit(X, np.eye(3, dtype=int)[y])
    message = (
        "y must be one-hot rows, as in fit, got 1 dimensions instead: pass labels as you did to "
        "fit."
    )
    with pytest.raises(ValueError, match=f"^{message}$"):
        clf.reweight(X, y)


def test_a_scorer_that_cannot_score_is_refused_by_its_parameter(fitted, rows):
    X, y = rows
    before = dict(vars(fitted))
    with pytest.raises(ValueError, match="^method must be a scorer that can score the holdout"):
        fitted.reweight(X, WORDS[y], method="f1")
    assert vars(fitted) == before


def test_without_rows_the_holdout_of_fit_is_learned_from(blobs):
    X, y = blobs
    clf = make(validation_fraction=0.3).fit(X, y)
    again = make(validation_fraction=0.3).fit(X, y).reweight(method="greedy", n_last=2)
    clf.reweight(X[clf.holdout_], y[clf.holdout_], method="greedy", n_last=2)
    np.testing.assert_array_equal(again.weights_, clf.weights_)
    assert again.snapshot_scores_ == clf.snapshot_scores_


def test_without_rows_in_memory_only_known_weights_can_be_had(blobs):
    clf = pickle.loads(pickle.dumps(make().fit(*blobs)))
    message = (
        "X must be given where weights are learned and no holdout of fit is in memory, got None "
        "instead: pass X and y that trained no snapshot."
    )
    with pytest.raises(TypeError, match=f"^{re.escape(message)}$"):
        clf.reweight(method="log_loss")
    M = len(clf.weights_)
    assert clf.reweight(method="uniform").weights_.tolist() == [1 / M] * M
    assert clf.snapshot_scores_ is None
