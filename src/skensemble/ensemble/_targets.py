"""Labels and class indices."""

from __future__ import annotations

import numpy as np
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.utils import check_array, column_or_1d
from sklearn.utils.multiclass import check_classification_targets, type_of_target
from sklearn.utils.validation import _check_y

from skensemble._validation import Described, must_be


class TargetEncoder(TransformerMixin, BaseEstimator):
    """Turn labels into class indices and back.

    One-hot rows, as Keras users write them, are labels ``0, 1, …, k - 1``, and come back one-hot.

    Attributes
    ----------
    classes_ : ndarray of shape (k,)
        Labels in increasing order.
    target_type_ : str
        ``"binary"`` or ``"multiclass"``.
    one_hot_ : bool
        Whether the labels are one-hot rows.
    """

    def fit(self, y):
        """Learn the labels."""
        self.fit_transform(y)
        return self

    def fit_transform(self, y):
        """Learn the labels and return the class indices, int64 of shape (n,)."""
        self.one_hot_ = _is_one_hot(y)
        if self.one_hot_:
            y = check_array(y)
            self.classes_ = np.arange(y.shape[1])
            indices = y.argmax(axis=1)
        else:
            y = column_or_1d(_check_y(y, multi_output=True, estimator=None), warn=True)
            check_classification_targets(y)
            self.classes_, indices = np.unique(y, return_inverse=True)
        if len(np.unique(indices)) < 2:
            raise ValueError(
                must_be(
                    "y",
                    "labels of at least two classes",
                    Described(f"1 class, {self.classes_[indices].tolist()[0]!r}"),
                    "a classifier needs rows of another class to learn from",
                )
            )
        self.target_type_ = "binary" if len(self.classes_) == 2 else "multiclass"
        return indices.astype(np.int64)

    def transform(self, y, name="y"):
        """Return the class indices of known labels; ``name`` is what errors call them."""
        if self.one_hot_:
            if np.ndim(y) != 2:
                fix = "pass labels as you did to fit"
                got = Described(f"{np.ndim(y)} dimensions")
                raise ValueError(must_be(name, "one-hot rows, as in fit", got, fix))
            y = check_array(y)
            if y.shape[1] != len(self.classes_):
                fix = "give every set of labels the same columns"
                got = Described(f"{y.shape[1]} columns")
                raise ValueError(must_be(name, f"of {len(self.classes_)} columns", got, fix))
            return y.argmax(axis=1).astype(np.int64)
        return indices_of(y, self.classes_, name)

    def inverse_transform(self, indices):
        """Return the labels of class indices."""
        if self.one_hot_:
            return np.eye(len(self.classes_), dtype=np.int64)[indices]
        return self.classes_[indices]


def indices_of(y, classes, name: str) -> np.ndarray:
    """Return the class indices of labels, int64 of shape (n,); ``name`` is what errors call them.

    Raises
    ------
    ValueError
        If a label is none of ``classes``, which are sorted.
    """
    y = column_or_1d(y, warn=True)
    unknown = np.setdiff1d(y, classes)
    if len(unknown):
        fix = "leave rows of unknown classes out"
        raise ValueError(must_be(name, f"labels out of {classes.tolist()}", unknown.tolist(), fix))
    return np.searchsorted(classes, y).astype(np.int64)


def check_every_class(y, needed, classes, *, name: str, instead: str) -> None:
    """Raise unless there is a row of each class that weights are to be learned for.

    Parameters
    ----------
    y : ndarray of shape (n,), int64
        Class indices of the rows that count.
    needed : ndarray of int
        Indices of the classes.
    classes : ndarray of shape (k,)
        Labels.
    name : str
        What errors call y.
    instead : str
        What else can be done, for the error.
    """
    missing = np.setdiff1d(needed, y)
    if len(missing):
        raise ValueError(
            must_be(
                name,
                f"labels with every class of {classes[needed].tolist()}",
                Described(f"no row of {classes[missing].tolist()}"),
                f"bring rows of it to learn the weights on, or {instead}",
            )
        )


def _is_one_hot(y) -> bool:
    y = np.asarray(y) if isinstance(y, list | tuple) else y
    if getattr(y, "ndim", 1) != 2 or type_of_target(y) != "multilabel-indicator":
        return False
    return bool((np.asarray(y).sum(axis=1) == 1).all())
