"""The weighted mean of members; predictive entropy, mutual information and disagreement."""

import math

import numpy as np
import pytest
from scipy.stats import entropy

from skensemble.inference import Uncertainty, uncertainty_of, weighted_mean


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


def random_members(seed, M=4, n=60, k=5):
    """Member probabilities, some of them 0, and weights."""
    rng = np.random.default_rng(seed)
    probas = rng.dirichlet(np.full(k, 0.3), size=(M, n))
    probas[probas < 1e-3] = 0
    probas /= probas.sum(axis=2, keepdims=True)
    return probas, rng.dirichlet(np.ones(M))


def entropy_of(row):
    return -sum(p * math.log(p) for p in row if p > 0)


def test_is_what_the_definitions_say(global_random_seed):
    probas, weights = random_members(global_random_seed)
    M, n, k = probas.shape
    found = uncertainty_of(probas, weights)
    assert isinstance(found, Uncertainty)
    for i in range(n):
        mean = [sum(weights[m] * probas[m, i, c] for m in range(M)) for c in range(k)]
        within = sum(weights[m] * entropy_of(probas[m, i]) for m in range(M))
        label = mean.index(max(mean))
        others = sum(weights[m] for m in range(M) if np.argmax(probas[m, i]) != label)
        assert found.predictive_entropy[i] == pytest.approx(entropy_of(mean), abs=1e-12)
        assert found.mutual_information[i] == pytest.approx(entropy_of(mean) - within, abs=1e-12)
        assert found.disagreement[i] == pytest.approx(others, abs=1e-12)


def test_agrees_with_scipy(global_random_seed):
    probas, weights = random_members(global_random_seed)
    found = uncertainty_of(probas, weights)
    mean = np.tensordot(weights, probas, 1)
    np.testing.assert_allclose(found.predictive_entropy, entropy(mean, axis=1), atol=1e-12)
    # The mutual information is the mean divergence of the members from their mean.
    divergence = weights @ entropy(probas, mean[None], axis=2)
    np.testing.assert_allclose(found.mutual_information, divergence, atol=1e-12)


def test_bounds(global_random_seed):
    probas, weights = random_members(global_random_seed)
    found = uncertainty_of(probas, weights)
    for values in found:
        assert values.shape == (60,)
        assert values.dtype == np.float64
        assert (values >= 0).all()
    assert (found.mutual_information <= found.predictive_entropy).all()
    assert (found.predictive_entropy <= math.log(5) + 1e-12).all()
    assert (found.disagreement < 1).all()
    assert found.disagreement.max() > 0


def test_members_that_are_the_same_do_not_disagree(global_random_seed):
    probas, weights = random_members(global_random_seed)
    found = uncertainty_of(np.repeat(probas[:1], 4, axis=0), weights)
    np.testing.assert_allclose(found.mutual_information, 0, atol=1e-14)
    assert (found.mutual_information >= 0).all()  # not even by a rounding error
    assert not found.disagreement.any()
    np.testing.assert_allclose(found.predictive_entropy, entropy(probas[0], axis=1), atol=1e-14)


def test_members_that_are_sure_are_uncertain_only_of_each_other():
    probas = np.eye(3)[[[0, 1], [1, 1], [2, 1]]]  # the first row of each differs
    found = uncertainty_of(probas, [0.2, 0.5, 0.3])
    np.testing.assert_allclose(found.predictive_entropy, [entropy([0.2, 0.5, 0.3]), 0])
    np.testing.assert_array_equal(found.mutual_information, found.predictive_entropy)
    np.testing.assert_allclose(found.disagreement, [0.5, 0])


def test_members_of_weight_zero_do_not_count():
    probas, weights = random_members(0)
    weights = np.array([0.25, 0, 0.75, 0])
    expected = uncertainty_of(probas[[0, 2]], [0.25, 0.75])
    probas[[1, 3]] = np.nan
    probas.setflags(write=False)
    np.testing.assert_array_equal(uncertainty_of(probas, weights), expected)


def test_weights_of_uncertainty_need_not_sum_to_one():
    probas, weights = random_members(0)
    found, expected = uncertainty_of(probas, 7 * weights), uncertainty_of(probas, weights)
    np.testing.assert_allclose(found, expected, atol=1e-12)


def test_no_rows():
    assert [len(values) for values in uncertainty_of(np.empty((2, 0, 3)), [0.5, 0.5])] == [0, 0, 0]


def test_uncertainty_needs_members():
    with pytest.raises(ValueError, match="^There is no member to combine.$"):
        uncertainty_of(np.full((2, 4, 3), 1 / 3), [0, 0])
