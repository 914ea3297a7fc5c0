"""From the user's ``augmentation`` to what a training run does to its batches."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np

from skensemble._validation import Described, must_be
from skensemble.ensemble._architecture import copy_layer
from skensemble.inference import dense_rows, prediction_mode
from skensemble.training import Augmentation

_N_ROWS = 2


def check_augmentation(augmentation: Any) -> None:
    """Raise unless it is a layer, a function, or None."""
    if augmentation is not None and (isinstance(augmentation, type) or not callable(augmentation)):
        must = "a Keras layer or model, a function of a batch of rows, or None"
        fix = "pass the layer itself, as in keras.layers.RandomFlip('horizontal')"
        raise TypeError(must_be("augmentation", must, augmentation, fix))


def fresh_augmentation(augmentation: Any, X) -> Augmentation | None:
    """Make what augments the batches of one training run, and try it.

    Parameters
    ----------
    augmentation : keras.layers.Layer, callable or None
        The parameter. A layer is copied: the caller's keeps the state of its random numbers. Where
        it has no seed of its own, that of the copy comes from the global generators.
    X : ndarray or CSR matrix
        Training rows, of which the first are tried.

    Raises
    ------
    ValueError
        If it changes the shape of a row, or, where it is a layer, changes rows in prediction too.
    """
    if augmentation is None:
        return None
    rows = keras.ops.convert_to_tensor(dense_rows(X[:_N_ROWS]))
    try:
        if not isinstance(augmentation, keras.layers.Layer):
            _check_shape(augmentation(rows), rows)
            return Augmentation(augmentation)
        layer = copy_layer(augmentation)
        _check_off_at_prediction(layer, rows)  # and build it
        _check_shape(Augmentation(copy_layer(augmentation))(rows), rows)
    except Exception as error:
        error.add_note(
            f"raised when the first rows of X, of shape {tuple(rows.shape)} and dtype "
            f"{keras.backend.standardize_dtype(rows.dtype)}, were run through augmentation"
        )
        raise
    return Augmentation(layer)


def _check_shape(augmented, rows) -> None:
    if tuple(augmented.shape) != tuple(rows.shape):
        got = Described(f"{tuple(augmented.shape)}")
        fix = "a change of size, such as Resizing, belongs to the network"
        must = f"of the shape that its rows had, {tuple(rows.shape)}"
        raise ValueError(must_be("the result of augmentation", must, got, fix))


def _check_off_at_prediction(layer, rows) -> None:
    left = layer(rows, **prediction_mode(layer))
    _check_shape(left, rows)
    left, rows = (np.asarray(keras.ops.cast(values, "float32")) for values in (left, rows))
    half = keras.backend.standardize_dtype(layer.compute_dtype) in ("float16", "bfloat16")
    if not np.allclose(left, rows, rtol=1e-2 if half else 1e-6, atol=1e-6, equal_nan=True):
        raise ValueError(
            must_be(
                "augmentation",
                "a layer that leaves rows as they are in prediction (training=False)",
                layer.name,
                "what prediction needs too, such as Normalization or Rescaling, belongs to the "
                "network; a layer that does not know of training is passed as a function, as in "
                "lambda X: layer(X)",
            )
        )
