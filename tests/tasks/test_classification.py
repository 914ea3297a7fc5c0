"""Labels and class indices."""

import re

import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import accuracy_score, log_loss

from holdouts import softmax
from skensemble.tasks import Classification


@pytest.mark.parametrize(
    "y",
    [
        np.array(["b", "a", "c", "a"]),
        ["b", "a", "c", "a"],
        pd.Series(["b", "a", "c", "a"]),
        pd.Categorical(["b", "a", "c", "a"]),
        np.array([7, -3, 9, -3]),
        np.array([2.0, 1.0, 3.0, 1.0]),
        np.array([True, False, True, False]),
        np.array(["b", "a", "c", "a"], dtype=object),
    ],
    ids=lambda y: type(y).__name__,
)
def test_round_trip(y):
    task, indices = Classification.learn(y)
    assert indices.dtype == np.int64
    np.testing.assert_array_equal(task.classes_, np.unique(np.asarray(y)))
    np.testing.assert_array_equal(task.inverse_transform(indices), np.asarray(y))
    np.testing.assert_array_equal(task.transform(y), indices)


def test_one_hot():
    y = np.eye(4)[[2, 0, 2]]
    np.testing.assert_array_equal(Classification.learn(y.tolist())[1], [2, 0, 2])
    task, indices = Classification.learn(y)
    np.testing.assert_array_equal(indices, [2, 0, 2])
    np.testing.assert_array_equal(task.classes_, [0, 1, 2, 3])
    np.testing.assert_array_equal(task.inverse_transform(np.array([2, 0, 2])), y)
    message = (
        "y must be of 4 columns, got 3 columns instead: give every set of labels the same columns."
    )
    with pytest.raises(ValueError, match=f"^{re.escape(message)}$"):
        task.transform(np.eye(3))


def test_types():
    assert Classification.learn([0, 1, 1])[0].meta()["target_type_"] == "binary"
    assert Classification.learn([0, 1, 2])[0].meta()["target_type_"] == "multiclass"


@pytest.mark.parametrize(
    "y", [[0.5, 1.5, 2.5], np.array([[1, 1], [0, 1]]), np.array([[1, 2], [3, 4]])]
)
def test_refuses_what_are_no_classes(y):
    with pytest.raises(ValueError, match=r"label type|1d array|multi"):
        Classification.learn(y)


@pytest.mark.parametrize("weighted", [False, True])
def test_scores_of_each_member_are_scikit_learns(weighted):
    probas, y = softmax(n_members=4)
    mass = np.random.default_rng(0).integers(0, 3, size=y.size) if weighted else None
    scores = Classification.scores(probas, y, mass)
    for proba, loss, accuracy in zip(probas, scores["log_loss"], scores["accuracy"], strict=True):
        assert loss == pytest.approx(log_loss(y, proba, sample_weight=mass), abs=1e-14)
        expected = accuracy_score(y, proba.argmax(axis=1), sample_weight=mass)
        assert accuracy == pytest.approx(expected, abs=1e-15)


def test_scores_of_two_rows():
    probas = np.array([[[0.8, 0.2], [0.6, 0.4]], [[0.5, 0.5], [0.25, 0.75]]])
    scores = Classification.scores(probas, np.array([0, 1]), None)
    assert np.round(scores["log_loss"], 4).tolist() == [0.5697, 0.4904]
    assert scores["accuracy"] == [0.5, 1.0]


def test_a_member_that_is_not_finite_scores_nan():
    probas, y = softmax(n_members=3)
    probas[1, 5] = np.nan
    scores = Classification.scores(probas, y, None)
    losses, accuracies = scores["log_loss"], scores["accuracy"]
    assert np.isnan(losses).tolist() == np.isnan(accuracies).tolist() == [False, True, False]


def test_probability_zero_counts_as_epsilon():
    scores = Classification.scores([np.array([[0.0, 1.0]])], np.array([0]), None)
    assert scores == {"log_loss": [-np.log(2.0**-52)], "accuracy": [0.0]}
