"""The checks of the estimator's parameters, before anything is built."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import keras
import numpy as np

from skensemble._validation import (
    Described,
    check_choice,
    check_integer,
    check_real,
    must_be,
)
from skensemble.ensemble._holdout import check_validation_fraction
from skensemble.training import check_engine

WEIGHTINGS = ("uniform", "log_loss")


def check_parameters(params: Mapping[str, Any]) -> None:
    """Raise unless every parameter is in its range.

    Parameters
    ----------
    params : mapping
        The estimator's parameters by name, as ``get_params`` gives them.
    """
    M = check_integer("M", params["M"], minimum=1, fix="5 is the usual choice")
    check_real(
        "alpha_zero",
        params["alpha_zero"],
        positive=True,
        fix="0.1 is the usual start for SGD, 0.001 for Adam",
    )
    check_integer("epochs", params["epochs"], minimum=1, fix="it is the budget of all cycles")
    if params["n_last"] is not None:
        n_last = check_integer(
            "n_last", params["n_last"], minimum=1, fix="None combines all snapshots"
        )
        if n_last > M:
            raise ValueError(
                must_be("n_last", f"at most M={M}", n_last, "None combines all snapshots")
            )
    for name in ("batch_size", "validation_batch_size", "predict__batch_size"):
        check_batch_size(name, params.get(name))
    check_validation_fraction(params["validation_fraction"])
    split = check_real(
        "validation_split", params["validation_split"], positive=False, fix="0 monitors nothing"
    )
    if split >= 1:
        raise ValueError(must_be("validation_split", "below 1", split, "0 monitors nothing"))
    check_engine(params["engine"])
    check_choice(
        "verbose",
        int(params["verbose"])
        if isinstance(params["verbose"], bool | np.bool_)
        else params["verbose"],
        (0, 1, 2),
        fix="0 is silent, 1 shows progress, 2 prints a line per epoch",
    )
    check_weighting(params["weighting"], M, params["n_last"])


def check_batch_size(name: str, value: Any) -> None:
    """Raise unless ``value`` is at least 1, -1 for all rows, or None."""
    if value is None or value == -1:
        return
    check_integer(name, value, minimum=1, fix="-1 takes all rows at once")


def check_weighting(weighting: Any, M: int, n_last: int | None) -> None:
    """Raise unless ``weighting`` names a method or is an array of M weights."""
    if isinstance(weighting, str) or not np.iterable(weighting):
        check_choice("weighting", weighting, WEIGHTINGS, fix=f"or pass an array of {M} weights")
        return
    fix = "pass one weight per snapshot, not negative, of which those combined have a positive sum"
    given = np.asarray(weighting)
    if given.shape != (M,):
        got = Described(f"an array of shape {given.shape}")
        raise ValueError(must_be("weighting", f"of shape ({M},), as M={M}", got, fix))
    if given.dtype.kind not in "iuf":
        raise TypeError(must_be("weighting", "made of numbers", list(weighting), fix))
    if not np.isfinite(given).all() or (given < 0).any():
        raise ValueError(must_be("weighting", "finite and not negative", given.tolist(), fix))
    used = given if n_last is None else given[-n_last:]
    if used.sum() == 0:
        which = "" if n_last is None else f" over the last {n_last}"
        raise ValueError(must_be("weighting", f"of a positive sum{which}", given.tolist(), fix))


def check_callbacks(callbacks: Any) -> None:
    """Raise if a callback, in any nesting of lists, would set the learning rate."""
    for callback in callbacks:
        if isinstance(callback, list | tuple):
            check_callbacks(callback)
        elif isinstance(
            callback, keras.callbacks.LearningRateScheduler | keras.callbacks.ReduceLROnPlateau
        ):
            raise ValueError(
                must_be(
                    "callbacks",
                    "free of callbacks that set the learning rate, which the cycles do",
                    Described(type(callback).__name__),
                    "leave it out, and choose alpha_zero and M",
                )
            )
