"""Calling a network as prediction does."""

from typing import Any

import keras
import numpy as np
import scipy.sparse as sp


def dense_rows(X: Any) -> np.ndarray:
    """Return rows as a dense array, floats as Keras's default float type."""
    rows = X.toarray() if sp.issparse(X) else np.asarray(X)
    if rows.dtype.kind == "f":
        rows = rows.astype(keras.config.floatx(), copy=False)
    return rows


def prediction_mode(model) -> dict[str, bool]:
    """Return the argument that tells a model not to train, if its call takes one."""
    return {"training": False} if model._call_has_training_arg else {}
