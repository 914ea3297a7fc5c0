"""The checks of the estimator's parameters, before anything is trained."""

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
from skensemble.backends import trace
from skensemble.callbacks import RATE_SETTERS, SnapshotCallback
from skensemble.ensemble._weighing import Combination
from skensemble.networks import callback_list, copy_layer, dense_rows, prediction_mode
from skensemble.training import Augmentation, check_engine
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
    """Raise unless every parameter is in its range."""
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
    check_combination(Combination(params["weighting"], params["n_last"], params["min_weight"]), M)


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


def fresh_augmentation(augmentation: Any, X, run_eagerly: bool) -> Augmentation | None:
    if augmentation is None:
        return None
    rows, is_layer = dense_rows(X[:2]), isinstance(augmentation, keras.layers.Layer)
    fresh = Augmentation(_copied(augmentation) if is_layer else augmentation)
    if is_layer:
        _check_parts(fresh.function, rows)
    try:
        batch = keras.ops.convert_to_tensor(rows)
        if is_layer:
            _check_off_at_prediction(fresh, rows)  # and build it
            result = Augmentation(_copied(augmentation)).apply(batch)  # a copy: it draws numbers
        else:
            result = _tried(augmentation, batch, run_eagerly)
        _check_shape(result, rows)
    except Exception as error:
        error.add_note(
            f"raised when the first rows of X, of shape {rows.shape} and dtype {rows.dtype}, were "
            "run through augmentation"
        )
        raise
    return fresh


def _tried(function, rows, run_eagerly: bool):
    """Call a function, or trace it, as training will."""
    if run_eagerly:
        return function(rows)
    try:
        return trace(function, (None, *rows.shape[1:]), rows.dtype)
    except Exception as error:
        function(rows)  # what it raises by itself
        must = "a function that TensorFlow can make part of a graph"
        got = Described(f"one that raises {type(error).__name__} there")
        fix = "use keras.ops in place of NumPy and of Python's if, or set run_eagerly=True"
        raise TypeError(must_be("augmentation", must, got, fix)) from error


def _copied(layer):
    try:
        return copy_layer(layer)
    except Exception as error:
        must = "a layer that Keras can make again from its configuration"
        got = Described(f"{type(layer).__name__}, which raises {type(error).__name__}")
        fix = (
            "give its class a get_config with all that its constructor needs, or pass a function, "
            "as in lambda X: layer(X, training=True)"
        )
        raise TypeError(must_be("augmentation", must, got, fix)) from error


def _check_parts(layer, rows: np.ndarray) -> None:
    for part in layer._flatten_layers():
        if isinstance(part, keras.layers.MixUp | keras.layers.CutMix):
            must = "a layer that leaves labels as they are"
            fix = "it mixes rows, and the labels would have to be mixed with them"
            raise ValueError(must_be("augmentation", must, Described(type(part).__name__), fix))
        is_built_model = isinstance(part, keras.Model) and part.built
        shape = getattr(part, "input_shape", None) if is_built_model else None
        if not isinstance(shape, tuple):
            continue
        sizes = zip(shape[1:], rows.shape[1:], strict=False)
        if len(shape) != rows.ndim or any(size not in (None, n) for size, n in sizes):
            must = f"made for rows of shape {rows.shape[1:]}"
            got = Described(f"a model for {shape[1:]}")
            fix = "image_size= of standard_augmentation, and input_size= of recipes.make, say which"
            raise ValueError(must_be("augmentation", must, got, fix))


def _check_shape(augmented, rows) -> None:
    if not hasattr(augmented, "shape"):
        fix = "return the changed rows"
        raise TypeError(must_be("the result of augmentation", "a tensor", augmented, fix))
    # Traced, the number of rows is None.
    shape = [str(size) for size in augmented.shape]
    if augmented.shape[:1] in ((None,), rows.shape[:1]):
        shape[0] = "n"
    wanted = ["n", *map(str, rows.shape[1:])]
    if shape != wanted:
        must = f"of the shape that its rows had, ({', '.join(wanted)})"
        got = Described(f"({', '.join(shape)})")
        fix = "a change of size, such as Resizing, belongs to the network"
        raise ValueError(must_be("the result of augmentation", must, got, fix))


def _check_off_at_prediction(augmentation: Augmentation, rows: np.ndarray) -> None:
    layer = augmentation.function
    # The first images may be black.
    noise = np.random.default_rng(0).integers(0, 256, rows.shape).astype(rows.dtype)
    before = augmentation.as_input(keras.ops.convert_to_tensor(np.concatenate([rows, noise])))
    left = layer(before, **prediction_mode(layer))
    _check_shape(left, before)
    left, before = (np.asarray(keras.ops.cast(values, "float32")) for values in (left, before))
    half = keras.backend.standardize_dtype(layer.compute_dtype) in ("float16", "bfloat16")
    if not np.allclose(left, before, rtol=1e-2 if half else 1e-6, atol=1e-6, equal_nan=True):
        must = "a layer that leaves rows as they are in prediction (training=False)"
        fix = (
            "what prediction needs too, such as Normalization or Rescaling, belongs to the "
            "network; a layer that does not know of training is passed as a function, as in "
            "lambda X: layer(X)"
        )
        raise ValueError(must_be("augmentation", must, layer.name, fix))
