"""Reading X, y and the weights of rows, and keeping some rows out of training."""

import functools
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import keras
import numpy as np
from sklearn.preprocessing import FunctionTransformer
from sklearn.utils.validation import _check_sample_weight, check_consistent_length, validate_data

from skensemble._validation import Described, must_be
from skensemble._warnings import warn
from skensemble.ensemble._weighing import learns_weights
from skensemble.exceptions import HoldoutWarning


@dataclass(frozen=True, eq=False)
class Schema:
    task: Any  # what y is made of
    X_shape: tuple[int, ...]  # as the user passed it
    row_shape: tuple[int, ...]  # of a row, as the network takes it
    row_dtype: np.dtype  # of a row, as the network takes it
    feature_encoder: Any  # between the two
    meta: Mapping[str, Any]  # what a builder may know, by the names that scikeras has for it

    def encode(self, X):
        return X if self.feature_encoder is None else self.feature_encoder.transform(X)


@dataclass(frozen=True, eq=False)
class TrainingRows:
    schema: Schema  # the form of the rows
    X: Any  # (n, ...): As the network takes it
    y: np.ndarray  # (n, ...): Targets, as the task encodes them
    sample_weight: np.ndarray | None  # (n,): Weight of each row, that of its class included
    class_weights: np.ndarray | None  # (k,): Weight of each class
    mean_weight: float  # mean of the positive weights that the user gave


@dataclass(frozen=True, eq=False)
class Holdout:
    X: Any  # (n, ...): Features
    y: np.ndarray  # (n,): Class indices
    sample_weight: np.ndarray | None  # (n,): Weight of each row
    rows: np.ndarray | None = None  # where they are in X; None if they came by themselves


@dataclass(frozen=True, eq=False)
class Split:
    train: np.ndarray  # numbers of the rows to train on
    monitored: np.ndarray | None  # of those that only ``val_loss`` is computed on
    holdout: Holdout | None  # the rows to learn the weights on
    seen: np.ndarray  # distinct targets among the rows that have a weight
    digest: int | None  # of the rows that are not held out, where the holdout was chosen here


def unfitted_twin(estimator):
    """Return an estimator of the same parameters, for scikit-learn to write down what X is like."""
    return type(estimator)(**estimator.get_params(deep=False))


def learn_schema(reader, X, y) -> tuple[Schema, Any, np.ndarray]:
    check_y_given(reader, X, y)
    y_dtype = np.asarray(y).dtype
    X = check_X(reader, X, None)
    task, y = reader._task.learn(y)
    encoder = reader.feature_encoder
    is_identity = type(encoder) is FunctionTransformer and encoder.func is None
    encoder = None if encoder is None or is_identity else encoder.fit(X)
    known = vars(reader)
    meta = {name: known[name] for name in ("n_features_in_", "feature_names_in_") if name in known}
    meta |= {"X_shape_": X.shape, "X_dtype_": X.dtype, "y_dtype_": y_dtype}
    meta |= {"feature_encoder_": encoder, **task.meta()}
    rows = X if encoder is None else encoder.transform(X)
    return Schema(task, X.shape, rows.shape[1:], rows.dtype, encoder, meta), rows, y


def read_training_rows(reader, X, y, sample_weight, schema: Schema | None = None) -> TrainingRows:
    if schema is None:
        schema, X, y = learn_schema(reader, X, y)
        weight = check_sample_weight(sample_weight, X)
    else:
        X, y, weight = _read(reader, schema, X, y, sample_weight, "y")
    mean_weight = 1.0 if weight is None else float(weight[weight > 0].mean())
    class_weights = schema.task.weight_of_each_class(getattr(reader, "class_weight", None), y)
    weight = _times_class_weights(weight, class_weights, y)
    return TrainingRows(schema, X, y, weight, class_weights, mean_weight)


def read_holdout(reader, fitted, X, y, sample_weight, name: str) -> Holdout:
    """Check rows that the user kept out of training; ``name`` is what errors call y."""
    X, y, weight = _read(reader, fitted.schema, X, y, sample_weight, name)
    weight = _times_class_weights(weight, fitted.class_weights, y)
    if weight is not None and not weight.any():
        got = Described(f"0 for every row of {name}")
        fix = "hold out rows of a class that counts"
        raise ValueError(must_be("class_weight", f"positive somewhere in {name}", got, fix))
    return Holdout(X, y, weight)


def _read(reader, schema: Schema, X, y, sample_weight, name: str):
    check_y_given(reader, X, y)
    X = check_X(reader, X, schema)
    weight = check_sample_weight(sample_weight, X)
    return schema.encode(X), schema.task.transform(y, name=name), weight


def _times_class_weights(weight, class_weights, y) -> np.ndarray | None:
    if class_weights is None:
        return weight
    return class_weights[y] if weight is None else weight * class_weights[y]


def check_X(reader, X, schema: Schema | None):
    """Return X as an array of 2 dimensions or more, not copied if it is one, or a CSR matrix."""
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
    """Whether a small X needs no validation, which would take as long as the prediction."""
    return (
        type(X) is np.ndarray
        and X.dtype.kind == "f"
        and 0 < X.size <= 2**16
        and X.shape[1:] == schema.X_shape[1:]
        and "feature_names_in_" not in schema.meta
        and float(np.abs(X).max()) <= limit  # not so for NaN
    )


def check_y_given(estimator, X, y) -> None:
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
    if (X is None) != (y is None):
        given, missing = (X_name, y_name) if y is None else (y_name, X_name)
        fix = "pass both, or neither"
        raise ValueError(must_be(missing, f"given together with {given}", None, fix))


def split_rows(rows: TrainingRows, own: Holdout | None, settings, seed: int, earlier) -> Split:
    method, fraction = settings["weighting"], settings["validation_fraction"]
    learns = learns_weights(method)
    task, y, weight = rows.schema.task, rows.y, rows.sample_weight
    train = np.arange(len(y)) if weight is None else np.flatnonzero(weight)
    seen = np.unique(y[train])
    task.check_can_train(seen)
    holdout, digest = own, None
    if own is None and fraction is not None:
        kept, held_out = task.split_holdout(y[train], fraction, seed)
        if held_out is not None:
            held_out = train[held_out]
            of_holdout = None if weight is None else weight[held_out]
            holdout = Holdout(rows.X[held_out], y[held_out], of_holdout, rows=held_out)
        elif learns:
            warn_without_holdout(task, y[train], fraction, "snapshots")
        train = train[kept]
        digest = zlib.crc32(train.tobytes(), zlib.crc32(y.tobytes()))
    elif own is None and learns:
        must = "'uniform' or an array where validation_fraction=None"
        fix = "hold out some rows, as in validation_fraction=0.1, or pass X_val and y_val to fit"
        raise ValueError(must_be("weighting", must, method, fix))
    if holdout is not None:
        name = "y" if own is None else "y_val"
        check_can_weigh(task, method, holdout, seen, name=name, parameter="weighting")
    if earlier is not None and digest not in (None, earlier.holdout_digest):
        _refuse_seen_holdout(earlier.holdout_digest)
    train, monitored = _split_monitored(train, settings["validation_split"])
    return Split(train, monitored, holdout, seen, digest)


def warn_without_holdout(task, y: np.ndarray, fraction, members: str) -> None:
    what, fix = task.why_no_holdout(y, fraction)
    warn(
        f"{what}, so the {members} get equal weights. {fix}, to learn the weights.", HoldoutWarning
    )


def check_can_weigh(task, method, holdout: Holdout, seen, **words) -> None:
    if learns_weights(method):
        task.check_can_weigh(method, holdout.y, holdout.sample_weight, seen, **words)


def _refuse_seen_holdout(earlier: int | None) -> None:
    if earlier is None:
        must, got = "unseen by every cycle", "rows that the cycles so far may have been trained on"
        fix = "pass X_val and y_val, rows that trained nothing, or set warm_start=False"
    else:
        must = "the same rows in every fit with warm_start=True, or it has been trained on"
        got = "other labels, another order, or another split"
        fix = (
            "keep X, y, sample_weight and validation_fraction, or pass X_val and y_val, or set "
            "warm_start=False"
        )
    raise ValueError(must_be("the holdout", must, Described(got), fix))


def _split_monitored(train: np.ndarray, share: float) -> tuple[np.ndarray, np.ndarray | None]:
    if not share:
        return train, None
    n_train = int(len(train) * (1 - share))
    if n_train == 0 or n_train == len(train):
        got = Described(f"{share:g} of {len(train)} rows")
        fix = "leave it out, or bring more rows"
        raise ValueError(must_be("validation_split", "at least a row on both sides", got, fix))
    return train[:n_train], train[n_train:]
