"""Training and test rows, drawn anew for every seed."""

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray
from sklearn.model_selection import train_test_split

from skensemble._validation import Described, check_integer, check_real, must_be
from skensemble.tasks import class_indices

_TEST_SIZE_FIX = "0.25 tests on a quarter of the rows, 500 on 500 of them"


def single_labels(y: Any, name: str = "y") -> NDArray[Any]:
    """Return one label per row as an array of shape (n,)."""
    labels: NDArray[Any] = np.asarray(y)
    if labels.ndim != 1:
        got = Described(f"shape {labels.shape}")
        fix = "one-hot rows become labels by y.argmax(axis=1)"
        raise ValueError(must_be(name, "of shape (n,), one label per row", got, fix))
    return labels


@dataclass(frozen=True, eq=False)
class Split:
    """Rows of one seed."""

    seed: int
    X: Any
    y: Any
    X_test: Any
    y_test: NDArray[np.int64]


def draw_splits(
    X: Any,
    y: Any,
    n_seeds: int,
    *,
    test_size: float | None = None,
    train_size: int | None = None,
    X_test: Any = None,
    y_test: Any = None,
) -> Iterator[Split]:
    """Draw training and test rows of the seeds 0, 1, ..., classes in proportion to their size.

    Parameters
    ----------
    X : array-like of shape (n, ...)
        Rows.
    y : array-like of shape (n,)
        Labels.
    n_seeds : int
        How many splits.
    test_size : float, optional
        Share, or from 1 on number, of the rows to test on. Default: a quarter.
    train_size : int, optional
        How many of the other rows train, drawn for every seed. Default: all.
    X_test, y_test : array-like, optional
        Rows to test on with every seed; then the seeds draw the training rows only.

    Returns
    -------
    iterator of Split

    Raises
    ------
    TypeError, ValueError
        If the sizes do not fit, or the test rows are not like those of training.

    Examples
    --------
    >>> X, y = np.arange(16).reshape(8, 2), np.array([0, 1] * 4)
    >>> [(len(split.X), len(split.X_test)) for split in draw_splits(X, y, 2, test_size=2)]
    [(6, 2), (6, 2)]
    """
    X, y = X.tocsr() if sp.issparse(X) else np.asarray(X), single_labels(y)
    if test_size is not None:
        check_real("test_size", test_size, positive=True, fix=_TEST_SIZE_FIX)
        if X_test is not None:
            got = Described(f"{test_size:g} besides test rows")
            raise ValueError(must_be("test_size", "left out", got, "leave one of them out"))
    if train_size is not None:
        check_train_size(train_size, y)
    n_test = 0
    if X_test is None:
        n_test = _number_of_test_rows(y, 0.25 if test_size is None else test_size)
    elif X_test.shape[1:] != X.shape[1:]:
        must = f"rows of shape {X.shape[1:]}, as those of training"
        got = Described(f"rows of shape {X_test.shape[1:]}")
        raise ValueError(must_be("X_test", must, got, "bring rows like those of training"))
    n_train = len(y) - n_test
    if train_size is not None:
        n_train = min(n_train, train_size)

    def split_of(seed: int) -> Split:
        own_X_test, own_y_test = X_test, y_test
        if X_test is None:
            sizes = {"train_size": n_train, "test_size": n_test}
            rows, test_rows = train_test_split(
                np.arange(len(y)), **sizes, stratify=y, random_state=seed
            )
            own_X_test, own_y_test = X[test_rows], y[test_rows]
        else:
            rows = draw_rows(y, n_train, seed) if n_train < len(y) else slice(None)
        own_y = y[rows]
        indices = class_indices(own_y_test, np.unique(own_y), "y_test")
        return Split(seed, X[rows], own_y, own_X_test, indices)

    return map(split_of, range(n_seeds))


def check_train_size(train_size: int, y: NDArray[Any]) -> None:
    """Raise unless there are at least as many rows to take as there are classes."""
    fix = "leave it out to take all rows"
    check_integer("train_size", train_size, minimum=1, fix=fix)
    k = len(np.unique(y))
    if train_size < k:
        must = f"at least {k}, a row of each class"
        raise ValueError(must_be("train_size", must, train_size, fix))


def _number_of_test_rows(y: NDArray[Any], size: float) -> int:
    if size >= 1 and size != int(size):
        must = "a share below 1, or a whole number of rows"
        raise ValueError(must_be("test_size", must, size, _TEST_SIZE_FIX))
    n, counts = len(y), np.unique_counts(y).counts
    k = len(counts)
    if counts.min() < 2:
        got = Described("one with a single row")
        must = "of classes of at least two rows, to train and to test on"
        raise ValueError(must_be("y", must, got, "bring test rows of your own"))
    n_test = math.ceil(size * n) if size < 1 else int(size)
    if not k <= n_test <= n - k:
        must = f"from {k} rows, one of each class, to {n - k}, for {n} rows of {k} classes"
        raise ValueError(must_be("test_size", must, Described(f"{size:g}"), _TEST_SIZE_FIX))
    return n_test


def draw_rows(y: NDArray[Any], size: int, seed: int) -> NDArray[np.intp]:
    """Draw row numbers without replacement, each class in proportion to its size."""
    n, counts = len(y), np.unique_counts(y).counts
    if n - size >= len(counts) and counts.min() > 1:
        rows, _ = train_test_split(np.arange(n), train_size=size, stratify=y, random_state=seed)
        return np.asarray(rows)
    # Too few rows are left out to do it by class: any, as long as each class keeps one.
    order = np.random.default_rng(seed).permutation(n)
    firsts = np.unique(y[order], return_index=True)[1]
    others = np.delete(order, firsts)[: size - len(firsts)]
    return np.concatenate([order[firsts], others])
