import numpy as np
import pytest
from sklearn.metrics import accuracy_score, log_loss

from holdouts import softmax
from skensemble.weighting import member_scores


@pytest.mark.parametrize("weighted", [False, True])
def test_scores_of_each_member_are_scikit_learns(weighted):
    probas, y = softmax(n_members=4)
    mass = np.random.default_rng(0).integers(0, 3, size=y.size) if weighted else None
    losses, accuracies = member_scores(probas, y, mass)
    for proba, loss, accuracy in zip(probas, losses, accuracies, strict=True):
        assert loss == pytest.approx(log_loss(y, proba, sample_weight=mass), abs=1e-14)
        expected = accuracy_score(y, proba.argmax(axis=1), sample_weight=mass)
        assert accuracy == pytest.approx(expected, abs=1e-15)


def test_a_member_that_is_not_finite_scores_nan():
    probas, y = softmax(n_members=3)
    probas[1, 5] = np.nan
    losses, accuracies = member_scores(probas, y)
    assert np.isnan(losses).tolist() == np.isnan(accuracies).tolist() == [False, True, False]


def test_probability_zero_counts_as_epsilon():
    losses, accuracies = member_scores([np.array([[0.0, 1.0]])], np.array([0]))
    assert losses.tolist() == [-np.log(2.0**-52)]
    assert accuracies.tolist() == [0.0]
