"""The checks of the estimator's parameters, before anything is built."""

from collections.abc import Mapping
from typing import Any

import keras
import numpy as np

from skensemble._validation import (
    Described,
    check_choice,
    check_flag,
    check_integer,
    check_real,
    is_integer,
    must_be,
)
from skensemble.callbacks import RATE_SETTERS, SnapshotCallback
from skensemble.ensemble._weighing import Combination
from skensemble.networks import callback_list
from skensemble.training import check_engine
from skensemble.weighting import check_method

_FIT_SETTINGS = (
    "epochs",
    "batch_size",
    "verbose",
    "shuffle",
    "validation_split",
    "validation_batch_size",
    "validation_freq",
)


def parameters_of_call(params: Mapping[str, Any], overrides: Mapping[str, Any]) -> dict[str, Any]:
    """Return the parameters for one ``fit``: its arguments over ``fit__epochs`` over ``epochs``."""
    routed = {
        name.removeprefix("fit__"): value
        for name, value in params.items()
        if name.startswith("fit__") and not name.startswith("fit__callbacks")
    }
    settings = {**routed, **overrides}
    for name in settings:
        if name not in _FIT_SETTINGS:
            raise TypeError(
                f"fit must be called with X, y, sample_weight, X_val, y_val or one of "
                f"{', '.join(_FIT_SETTINGS)}, got {name!r} instead: if it is a parameter of the "
                "estimator, set it there; a holdout is X_val and y_val."
            )
    return {**params, **settings}


def check_parameters(params: Mapping[str, Any]) -> None:
    M = check_integer("M", params["M"], minimum=1, fix="5 is the usual choice")
    fix = "0.1 is the usual start for SGD, 0.001 for Adam"
    check_real("alpha_zero", params["alpha_zero"], positive=True, fix=fix)
    check_integer("epochs", params["epochs"], minimum=1, fix="it is the budget of all cycles")
    for name in ("batch_size", "validation_batch_size", "predict__batch_size"):
        if params.get(name) not in (None, -1):
            check_integer(name, params[name], minimum=1, fix="-1 takes all rows at once")
    check_validation_fraction(params["validation_fraction"])
    fix = "0 monitors nothing"
    check_real("validation_split", params["validation_split"], positive=False, below=1, fix=fix)
    check_engine(params["engine"])
    augmentation = params["augmentation"]
    if augmentation is not None and (isinstance(augmentation, type) or not callable(augmentation)):
        must = "a Keras layer or model, a function of a batch of rows, or None"
        fix = "pass the layer itself, as in keras.layers.RandomFlip('horizontal')"
        raise TypeError(must_be("augmentation", must, augmentation, fix))
    verbose = params["verbose"]
    verbose = int(verbose) if isinstance(verbose, bool | np.bool_) else verbose
    fix = "0 is silent, 1 shows progress, 2 prints a line per epoch"
    check_choice("verbose", verbose, (0, 1, 2), fix=fix)
    check_flag("refit", params["refit"], fix="True trains again on all rows")
    if params["refit"] and params["warm_start"]:
        fix = (
            "the rows held out have trained a network that was refit: there are none to go on with"
        )
        raise ValueError(must_be("refit", "False where warm_start=True", True, fix))
    combination = Combination(params["weighting"], params["n_last"], params["min_weight"])
    check_combination(combination, M)


def check_combination(combination: Combination, M: int, name: str = "weighting") -> None:
    """Raise unless M snapshots can be combined like this; ``name`` is what errors call how."""
    n_last, fix = combination.n_last, "None combines all snapshots"
    if n_last is not None and check_integer("n_last", n_last, minimum=1, fix=fix) > M:
        raise ValueError(must_be("n_last", f"at most M={M}", n_last, fix))
    fix = "0 keeps every snapshot, 0.01 drops those that hardly count"
    min_weight = check_real("min_weight", combination.min_weight, positive=False, fix=fix)
    if min_weight * M >= 1:
        must = f"below 1/M={1 / M:g}, the weight of each where all are equal"
        raise ValueError(must_be("min_weight", must, min_weight, fix))
    weighting = combination.weighting
    if isinstance(weighting, str) or not np.iterable(weighting):
        check_method(weighting, name=name, also=f"an array of shape ({M},)")
        return
    fix = "pass one weight per snapshot, not negative, of which those combined have a positive sum"
    given = np.asarray(weighting)
    if given.shape != (M,):
        got = Described(f"an array of shape {given.shape}")
        raise ValueError(must_be(name, f"of shape ({M},), as M={M}", got, fix))
    check_shares(name, given, fix)
    used = given if n_last is None else given[-n_last:]
    if used.sum() == 0:
        which = "" if n_last is None else f" over the last {n_last}"
        raise ValueError(must_be(name, f"of a positive sum{which}", given.tolist(), fix))


def check_validation_fraction(value) -> None:
    fix = "0.1 holds out a tenth of the rows, 200 holds out 200, None holds out none"
    if is_integer(value):
        check_integer("validation_fraction", value, minimum=1, fix=fix)
    elif value is not None and not isinstance(value, float | np.floating):
        raise TypeError(must_be("validation_fraction", "a number or None", value, fix))
    elif value is not None and not 0 < value < 1:
        must = "between 0 and 1, or a number of rows"
        raise ValueError(must_be("validation_fraction", must, value, fix))


def check_shares(name: str, given: np.ndarray, fix: str) -> None:
    if given.dtype.kind not in "iuf":
        raise TypeError(must_be(name, "made of numbers", given.tolist(), fix))
    if not np.isfinite(given).all() or (given < 0).any():
        raise ValueError(must_be(name, "finite and not negative", given.tolist(), fix))


def checked_callbacks(params: Mapping[str, Any]) -> list:
    callbacks = callback_list(params)
    for callback in keras.tree.flatten(callbacks):
        if isinstance(callback, (*RATE_SETTERS, SnapshotCallback)):
            must = "free of callbacks that set the learning rate, which the cycles do"
            fix = "leave it out, and choose alpha_zero and M"
            raise ValueError(must_be("callbacks", must, Described(type(callback).__name__), fix))
    return callbacks
