"""Which rows train the members of a vote, and which ones teach its weights."""

import numpy as np
from sklearn.preprocessing import LabelEncoder
from sklearn.utils import _safe_indexing, column_or_1d, indexable
from sklearn.utils.multiclass import type_of_target
from sklearn.utils.validation import _check_y, check_consistent_length

from skensemble._validation import Described, must_be
from skensemble._warnings import warn
from skensemble.ensemble._holdout import Holdout
from skensemble.ensemble._reading import check_sample_weight, check_y_given
from skensemble.ensemble.voting._members import count_features
from skensemble.exceptions import HoldoutWarning
from skensemble.tasks import Classification, class_indices, split_holdout, why_no_holdout


def take_rows(X, rows):
    """Take rows, by their numbers, of anything that has rows."""
    return _safe_indexing(indexable(X)[0], rows)


def read_labels(vote, X, y) -> tuple[LabelEncoder, np.ndarray]:
    """Learn the labels; return an encoder, and the labels as an array of one dimension."""
    check_y_given(vote, X, y)
    y = _check_y(y, multi_output=True, estimator=None)
    kind = type_of_target(y, input_name="y")
    if kind in ("unknown", "continuous"):
        fix = "bin the values, or take a VotingRegressor"
        refusal = must_be("y", "labels of classes", Described("numbers"), fix)
        raise ValueError(f"Unknown label type: {kind}. {refusal}")
    if kind not in ("binary", "multiclass"):
        must = "binary or multiclass labels, one per row"
        fix = (
            "Multilabel and multi-output classification are not supported; turn one-hot "
            "rows into labels with y.argmax(axis=1)"
        )
        raise NotImplementedError(must_be("y", must, Described(f"a {kind} target"), fix))
    y = column_or_1d(y, warn=True)
    return LabelEncoder().fit(y), y


def own_holdout(X, classes, X_val, y_val, *, learns: bool) -> Holdout:
    """Check the rows that the caller has kept out of training."""
    check_consistent_length(X_val, y_val)
    expected, found = count_features(X), count_features(X_val)
    if expected != found:
        fix = "prepare it as X"
        got = Described(f"{found} features")
        raise ValueError(must_be("X_val", f"of {expected} features, as X", got, fix))
    y_val = class_indices(y_val, classes, "y_val")
    if learns:
        every = np.arange(len(classes))
        task = Classification(classes)
        task.check_every_class(y_val, every, name="y_val", instead="give the weights")
    return Holdout(X_val, y_val, None)


def keep_holdout(X, y, classes, sample_weight, validation_fraction, seed: int, *, trains: bool):
    """Keep rows out of training to learn the weights on, each class in proportion to its size."""
    weight = check_sample_weight(sample_weight, X)
    rows = np.arange(len(y)) if weight is None else np.flatnonzero(weight)
    if trains:
        _, held_out = split_holdout(y[rows], validation_fraction, seed)
        if held_out is None:
            what, fix = why_no_holdout(y[rows], classes, validation_fraction)
            warn(
                f"{what}, so the members get equal weights. {fix}, to learn the weights.",
                HoldoutWarning,
            )
            return None, None
        rows = rows[held_out]
    if weight is not None:
        weight = weight[rows]
    holdout = Holdout(take_rows(X, rows), y[rows], weight, rows=rows)
    return (np.setdiff1d(np.arange(len(y)), rows) if trains else None), holdout
