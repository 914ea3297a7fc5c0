"""Tables of a fitted classifier on rows that it has not seen, and of a comparison."""

import sys

import numpy as np
import pytest
from scipy import stats
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import accuracy_score, log_loss
from sklearn.model_selection import train_test_split
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from skensemble import SnapshotEnsembleClassifier
from skensemble.evaluation import METHODS, compare, evaluate, row_differences, row_scores


@pytest.fixture(scope="module")
def letters(blobs):
    X, y = blobs
    return X, np.array(["c", "b", "a"])[y]


@pytest.fixture(scope="module")
def clf(letters):
    X, y = letters
    clf = SnapshotEnsembleClassifier(
        M=2, epochs=4, alpha_zero=0.05, model__units=(8,), validation_fraction=0.2, random_state=0
    )
    return clf.fit(X[:60], y[:60])


@pytest.fixture(scope="module")
def table(clf, letters):
    return evaluate(clf, letters[0][60:], letters[1][60:])


def test_values_by_scikit_learn(clf, letters, table):
    X, y = letters[0][60:], letters[1][60:]
    members = clf.member_predict_proba(X)
    expected = {
        "snapshot 1": members[0],
        "snapshot 2": members[1],
        "equal weights": members.mean(axis=0),
        "ensemble": clf.predict_proba(X),
    }
    assert list(dict.fromkeys(table.index.get_level_values("prediction"))) == list(expected)
    for name, proba in expected.items():
        values = table.loc[name, "value"]
        assert values["accuracy"] == accuracy_score(y, clf.classes_[proba.argmax(axis=1)])
        assert values["log_loss"] == pytest.approx(log_loss(y, proba), rel=1e-5)


def test_intervals_are_those_of_the_rows(clf, letters, table):
    X, y = letters[0][60:], letters[1][60:]
    indices = np.searchsorted(clf.classes_, y)
    proba, first = clf.predict_proba(X), clf.member_predict_proba(X)[0]
    for metric, interval in row_scores(first, indices).items():
        found = table.loc[("snapshot 1", metric)]
        assert (found["value"], found["low"], found["high"]) == pytest.approx(
            (interval.value, interval.low, interval.high), rel=1e-5
        )
    for metric, interval in row_differences(proba, first, indices).items():
        found = table.loc[("snapshot 1", metric)]
        assert (found["difference_low"], found["difference_high"]) == pytest.approx(
            (interval.low, interval.high), rel=1e-4, abs=1e-6
        )
        assert found["verdict"] in ("better", "worse", "no difference shown")
    assert table.loc["ensemble", "difference"].isna().all()
    assert table.loc[("snapshot 1", "calibration_error"), "verdict"] == ""


def test_other_classifiers_and_pipelines(letters):
    X, y = letters
    clf = make_pipeline(StandardScaler(), LogisticRegression()).fit(X[:60], y[:60])
    table = evaluate(clf, X[60:], y[60:])
    assert set(table.index.get_level_values("prediction")) == {"ensemble"}
    assert table.loc[("ensemble", "accuracy"), "value"] == clf.score(X[60:], y[60:])


def test_unknown_labels(clf, letters):
    with pytest.raises(ValueError) as caught:
        evaluate(clf, letters[0][:1], ["z"])
    assert str(caught.value) == (
        "y must be labels that training has seen, 'a', 'b', 'c', got labels 'z' instead: bring "
        "rows of these classes only."
    )


def test_needs_pandas(clf, letters, monkeypatch):
    monkeypatch.setitem(sys.modules, "pandas", None)
    with pytest.raises(ImportError) as caught:
        evaluate(clf, *letters)
    assert str(caught.value) == (
        "skensemble.evaluation.evaluate needs pandas, which is not installed: run `pip install "
        "skensemble[data]`."
    )


SETTINGS = {"M": 2, "epochs": 4, "alpha_zero": 0.05, "model__units": (8,), "batch_size": 16}


@pytest.fixture(scope="module")
def compared(blobs):
    return compare(SnapshotEnsembleClassifier(**SETTINGS), *blobs, n_seeds=2)


def test_runs_are_those_of_the_estimator(compared, blobs):
    assert compared.runs[["seed", "method"]].to_numpy().tolist() == [
        [seed, method] for seed in (0, 1) for method in METHODS
    ]
    X, y = blobs
    rows, test = train_test_split(np.arange(90), test_size=0.25, stratify=y, random_state=1)
    clf = SnapshotEnsembleClassifier(**SETTINGS, random_state=1).fit(X[rows], y[rows])
    run = compared.runs.set_index(["seed", "method"]).loc[(1, "snapshots-learned")]
    assert run["log_loss"] == pytest.approx(log_loss(y[test], clf.predict_proba(X[test])), rel=1e-4)
    assert run["accuracy"] == pytest.approx(clf.score(X[test], y[test]))
    np.testing.assert_allclose(run["weights"], clf.weights_, atol=1e-4)


def test_intervals_by_scipy(compared):
    runs = compared.runs.set_index(["method", "seed"])["log_loss"]
    for method in METHODS:
        interval = stats.ttest_1samp(runs[method], 0).confidence_interval()
        score = compared.scores.loc[(method, "log_loss")]
        assert (score["low"], score["high"]) == pytest.approx((interval.low, interval.high))
        if method == "single":
            assert ("single", method) not in compared.differences.index
            continue
        interval = stats.ttest_rel(runs[method], runs["single"]).confidence_interval()
        difference = compared.differences.loc[("single", method, "log_loss")]
        assert (difference["low"], difference["high"]) == pytest.approx(
            (interval.low, interval.high)
        )
        shown = difference["verdict"] != "no difference shown"
        assert shown == (interval.low > 0 or interval.high < 0)


@pytest.mark.parametrize(
    ("params", "message"),
    [
        ({"weighting": "uniform"}, "weighting must be a way to learn weights, got 'uniform'"),
        ({"validation_fraction": None}, "validation_fraction must be a share of the rows, got No"),
        ({"M": 60}, "epochs must be at least M=60, one for each of the independent networks"),
    ],
)
def test_estimators_that_cannot_be_compared(params, message, blobs):
    with pytest.raises(ValueError, match=f"^{message}"):
        compare(SnapshotEnsembleClassifier(**params), *blobs)


def test_other_estimators(blobs):
    with pytest.raises(TypeError) as caught:
        compare(LogisticRegression(), *blobs)
    assert str(caught.value) == (
        "estimator must be a SnapshotEnsembleClassifier, got LogisticRegression instead: no other "
        "method has a warm-up or other members in its budget."
    )


def test_compare_needs_pandas(blobs, monkeypatch):
    monkeypatch.setitem(sys.modules, "pandas", None)
    with pytest.raises(ImportError, match=r"^skensemble\.evaluation\.compare needs pandas, which"):
        compare(SnapshotEnsembleClassifier(), *blobs)
