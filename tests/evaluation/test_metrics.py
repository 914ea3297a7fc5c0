"""Scores of class probabilities."""

import numpy as np
import pytest

from skensemble.evaluation import (
    METRICS,
    calibration_error,
    combine_members,
    score_probabilities,
)

ACCURACY, LOG_LOSS, *_ = METRICS


def test_scores_of_three_rows_by_hand():
    proba = np.array([[0.7, 0.2, 0.1], [0.1, 0.8, 0.1], [0.5, 0.3, 0.2]])
    scores = score_probabilities(proba, np.array([0, 1, 2]))
    assert list(scores) == [metric.name for metric in METRICS]
    assert scores["accuracy"] == pytest.approx(2 / 3)
    assert scores["log_loss"] == pytest.approx(-np.log(0.7 * 0.8 * 0.2) / 3)
    # The confidences 0.7, 0.8 and 0.5 are in three bins: |1 - 0.7|, |1 - 0.8|, |0 - 0.5|.
    assert scores["calibration_error"] == pytest.approx((0.3 + 0.2 + 0.5) / 3)
    squares = 0.3**2 + 0.2**2 + 0.1**2, 0.2**2 + 2 * 0.1**2, 0.5**2 + 0.3**2 + 0.8**2
    assert scores["brier"] == pytest.approx(sum(squares) / 3)


def test_two_classes_have_the_same_brier_score_as_many():
    proba = np.array([[0.7, 0.3], [0.4, 0.6]])
    assert score_probabilities(proba, np.array([0, 0]))["brier"] == pytest.approx(
        (2 * 0.3**2 + 2 * 0.6**2) / 2
    )


def test_classes_without_rows_count():
    scores = score_probabilities(np.full((2, 4), 0.25), np.array([1, 1]))
    assert scores["log_loss"] == pytest.approx(np.log(4))


def test_a_network_that_diverged_has_no_scores():
    scores = score_probabilities(np.array([[0.5, 0.5], [np.nan, np.nan]]), np.array([0, 1]))
    assert np.isnan(list(scores.values())).all()


def test_weights_count_rows():
    """A row of weight 2 counts as two rows do."""
    rng = np.random.default_rng(0)
    proba, y = rng.dirichlet([0.5, 0.5, 0.5], size=40), rng.integers(3, size=40)
    weight = rng.integers(1, 4, size=40)
    expected = score_probabilities(proba.repeat(weight, axis=0), y.repeat(weight))
    assert score_probabilities(proba, y, weight.astype(float)) == pytest.approx(expected)


def test_members_that_are_not_finite_have_no_part():
    members = np.array([[[0.2, 0.8]], [[np.nan, 1.0]], [[0.6, 0.4]]])
    np.testing.assert_allclose(combine_members(members, np.array([1.0, 2.0, 3.0])), [[0.5, 0.5]])
    assert np.isnan(combine_members(members, np.array([0.0, 1.0, 0.0]))).all()


def test_calibration_error_bin_by_bin():
    rng = np.random.default_rng(0)
    proba = rng.dirichlet([0.3, 0.3, 0.3], size=500)
    y = rng.integers(3, size=500)
    confidence, right = proba.max(axis=1), proba.argmax(axis=1) == y
    expected = 0.0
    for b in range(15):
        inside = (confidence > b / 15) & (confidence <= (b + 1) / 15)
        if inside.any():
            gap = abs(right[inside].mean() - confidence[inside].mean())
            expected += inside.sum() / 500 * gap
    assert calibration_error(proba, y) == pytest.approx(expected)
    assert expected > 0.1


@pytest.mark.parametrize(("proba", "error"), [([[1.0, 0.0]], 0.0), ([[0.0, 1.0]], 1.0)])
def test_calibration_error_of_a_sure_row(proba, error):
    assert calibration_error(np.array(proba), np.array([0])) == error


def test_shown_with_interval_where_there_is_one():
    assert ACCURACY.show(0.5, 0.012) == "50.00 ± 1.20"
    assert LOG_LOSS.show(0.5, float("nan")) == "0.5000"
    assert LOG_LOSS.show(0.5, 0.1, sign=True) == "+0.5000 ± 0.1000"
