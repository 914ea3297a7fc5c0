"""From the user's ``augmentation`` to what a training run does to its batches."""

from typing import Any

import keras
import numpy as np

from skensemble._validation import Described, must_be
from skensemble.backends import trace
from skensemble.networks import copy_layer, dense_rows, prediction_mode
from skensemble.training import Augmentation


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
        if isinstance(shape, tuple) and not _takes(shape[1:], rows.shape[1:]):
            must = f"made for rows of shape {rows.shape[1:]}"
            got = Described(f"a model for {shape[1:]}")
            fix = "image_size= of standard_augmentation, and input_size= of recipes.make, say which"
            raise ValueError(must_be("augmentation", must, got, fix))


def _takes(shape, of_rows) -> bool:
    if len(shape) != len(of_rows):
        return False
    return all(size in (None, n) for size, n in zip(shape, of_rows, strict=True))


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
