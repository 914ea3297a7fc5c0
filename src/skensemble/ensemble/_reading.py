"""Reading X, y and the weights of rows."""

import functools
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import keras
import numpy as np
from sklearn.preprocessing import FunctionTransformer
from sklearn.utils.validation import _check_sample_weight, check_consistent_length, validate_data

from skensemble._validation import Described, must_be
from skensemble.ensemble._holdout import Holdout

_FEW_ENTRIES = 2**16


@dataclass(frozen=True, eq=False)
class Schema:
    """What the first fit learned of the form of X and y."""

    task: Any  # what y is made of
    X_shape: tuple[int, ...]  # shape of X, as the user passed it
    row_shape: tuple[int, ...]  # of a row, as the network takes it
    row_dtype: np.dtype  # of a row, as the network takes it
    feature_encoder: Any  # between the two
    meta: Mapping[str, Any]  # what a builder may know, by the names that scikeras has for it

    def encode(self, X):
        """Turn checked rows into those that the network takes."""
        return X if self.feature_encoder is None else self.feature_encoder.transform(X)


@dataclass(frozen=True, eq=False)
class TrainingRows:
    """Checked rows, as training takes them."""

    schema: Schema  # their form
    X: Any  # (n, ...): As the network takes it
    y: np.ndarray  # (n, ...): Targets, as the task encodes them
    sample_weight: np.ndarray | None  # (n,): Weight of each row, that of its class included
    class_weights: np.ndarray | None  # (k,): Weight of each class
    mean_weight: float  # mean of the positive weights that the user gave


def unfitted_twin(estimator):
    """Return an estimator of the same parameters, for scikit-learn to write down what X is like."""
    return type(estimator)(**estimator.get_params(deep=False))


def learn_schema(reader, X, y) -> tuple[Schema, Any, np.ndarray]:
    """Learn the form of X and y from the rows of a first fit."""
    check_y_given(reader, X, y)
    y_dtype = np.asarray(y).dtype
    X = check_X(reader, X, None)
    task, y = reader._task.learn(y)
    encoder = reader.feature_encoder
    if type(encoder) is FunctionTransformer and encoder.func is None:
        encoder = None
    encoder = encoder if encoder is None else encoder.fit(X)
    meta = {
        name: getattr(reader, name)
        for name in ("n_features_in_", "feature_names_in_")
        if name in vars(reader)
    }
    meta |= {"X_shape_": X.shape, "X_dtype_": X.dtype, "y_dtype_": y_dtype}
    meta |= {"feature_encoder_": encoder, **task.meta()}
    rows = X if encoder is None else encoder.transform(X)
    return Schema(task, X.shape, rows.shape[1:], rows.dtype, encoder, meta), rows, y


def read_training_rows(reader, X, y, sample_weight, schema: Schema | None = None) -> TrainingRows:
    """Check the rows to train on."""
    if schema is None:
        schema, X, y = learn_schema(reader, X, y)
    else:
        check_y_given(reader, X, y)
        X = schema.encode(check_X(reader, X, schema))
        y = schema.task.transform(y)
    weight = check_sample_weight(sample_weight, X)
    mean_weight = 1.0 if weight is None else float(weight[weight > 0].mean())
    class_weights = schema.task.weight_of_each_class(getattr(reader, "class_weight", None), y)
    if class_weights is not None:
        weight = class_weights[y] if weight is None else weight * class_weights[y]
    return TrainingRows(schema, X, y, weight, class_weights, mean_weight)


def read_holdout(reader, schema: Schema, class_weights, X, y, sample_weight, name: str) -> Holdout:
    """Check rows that the user has kept out of training; ``name`` is what errors call y."""
    check_y_given(reader, X, y)
    X = check_X(reader, X, schema)
    weight = check_sample_weight(sample_weight, X)
    X, y = schema.encode(X), schema.task.transform(y, name=name)
    if class_weights is not None:
        weight = class_weights[y] if weight is None else weight * class_weights[y]
        if not weight.any():
            got = Described(f"0 for every row of {name}")
            fix = "hold out rows of a class that counts"
            raise ValueError(must_be("class_weight", f"positive somewhere in {name}", got, fix))
    return Holdout(X, y, weight)


def check_X(reader, X, schema: Schema | None):
    """Return X as an array of any number of dimensions from 2, or as a CSR matrix.

    Neither copied nor converted where it is an array of numbers already.
    """
    limit = _largest(keras.config.floatx())
    if schema is not None and _is_plain(X, schema, limit):
        return X
    X = validate_data(reader, X, reset=schema is None, accept_sparse="csr", allow_nd=True)
    if X.dtype.kind == "f" and _largest(X.dtype.name) > limit and X.shape[0]:
        largest = max(abs(X.max()), abs(X.min()))
        if largest > limit:
            fix = "scale X, with StandardScaler for example"
            got = Described(f"an entry of size {largest:.3g}")
            raise ValueError(must_be("X", f"within the range of {keras.config.floatx()}", got, fix))
    if schema is not None and X.shape[1:] != schema.X_shape[1:]:
        must = f"made of rows of shape {schema.X_shape[1:]}, as in fit"
        got = Described(f"rows of shape {X.shape[1:]}")
        fix = "prepare X the same way for fit and predict"
        raise ValueError(must_be("X", must, got, fix))
    return X


@functools.cache
def _largest(dtype: str) -> float:
    return float(np.finfo(dtype).max)


def _is_plain(X, schema: Schema, limit: float) -> bool:
    """Whether X is an array of few rows like those of ``fit``, with nothing to convert or to say.

    To find that out takes a tenth of the time of scikit-learn's validation, and of a prediction.
    """
    return (
        type(X) is np.ndarray
        and X.dtype.kind == "f"
        and 0 < X.size <= _FEW_ENTRIES
        and X.shape[1:] == schema.X_shape[1:]
        and "feature_names_in_" not in schema.meta
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


def check_both_or_neither(X, y, X_name: str = "X_val", y_name: str = "y_val") -> None:
    """Raise if only one half of a holdout is given."""
    if (X is None) != (y is None):
        given, missing = (X_name, y_name) if y is None else (y_name, X_name)
        fix = "pass both, or neither"
        raise ValueError(must_be(missing, f"given together with {given}", None, fix))
