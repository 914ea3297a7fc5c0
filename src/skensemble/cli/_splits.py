"""Training and test rows of a comparison, one split per seed."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from skensemble._validation import Described, check_real, must_be
from skensemble.cli._data import (
    CIFAR,
    DataOptions,
    check_limit_takes_every_class,
    draw,
    read_rows,
)
from skensemble.cli._labels import class_indices

BUILT_IN = ("digits", "wine", "breast_cancer")
_SHARE = 0.25


@dataclass(frozen=True, eq=False)
class Split:
    """Rows of one seed.

    Parameters
    ----------
    seed : int
        It.
    X, X_test : ndarray of shape (n, ...) and (n_test, ...)
        Rows to train on, the holdout included, and to test on.
    y : ndarray of shape (n,)
        Labels.
    y_test : ndarray of shape (n_test,), int64
        True classes, as indices into the sorted labels of ``y``.
    """

    seed: int
    X: Any
    y: Any
    X_test: Any
    y_test: NDArray[np.int64]


class Splits:
    """Splits of one data set.

    Parameters
    ----------
    data : DataOptions
        The rows. ``limit`` is how many train, drawn anew for every seed. Besides what
        `skensemble.datasets.load` reads, scikit-learn's ``"digits"``, ``"wine"`` and
        ``"breast_cancer"``.
    test_data : DataOptions or None
        Rows to test on; by default a part of ``data`` drawn for every seed, or the test images of
        CIFAR.
    test_size : float or None
        Share, or from 1 on number, of the rows to test on. Default: a quarter. The limit takes
        all of the others at most.

    Raises
    ------
    TypeError, ValueError, OSError, ImportError
        If rows cannot be read, are not alike, or too few.
    """

    def __init__(
        self, data: DataOptions, test_data: DataOptions | None, test_size: float | None
    ) -> None:
        if test_size is not None:
            fix = "0.25 tests on a quarter of the rows, 500 on 500 of them"
            check_real("--test-size", test_size, positive=True, fix=fix)
            if test_data is not None:
                got = Described(f"{test_size:g} besides --test-data")
                fix = "leave one of them out"
                raise ValueError(must_be("--test-size", "left out", got, fix))
        elif test_data is None and data.source in CIFAR and data.subset is None:
            test_data = DataOptions(data.source, subset="test")
        self._limit = data.limit
        self._X, self._y, columns = _read(replace(data, limit=None))
        if self._limit is not None:
            check_limit_takes_every_class(self._limit, self._y)
        self._n_test = 0
        if test_data is None:
            self._n_test = self._number_of_tests(_SHARE if test_size is None else test_size)
        self._test: tuple[Any, Any] | None = None
        if test_data is not None:
            like_data = replace(
                test_data,
                target=test_data.target or data.target,
                image_size=test_data.image_size or data.image_size,
            )
            *self._test, _ = _read(like_data, columns)  # type: ignore[assignment]
            self._check_alike()

    def __call__(self, n_seeds: int) -> Iterator[Split]:
        """Draw the rows of the seeds 0, 1, ..."""
        from sklearn.model_selection import train_test_split

        for seed in range(n_seeds):
            X, y = self._X, self._y
            if self._test is None:
                n = len(y) - self._n_test
                rows, test_rows = train_test_split(
                    np.arange(len(y)),
                    train_size=n if self._limit is None else min(n, self._limit),
                    test_size=self._n_test,
                    stratify=y,
                    random_state=seed,
                )
                X_test, y_test = X[test_rows], y[test_rows]
                X, y = X[rows], y[rows]
            else:
                X_test, y_test = self._test
                if self._limit is not None and self._limit < len(y):
                    rows = draw(y, self._limit, seed)
                    X, y = X[rows], y[rows]
            indices = class_indices(y_test, np.unique(y), "the test rows")
            yield Split(seed, X, y, X_test, indices)

    def _number_of_tests(self, size: float) -> int:
        fix = "0.25 tests on a quarter of the rows, 500 on 500 of them"
        if size >= 1 and size != int(size):
            must = "a share below 1, or a whole number of rows"
            raise ValueError(must_be("--test-size", must, size, fix))
        n, counts = len(self._y), np.unique_counts(self._y).counts
        k = len(counts)
        if counts.min() < 2:
            got = Described("one with a single row")
            must = "of classes of at least two rows, to train and to test on"
            raise ValueError(must_be("--data", must, got, "bring test rows with --test-data"))
        n_test = math.ceil(size * n) if size < 1 else int(size)
        if not k <= n_test <= n - k:
            must = f"from {k} rows, one of each class, to {n - k}, for {n} rows of {k} classes"
            raise ValueError(must_be("--test-size", must, Described(f"{size:g}"), fix))
        return n_test

    def _check_alike(self) -> None:
        assert self._test is not None
        mine, theirs = self._X.shape[1:], self._test[0].shape[1:]
        if mine != theirs:
            must = f"rows of shape {mine}, as those of --data"
            got = Described(f"rows of shape {theirs}")
            raise ValueError(must_be("--test-data", must, got, "bring rows like those of training"))


def _read(options: DataOptions, columns: Any = None) -> tuple[Any, Any, Any]:
    if options.source not in BUILT_IN or Path(options.source).exists():
        rows = read_rows(options, columns=columns)
        return rows.X, rows.y, rows.feature_names
    from sklearn import datasets

    X, y = getattr(datasets, f"load_{options.source}")(return_X_y=True)
    return X.astype(np.float32), y, None
