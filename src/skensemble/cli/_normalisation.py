"""Mean and standard deviation of training rows, and a network for tables that starts with them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

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


def normalised_mlp(
    input_shape: Sequence[int] | None = None,
    n_classes: int | None = None,
    *,
    units: int | Sequence[int] = (64, 64),
    dropout: float = 0.0,
    mean: Sequence[float] | None = None,
    std: Sequence[float] | None = None,
    meta: Mapping[str, Any] | None = None,
) -> Any:
    """`skensemble.models.mlp` behind a layer that shifts and scales the features.

    Parameters
    ----------
    input_shape, n_classes, units, dropout, meta
        As of `skensemble.models.mlp`.
    mean, std : sequence of float, optional
        Of each feature.
    """
    import keras

    from skensemble.models import mlp

    network = mlp(input_shape, n_classes, units=units, dropout=dropout, meta=meta)
    if mean is None or std is None:
        return network
    inputs = keras.Input(network.input_shape[1:])
    variance = np.square(std)
    x = keras.layers.Normalization(axis=-1, mean=mean, variance=variance, name="normalize")(inputs)
    for layer in network.layers[1:]:
        x = layer(x)
    return keras.Model(inputs, x)
