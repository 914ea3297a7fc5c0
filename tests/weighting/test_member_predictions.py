import re

import numpy as np
import pytest

from skensemble.weighting import solve_log_loss

P = np.array([[[0.5, 0.5], [0.6, 0.4]], [[0.7, 0.3], [0.8, 0.2]]])
Y = np.array([0, 0])
STACK = "stack the predict_proba outputs of the snapshots, np.stack([...])."
SHAPE = "probas must be an array of shape (M, n, k): snapshots, rows, classes, none of them 0, got "
RANGE = "probas must be finite and between 0 and 1, got values from "
SOFTMAX = (
    " instead: pass probabilities (a softmax of the logits), and drop snapshots that diverged."
)
SUM = "probas must be probabilities that sum to 1 over the classes, got "
ROWS = (
    " instead: pass what predict_proba returns "
    "(a softmax of the logits, not one sigmoid per class)."
)
INDICES = " instead: np.searchsorted(classes_, labels) turns sorted labels into indices."
EQUAL = " instead: leave it out for equal ones."
MASS = "sample_weight must be finite, not negative and not all 0, got values from "


@pytest.mark.parametrize(
    ("changes", "error", "message"),
    [
        ({"probas": P[0]}, ValueError, f"{SHAPE}shape (2, 2) instead: {STACK}"),
        ({"probas": P[:0]}, ValueError, f"{SHAPE}shape (0, 2, 2) instead: {STACK}"),
        ({"probas": P[:, :0]}, ValueError, f"{SHAPE}shape (2, 0, 2) instead: {STACK}"),
        (
            {"probas": [[[0.5, 0.5]], [[0.5]]]},
            ValueError,
            f"{SHAPE}nested sequences of unequal lengths instead: {STACK}",
        ),
        (
            {"probas": P.astype(str)},
            TypeError,
            f"probas must be an array of real numbers, got dtype <U32 instead: {STACK}",
        ),
        ({"probas": P * np.nan}, ValueError, f"{RANGE}nan to nan{SOFTMAX}"),
        ({"probas": P * 2}, ValueError, f"{RANGE}0.4 to 1.6{SOFTMAX}"),
        ({"probas": P - 0.6}, ValueError, f"{RANGE}-0.4 to 0.2{SOFTMAX}"),
        ({"probas": P * 0 + np.inf}, ValueError, f"{RANGE}inf to inf{SOFTMAX}"),
        (
            {"probas": [[[0.5, 0.5], [0.6, 0.4]], [[0.7, 0.3], [0.8, 0.7]]]},
            ValueError,
            f"{SUM}1.5 in row 1 of member 1{ROWS}",
        ),
        ({"probas": P * 0}, ValueError, f"{SUM}0 in row 0 of member 0{ROWS}"),
        (
            {"probas": np.ones((2, 2, 2), int)},
            ValueError,
            f"{SUM}2 in row 0 of member 0{ROWS}",
        ),
        (
            {"probas": (P * 0.98).astype(np.float32)},
            ValueError,
            f"{SUM}0.98 in row 0 of member 0{ROWS}",
        ),
        (
            {"y": [0]},
            ValueError,
            "y must be class indices of shape (2,), one per row of probas, got shape (1,)"
            + INDICES,
        ),
        (
            {"y": [0.0, 1.0]},
            TypeError,
            f"y must be class indices of an integer dtype, got dtype float64{INDICES}",
        ),
        (
            {"y": [False, True]},
            TypeError,
            f"y must be class indices of an integer dtype, got dtype bool{INDICES}",
        ),
        (
            {"y": [0, 2]},
            ValueError,
            "y must be class indices from 0 to 1, the columns of probas, got values from 0 to 2"
            + INDICES,
        ),
        (
            {"y": [-1, 1]},
            ValueError,
            "y must be class indices from 0 to 1, the columns of probas, got values from -1 to 1"
            + INDICES,
        ),
        (
            {"sample_weight": [1.0]},
            ValueError,
            "sample_weight must be an array of shape (2,), one number per row of probas, "
            f"got shape (1,){EQUAL}",
        ),
        (
            {"sample_weight": [True, False]},
            TypeError,
            f"sample_weight must be an array of real numbers, got dtype bool{EQUAL}",
        ),
        ({"sample_weight": [1.0, -2.0]}, ValueError, f"{MASS}-2 to 1{EQUAL}"),
        ({"sample_weight": [1.0, np.nan]}, ValueError, f"{MASS}nan to nan{EQUAL}"),
        ({"sample_weight": [1.0, np.inf]}, ValueError, f"{MASS}1 to inf{EQUAL}"),
        ({"sample_weight": [0, 0]}, ValueError, f"{MASS}0 to 0{EQUAL}"),
        (
            {"prior": -1},
            ValueError,
            "prior must be a finite number of at least 0, got -1 instead: "
            "0 switches the prior off.",
        ),
        (
            {"prior": float("nan")},
            ValueError,
            "prior must be a finite number of at least 0, got nan instead: "
            "0 switches the prior off.",
        ),
        (
            {"prior": "1"},
            TypeError,
            "prior must be a finite number of at least 0, got '1' instead: "
            "0 switches the prior off.",
        ),
        (
            {"tol": 0.0},
            ValueError,
            "tol must be a finite number greater than 0, got 0.0 instead: tol=1e-9 is the default.",
        ),
        (
            {"max_iter": 0},
            ValueError,
            "max_iter must be an integer of at least 1, got 0 instead: "
            "max_iter=100 is the default.",
        ),
        (
            {"max_iter": 2.0},
            TypeError,
            "max_iter must be an integer of at least 1, got 2.0 instead: "
            "max_iter=100 is the default.",
        ),
    ],
)
def test_bad_input_is_refused(changes, error, message):
    with pytest.raises(error, match=f"^{re.escape(message)}$"):
        solve_log_loss(**{"probas": P, "y": Y} | changes)


def test_rounding_just_outside_0_and_1_is_accepted():
    probas = np.array([[[1 + 9e-7, 0.0], [0.5, 0.5]], [[-9e-7, 1.0], [0.5, 0.5]]])
    assert solve_log_loss(probas, Y, prior=0).weights.tolist() == [1.0, 0.0]
    with pytest.raises(ValueError, match="between 0 and 1"):
        solve_log_loss(probas + 2e-7, Y)
    with pytest.raises(ValueError, match="between 0 and 1"):
        solve_log_loss(probas - 2e-7, Y)


@pytest.mark.parametrize("n_classes", [2, 10, 1000])
def test_half_precision_sums_to_1_closely_enough(n_classes):
    rng = np.random.default_rng(0)
    probas = rng.dirichlet(np.full(n_classes, 0.5), size=(3, 20)).astype(np.float16)
    assert solve_log_loss(probas, rng.integers(n_classes, size=20)).converged


def test_votes_are_probabilities():
    probas = np.eye(3, dtype=np.int8)[[[0, 1, 2], [0, 1, 1]]]
    np.testing.assert_allclose(solve_log_loss(probas, [0, 1, 2], prior=0).weights, [1, 0])


@pytest.mark.parametrize("dtype", [np.uint8, np.int32, np.uint64])
def test_any_integer_labels(dtype):
    labels = np.array([0, 1], dtype=dtype)
    expected = solve_log_loss(P, [0, 1]).weights
    np.testing.assert_array_equal(solve_log_loss(P, labels).weights, expected)
