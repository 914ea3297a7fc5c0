"""Tables of a fitted classifier on rows that it has not seen."""

import sys

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import accuracy_score, log_loss
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from skensemble import SnapshotEnsembleClassifier
from skensemble.evaluation import evaluate, row_differences, row_scores


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
