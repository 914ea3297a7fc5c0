"""Rows kept out of training, to learn the combination weights on."""

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
    train, held_out = task.split_holdout(y[counted], fraction, seed)
    digest = zlib.crc32(counted[train].tobytes(), zlib.crc32(y.tobytes()))
    if held_out is None:
        if learns_weights(method):
            what, fix = task.why_no_holdout(y[counted], fraction)
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
