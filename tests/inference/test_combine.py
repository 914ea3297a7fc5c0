"""The weighted mean of members."""

import numpy as np
import pytest

from skensemble.inference import weighted_mean


def test_is_the_weighted_mean(global_random_seed):
    members = np.random.default_rng(global_random_seed).dirichlet(np.ones(4), size=(3, 50))
    weights = np.array([0.2, 0.5, 0.3])
    expected = np.tensordot(weights, members, axes=1)
    np.testing.assert_allclose(weighted_mean(iter(members), weights), expected, atol=1e-15)


def test_rows_never_exceed_one():
    weights = np.array([0.1, 0.2, 0.7]) / (0.1 + 0.2 + 0.7)
    sure = np.tile([1.0, 0.0], (1000, 1))
    combined = weighted_mean([sure] * 3, weights)
    assert combined.max() <= 1
    np.testing.assert_allclose(combined.sum(axis=1), 1, atol=1e-15)


def test_weights_need_not_sum_to_one():
    a, b = np.array([[1.0, 0.0]]), np.array([[0.0, 1.0]])
    np.testing.assert_allclose(weighted_mean([a, b], [1, 3]), [[0.25, 0.75]])


def test_leaves_its_input_alone():
    a, b = np.array([[1.0, 0.0]]), np.array([[0.0, 1.0]])
    weighted_mean([a, b], [1, 1])
    np.testing.assert_array_equal([a[0], b[0]], np.eye(2))


def test_needs_members():
    with pytest.raises(ValueError, match="^There is no member to combine.$"):
        weighted_mean([], [])
