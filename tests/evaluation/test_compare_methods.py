"""A comparison at equal compute in Python."""

import sys

import numpy as np
import pytest
from scipy import stats
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import log_loss
from sklearn.model_selection import train_test_split

from skensemble import SnapshotEnsembleClassifier
from skensemble.evaluation import METHODS, compare

SETTINGS = {"M": 2, "epochs": 4, "alpha_zero": 0.05, "model__units": (8,), "batch_size": 16}


@pytest.fixture(scope="module")
def found(blobs):
    return compare(SnapshotEnsembleClassifier(**SETTINGS), *blobs, n_seeds=2)


def test_runs_are_those_of_the_estimator(found, blobs):
    assert found.runs[["seed", "method"]].to_numpy().tolist() == [
        [seed, method] for seed in (0, 1) for method in METHODS
    ]
    X, y = blobs
    rows, test = train_test_split(np.arange(90), test_size=0.25, stratify=y, random_state=1)
    clf = SnapshotEnsembleClassifier(**SETTINGS, random_state=1).fit(X[rows], y[rows])
    run = found.runs.set_index(["seed", "method"]).loc[(1, "snapshots-learned")]
    assert run["log_loss"] == pytest.approx(log_loss(y[test], clf.predict_proba(X[test])), rel=1e-4)
    assert run["accuracy"] == pytest.approx(clf.score(X[test], y[test]))
    np.testing.assert_allclose(run["weights"], clf.weights_, atol=1e-4)


def test_intervals_by_scipy(found):
    runs = found.runs.set_index(["method", "seed"])["log_loss"]
    for method in METHODS:
        interval = stats.ttest_1samp(runs[method], 0).confidence_interval()
        score = found.scores.loc[(method, "log_loss")]
        assert (score["low"], score["high"]) == pytest.approx((interval.low, interval.high))
        if method == "single":
            assert ("single", method) not in found.differences.index
            continue
        interval = stats.ttest_rel(runs[method], runs["single"]).confidence_interval()
        difference = found.differences.loc[("single", method, "log_loss")]
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


def test_needs_pandas(blobs, monkeypatch):
    monkeypatch.setitem(sys.modules, "pandas", None)
    with pytest.raises(ImportError, match=r"^skensemble\.evaluation\.compare needs pandas, which"):
        compare(SnapshotEnsembleClassifier(), *blobs)
