"""Mean and standard deviation of channels."""

import numpy as np

from skensemble.datasets import channel_statistics


def test_mean_and_std_are_those_of_numpy():
    X = np.random.default_rng(0).integers(0, 256, (2500, 3, 2, 3)).astype(np.uint8)
    X[..., 2] = 7
    mean, std = channel_statistics(X)
    np.testing.assert_allclose(mean, X.mean(axis=(0, 1, 2)))
    np.testing.assert_allclose(std[:2], X.std(axis=(0, 1, 2))[:2])
    assert std[2] == 1  # what is constant is not divided by 0
    assert len(channel_statistics(np.ones((5, 3)))[0]) == 3
