"""Validation of X, y and sample weights."""

from __future__ import annotations

import functools

import keras
import numpy as np
from sklearn.utils.validation import _check_sample_weight, check_consistent_length, validate_data

from skensemble._validation import Described, must_be

_FEW_ENTRIES = 2**16


def check_X(estimator, X, *, reset: bool):
    """Return X as an array of any number of dimensions from 2, or as a CSR matrix.

    Neither copied nor converted where it is an array of numbers already.

    Raises
    ------
    ValueError
        If X has NaN or infinite entries, entries too large for the network's floats, or rows of
        another shape than in ``fit``.
    """
    limit = _largest(keras.config.floatx())
    if not reset and _is_plain(estimator, X, limit):
        return X
    X = validate_data(estimator, X, reset=reset, accept_sparse="csr", allow_nd=True)
    if X.dtype.kind == "f" and _largest(X.dtype.name) > limit and X.shape[0]:
        largest = max(abs(X.max()), abs(X.min()))
        if largest > limit:
            fix = "scale X, with StandardScaler for example"
            got = Described(f"an entry of size {largest:.3g}")
            raise ValueError(must_be("X", f"within the range of {keras.config.floatx()}", got, fix))
    if not reset and X.shape[1:] != estimator.X_shape_[1:]:
        raise ValueError(
            must_be(
                "X",
                f"made of rows of shape {estimator.X_shape_[1:]}, as in fit",
                Described(f"rows of shape {X.shape[1:]}"),
                "prepare X the same way for fit and predict",
            )
        )
    return X


@functools.cache
def _largest(dtype: str) -> float:
    return float(np.finfo(dtype).max)


def _is_plain(estimator, X, limit: float) -> bool:
    """Whether X is an array of few rows like those of ``fit``, with nothing to convert or to say.

    To find that out takes a tenth of the time of scikit-learn's validation, and of a prediction.
    """
    return (
        type(X) is np.ndarray
        and X.dtype.kind == "f"
        and 0 < X.size <= _FEW_ENTRIES
        and X.shape[1:] == estimator.X_shape_[1:]
        and not hasattr(estimator, "feature_names_in_")
        and float(np.abs(X).max()) <= limit  # not so for NaN
    )


def check_y_given(estimator, X, y) -> None:
    """Raise unless there is a label for each row."""
    if y is None:
        raise ValueError(
            f"This {type(estimator).__name__} estimator requires y to be passed, but the target y "
            "is None."
        )
    check_consistent_length(X, y)


def check_sample_weight(sample_weight, X):
    """Return None or float64 weights of shape (n,), not negative and not all 0."""
    if sample_weight is None:
        return None
    weight = _check_sample_weight(sample_weight, X, dtype=np.float64, ensure_non_negative=True)
    if not weight.any():
        fix = "leave sample_weight out to weigh all rows the same"
        got = Described("zeros only")
        raise ValueError(must_be("sample_weight", "positive somewhere", got, fix))
    return weight


def check_holdout_arguments(X_val, y_val) -> None:
    """Raise if only one half of a holdout is given."""
    if (X_val is None) != (y_val is None):
        given, missing = ("X_val", "y_val") if y_val is None else ("y_val", "X_val")
        raise ValueError(
            must_be(missing, f"given together with {given}", None, "pass both, or neither")
        )
