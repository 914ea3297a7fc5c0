"""Mean and standard deviation of training rows."""

from __future__ import annotations

import numpy as np

_N_AT_ONCE = 1024


def mean_and_std(X: np.ndarray) -> tuple[list[float], list[float]]:
    """Mean and standard deviation of each channel of images, or of each feature.

    Parameters
    ----------
    X : ndarray of shape (n, ..., c)
        Numbers; read some rows at a time.

    Returns
    -------
    mean, std : list of float
        One value per channel. The standard deviation of one that is constant is given as 1, so
        that nothing is divided by 0.
    """
    axes = tuple(range(X.ndim - 1))
    n = X[..., 0].size
    parts = [slice(i, i + _N_AT_ONCE) for i in range(0, len(X), _N_AT_ONCE)]
    mean = sum(X[part].sum(axis=axes, dtype=np.float64) for part in parts) / n
    squares = sum(np.square(X[part] - mean).sum(axis=axes) for part in parts)
    std = np.sqrt(squares / n)
    return mean.tolist(), np.where(std > 1e-12 * np.abs(mean), std, 1.0).tolist()
