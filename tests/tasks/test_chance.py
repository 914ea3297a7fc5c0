"""When a network is at chance level."""

import numpy as np
import pytest

from skensemble.tasks import Classification

is_at_chance = Classification.at_chance

Y = np.repeat([0, 1], [70, 30])


def constant(*row):
    return np.tile(row, (100, 1))


def informed(share):
    """Sure and right on a share of the rows, the class frequencies on the others."""
    proba = constant(0.7, 0.3)
    n = int(share * 100)
    rows = np.random.default_rng(0).permutation(100)[:n]
    proba[rows] = 0.01
    proba[rows, Y[rows]] = 0.99
    return proba


@pytest.mark.parametrize(
    "proba", [constant(0.7, 0.3), constant(0.5, 0.5), constant(1.0, 0.0), constant(0.0, 1.0)]
)
def test_constant_predictions_always_are(proba):
    assert is_at_chance(proba, Y)


@pytest.mark.parametrize("share", [0.1, 0.5, 1.0])
def test_learning_shows(share):
    assert not is_at_chance(informed(share), Y)


def test_better_probabilities_alone_are_enough():
    # Always class 0, as in imbalanced data, but surer where it is right.
    proba = constant(0.9, 0.1)
    proba[Y == 1] = [0.6, 0.4]
    assert proba.argmax(axis=1).max() == 0
    assert not is_at_chance(proba, Y)


def test_weights_change_the_frequencies():
    # With these weights both classes are as frequent: 70% right is then no chance level.
    weight = np.where(Y == 0, 30.0, 70.0)
    proba = constant(0.5, 0.5)
    proba[::2] = np.eye(2)[Y[::2]] * 0.8 + 0.1
    assert not is_at_chance(proba, Y, weight)
    assert is_at_chance(constant(0.5, 0.5), Y, weight)
