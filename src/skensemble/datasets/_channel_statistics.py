"""Mean and standard deviation of training rows, for networks that start with them."""

import numpy as np

_N_AT_ONCE = 1024


def channel_statistics(X: np.ndarray) -> tuple[list[float], list[float]]:
    """Compute mean and standard deviation of each channel of images, or of each feature.

    They are what the networks of `skensemble.models` take as ``mean`` and ``std``.

    Parameters
    ----------
    X : ndarray of shape (n, ..., c)
        Numbers; read some rows at a time.

    Returns
    -------
    mean, std : list of float
        One value per channel. The standard deviation of one that is constant is given as 1, so
        that nothing is divided by 0.

    Examples
    --------
    >>> channel_statistics(np.array([[0.0, 5.0], [2.0, 5.0]]))
    ([1.0, 5.0], [1.0, 1.0])
    """
    from sklearn.preprocessing import StandardScaler

    scaler = StandardScaler()
    for start in range(0, len(X), _N_AT_ONCE):
        rows = X[start : start + _N_AT_ONCE].reshape(-1, X.shape[-1])
        scaler.partial_fit(rows.astype(np.float64))
    return scaler.mean_.tolist(), scaler.scale_.tolist()
