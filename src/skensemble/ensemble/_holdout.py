"""Rows kept out of training, to learn the combination weights on."""

import math
import zlib
from dataclasses import dataclass, replace
from numbers import Integral
from typing import Any

import numpy as np

from skensemble._validation import Described, check_integer, must_be
from skensemble._warnings import warn
from skensemble.ensemble._combination import learns_weights
from skensemble.exceptions import HoldoutWarning

_FIX = "0.1 holds out a tenth of the rows, 200 holds out 200, None holds out none"


def check_validation_fraction(value) -> None:
    """Raise unless ``value`` is a fraction in (0, 1), a count of at least 1, or None."""
    if value is None:
        return
    if isinstance(value, Integral) and not isinstance(value, bool):
        check_integer("validation_fraction", value, minimum=1, fix=_FIX)
    elif not isinstance(value, float | np.floating):
        raise TypeError(must_be("validation_fraction", "a number or None", value, _FIX))
    elif not 0 < value < 1:
        must = "between 0 and 1, or a number of rows"
        raise ValueError(must_be("validation_fraction", must, value, _FIX))


def holdout_size(n: int, validation_fraction) -> int:
    """Return how many of n rows to hold out."""
    if isinstance(validation_fraction, Integral):
        return int(validation_fraction)
    return math.ceil(validation_fraction * n)


def split_holdout(y, validation_fraction, seed):
    """Split rows into training and holdout, each class in proportion to its size.

    Every class keeps a row for training, and gets one in the holdout while there is room. Returns
    the numbers of the rows to train on and of the holdout, increasing; all rows and None where the
    holdout could not have a row of every class.
    """
    n = len(y)
    n_holdout = holdout_size(n, validation_fraction)
    counts = np.bincount(y)
    present = np.flatnonzero(counts)
    if n_holdout > n - len(present):
        if isinstance(validation_fraction, Integral):
            must = (
                f"at most {n - len(present)} rows, as there are {n} rows of "
                f"{len(present)} classes and each class needs one to train on"
            )
            got = Described(f"{n_holdout} rows")
            raise ValueError(must_be("validation_fraction", must, got, "hold out fewer rows"))
        return np.arange(n), None
    if n_holdout < len(present) or counts[present].min() < 2:
        return np.arange(n), None

    quota = _quotas(counts[present], n_holdout)
    rng = np.random.default_rng(seed)
    holdout = np.concatenate(
        [
            rng.permutation(np.flatnonzero(y == label))[:size]
            for label, size in zip(present, quota, strict=True)
        ]
    )
    holdout.sort()
    return np.setdiff1d(np.arange(n), holdout, assume_unique=True), holdout


def _quotas(counts, total):
    """Largest remainders, each at least 1 and at most ``count - 1``."""
    exact = counts * (total / counts.sum())
    quota = np.clip(np.floor(exact).astype(int), 1, counts - 1)
    while quota.sum() != total:
        step = 1 if quota.sum() < total else -1
        movable = quota < counts - 1 if step > 0 else quota > 1
        shortfall = np.where(movable, step * (exact - quota), -np.inf)
        quota[shortfall.argmax()] += step
    return quota


@dataclass(frozen=True, eq=False)
class Holdout:
    """The rows that the combination weights are learned on."""

    X: Any  # (n, ...): Features
    y: np.ndarray  # (n,): Class indices
    sample_weight: np.ndarray | None  # (n,): Weight of each row
    # Where they are in the data that ``fit`` was given; None if they came by themselves.
    rows: np.ndarray | None = None
    # Of the rows that train: what the weights of those that came by themselves are multiplied with
    # where both train.
    mean_weight: float = 1.0


@dataclass(frozen=True, eq=False)
class Split:
    """Which rows train, and which teach the combination weights."""

    train: np.ndarray  # numbers of the rows to train on
    holdout: Holdout | None  # the rows to learn the weights on
    seen: np.ndarray  # distinct targets among the rows that have a weight
    digest: int | None = None  # of the rows to train on, where the holdout was chosen here


def choose_holdout(rows, params, seed: int, own: Holdout | None) -> Split:
    """Decide which rows are kept out of training."""
    method, fraction = params["weighting"], params["validation_fraction"]
    task, y, weight = rows.schema.task, rows.y, rows.sample_weight
    counted = np.arange(len(y)) if weight is None else np.flatnonzero(weight)
    seen = np.unique(y[counted])
    task.check_can_train(seen)
    if own is not None:
        own = replace(own, mean_weight=rows.mean_weight)
        if learns_weights(method):
            check_can_weigh(task, own, seen, method, name="y_val")
        return Split(counted, own, seen)
    if fraction is None:
        if learns_weights(method):
            must = "'uniform' or an array where validation_fraction=None"
            fix = (
                "hold out some rows, as in validation_fraction=0.1, or pass X_val and y_val to fit"
            )
            raise ValueError(must_be("weighting", must, method, fix))
        return Split(counted, None, seen)
    train, held_out = split_holdout(y[counted], fraction, seed)
    digest = zlib.crc32(counted[train].tobytes(), zlib.crc32(y.tobytes()))
    if held_out is None:
        if learns_weights(method):
            what, fix = why_no_holdout(y[counted], task.classes_, fraction)
            warn(
                f"{what}, so the snapshots get equal weights. {fix}, to learn the weights.",
                HoldoutWarning,
            )
        return Split(counted, None, seen, digest)
    held_out = counted[held_out]
    of_holdout = None if weight is None else weight[held_out]
    holdout = Holdout(rows.X[held_out], y[held_out], of_holdout, rows=held_out)
    if learns_weights(method):
        check_can_weigh(task, holdout, seen, method, name="y")
    return Split(counted[train], holdout, seen, digest)


def check_can_weigh(task, holdout: Holdout, seen, method, *, name, parameter="weighting") -> None:
    """Raise if the weights cannot be learned on a holdout."""
    task.check_can_weigh(
        method, holdout.y, holdout.sample_weight, seen, name=name, parameter=parameter
    )


def check_still_unseen(split: Split, digest: int | None) -> None:
    """Raise unless the rows held out are those that an earlier fit held out."""
    if split.digest is None or split.digest == digest:
        return
    if digest is None:
        fix = "pass X_val and y_val, rows that trained nothing, or set warm_start=False"
        got = Described("rows that the cycles so far may have been trained on")
        raise ValueError(must_be("the holdout", "unseen by every cycle", got, fix))
    must = "the same rows in every fit with warm_start=True, or it has been trained on"
    got = Described("other labels, another order, or another split")
    fix = (
        "keep X, y, sample_weight and validation_fraction, or pass X_val and y_val, or "
        "set warm_start=False"
    )
    raise ValueError(must_be("the holdout", must, got, fix))


def split_monitored(train: np.ndarray, share: float) -> tuple[np.ndarray, np.ndarray | None]:
    """Leave the last rows out of training, for ``val_loss``; None where the share is 0."""
    if not share:
        return train, None
    n_train = int(len(train) * (1 - share))
    if n_train == 0 or n_train == len(train):
        got = Described(f"{share:g} of {len(train)} rows")
        fix = "leave it out, or bring more rows"
        raise ValueError(must_be("validation_split", "at least a row on both sides", got, fix))
    return train[:n_train], train[n_train:]


def why_no_holdout(y, labels, validation_fraction) -> tuple[str, str]:
    """Explain, and how to mend, why ``split_holdout`` holds nothing out."""
    n, size = len(y), holdout_size(len(y), validation_fraction)
    counts = np.bincount(y)
    k = np.count_nonzero(counts)
    holdout = f"A holdout of {size} of the {n} rows"
    if size > n - k:
        return (
            f"{holdout} leaves no row of each of the {k} classes to train on",
            "Lower validation_fraction, or pass X_val and y_val",
        )
    if size < k:
        return (
            f"{holdout} cannot have a row of each of the {k} classes",
            "Raise validation_fraction, or pass X_val and y_val",
        )
    label = labels[np.flatnonzero(counts == 1)].tolist()[0]
    return (
        f"{holdout} cannot have a row of label {label!r}, whose only row is needed to train on",
        "Bring more rows of it, or pass X_val and y_val",
    )
