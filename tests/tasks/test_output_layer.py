"""From outputs to probabilities."""

import contextlib

import numpy as np
import pytest

from skensemble.tasks import OutputLayer


def test_softmax_rows_are_scaled_to_sum_exactly_one():
    outputs = np.array([[0.2, 0.3, 0.5001]], "float16")
    proba = OutputLayer(3, 3, from_logits=False).to_probabilities(outputs)
    assert proba.dtype == np.float64
    assert proba.sum() == pytest.approx(1, abs=1e-15)
    np.testing.assert_allclose(proba, [[0.2, 0.3, 0.5]], atol=1e-3)


def test_logits():
    logits = np.array([[1.0, 2.0, 4.0], [1000.0, 0.0, -1000.0]])
    proba = OutputLayer(3, 3, from_logits=True).to_probabilities(logits)
    e = np.exp([1.0, 2.0, 4.0])
    np.testing.assert_allclose(proba, [e / e.sum(), [1, 0, 0]], atol=1e-15)


def test_one_unit_is_the_second_class():
    proba = OutputLayer(2, 1, from_logits=False).to_probabilities(np.array([[0.25], [1.0]]))
    np.testing.assert_array_equal(proba, [[0.75, 0.25], [0, 1]])
    proba = OutputLayer(2, 1, from_logits=True).to_probabilities(np.array([[0.0], [-800.0]]))
    np.testing.assert_allclose(proba, [[0.5, 0.5], [1, 0]])


@pytest.mark.parametrize(
    ("n_units", "row", "expected"),
    [
        (3, [0.2, 0.3, 0.5], True),
        (3, [0.2, 0.3, 0.6], False),
        (3, [-0.2, 0.6, 0.6], False),
        (3, [0.2, 0.3, 0.503], True),  # the rounding of bfloat16
        (1, [0.7], True),
        (1, [1.3], False),
        (1, [-0.3], False),
    ],
)
def test_probabilities_are_recognised(n_units, row, expected):
    layer = OutputLayer(max(n_units, 2), n_units, from_logits=False)
    with contextlib.nullcontext() if expected else pytest.raises(ValueError, match="probabilities"):
        layer.check(np.array([row]))
