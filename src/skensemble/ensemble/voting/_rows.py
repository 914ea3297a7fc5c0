"""Which rows train the members of a vote, and which ones teach its weights."""

from __future__ import annotations

import warnings

import numpy as np
from sklearn.utils import _safe_indexing, indexable
from sklearn.utils.validation import check_consistent_length

from skensemble._validation import Described, must_be
from skensemble.ensemble._holdout import Holdout, split_holdout, why_no_holdout
from skensemble.ensemble._inputs import check_sample_weight
from skensemble.ensemble._targets import check_every_class, indices_of
from skensemble.ensemble.voting._members import count_features
from skensemble.exceptions import HoldoutWarning


def take_rows(X, rows):
    """Take rows, by their numbers, of anything that has rows."""
    return _safe_indexing(indexable(X)[0], rows)


def own_holdout(X, classes, X_val, y_val, *, learns: bool) -> Holdout:
    """Check the rows that the caller has kept out of training.

    Parameters
    ----------
    X : array-like
        The rows that train, to compare the number of features.
    classes : ndarray of shape (k,)
        Labels.
    X_val, y_val : array-like
        The holdout and its labels.
    learns : bool
        Whether weights are learned on it, so that each class needs a row.

    Raises
    ------
    ValueError
        If the features or the labels are others than those that train.
    """
    check_consistent_length(X_val, y_val)
    expected, found = count_features(X), count_features(X_val)
    if expected != found:
        fix = "prepare it as X"
        raise ValueError(
            must_be("X_val", f"of {expected} features, as X", Described(f"{found} features"), fix)
        )
    y_val = indices_of(y_val, classes, "y_val")
    if learns:
        every = np.arange(len(classes))
        check_every_class(y_val, every, classes, name="y_val", instead="give the weights")
    return Holdout(X_val, y_val, None)


def keep_holdout(X, y, classes, sample_weight, validation_fraction, seed: int, *, trains: bool):
    """Keep rows out of training to learn the weights on, each class in proportion to its size.

    Parameters
    ----------
    X : array-like, sparse matrix or dataframe of n rows
        As the members take it.
    y : ndarray of shape (n,), int64
        Class indices.
    classes : ndarray of shape (k,)
        Labels, for the warning.
    sample_weight : array-like of shape (n,) or None
        Rows of weight 0 are not held out.
    validation_fraction : float or int
        Share or number of rows.
    seed : int
        Determines the rows.
    trains : bool
        Whether any member trains. If not, all rows can be learned on.

    Returns
    -------
    train : ndarray of int64 or None
        Numbers of the rows to train on; None for all.
    holdout : Holdout or None
        None, with a warning, where it could not have a row of each class.
    """
    weight = check_sample_weight(sample_weight, X)
    rows = np.arange(len(y)) if weight is None else np.flatnonzero(weight)
    if trains:
        _, held_out = split_holdout(y[rows], validation_fraction, seed)
        if held_out is None:
            what, fix = why_no_holdout(y[rows], classes, validation_fraction)
            warnings.warn(
                f"{what}, so the members get equal weights. {fix}, to learn the weights.",
                HoldoutWarning,
                stacklevel=4,
            )
            return None, None
        rows = rows[held_out]
    if weight is not None:
        weight = weight[rows]
    holdout = Holdout(take_rows(X, rows), y[rows], weight, rows=rows)
    return (np.setdiff1d(np.arange(len(y)), rows) if trains else None), holdout
