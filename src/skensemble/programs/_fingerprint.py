"""Telling whether two networks compute the same, given the same weights."""

from __future__ import annotations

import functools
from collections.abc import Hashable, Iterator, Mapping
from typing import Any

import keras
import numpy as np

# Methods that, put on an instance, make it another network than its configuration says.
_REPLACEABLE = ("call", "compute_loss", "compute_metrics", "train_step", "test_step")
# Initial weights and learning rates are inputs of a program; names say nothing.
_OF_NO_ACCOUNT = ("learning_rate",)


class _IncomparableError(Exception):
    """Something has no configuration that says all about it."""


def fingerprint_of_network(model) -> Hashable | None:
    """Return a value that is equal for networks that compute the same from the same weights.

    Parameters
    ----------
    model : keras.Model
        Built.

    Returns
    -------
    hashable or None
        None where it cannot be told: Lambda layers, functions of the user's, layers of a class
        without a ``get_config`` of its own, layers that keep what they learned from data outside
        their weights.
    """
    try:
        layers = list(_all_layers(model))
        names = {layer.name: f"layer {i}" for i, layer in reversed(list(enumerate(layers)))}
        classes = {type(layer).__name__ for layer in layers}
        return (
            _global_settings(),
            tuple(_of_layer(layer, names, classes) for layer in layers),
            tuple((tuple(v.shape), str(v.dtype), v.trainable) for v in model.variables),
        )
    except Exception:  # ours, or whatever the get_config of a custom class raises
        return None


def fingerprint_of_compilation(model) -> Hashable | None:
    """Return the same for loss, metrics and optimizer; the learning rate has no part in it."""
    try:
        arguments = dict(model._compile_config.config)
        arguments["optimizer"] = None
        return _freeze(arguments), _of_optimizer(model.optimizer)
    except Exception:
        return None


def _global_settings() -> tuple[Any, ...]:
    from tensorflow.python.framework.config import is_op_determinism_enabled

    return (
        keras.config.floatx(),
        keras.config.epsilon(),
        keras.config.image_data_format(),
        keras.config.dtype_policy().name,
        is_op_determinism_enabled(),
    )


def _all_layers(layer) -> Iterator[Any]:
    yield layer
    for inner in layer._layers:
        yield from _all_layers(inner)


def _of_layer(layer, names, classes) -> Hashable:
    if isinstance(layer, keras.layers.Lambda):
        raise _IncomparableError(layer)
    if hasattr(layer, "finalize_state") and getattr(layer, "input_mean", None) is None:
        raise _IncomparableError(layer)
    if any(method in vars(layer) for method in _REPLACEABLE):
        raise _IncomparableError(layer)
    if isinstance(layer, keras.Model) and type(layer).compile is not keras.Model.compile:
        raise _IncomparableError(layer)
    _check_class(type(layer))
    config = _freeze(layer.get_config(), names, classes)
    return type(layer), layer.trainable, config, _attributes_of(layer)


def _attributes_of(layer) -> Hashable:
    """Freeze what a layer of a user's class holds, in case its configuration does not say it."""
    if _is_trusted(type(layer).__module__):
        return ()
    own = {
        name: value
        for name, value in vars(layer).items()
        if name not in _names_of_keras() and not name.startswith("_self_")
    }
    return tuple((name, _freeze(own[name])) for name in sorted(own) if not _is_tracked(own[name]))


@functools.cache
def _names_of_keras() -> frozenset[str]:
    """Names of the attributes that Keras itself gives to layers and models."""
    model = keras.Model()
    model.compile("sgd", "mse")
    return frozenset({*vars(model), *vars(keras.layers.Layer()), "history", "stop_evaluating"})


def _is_tracked(value: Any) -> bool:
    """Whether Keras knows the value, or all in it, as a part of the model."""
    if isinstance(value, list | tuple | set):
        return bool(value) and all(map(_is_tracked, value))
    if isinstance(value, Mapping):
        return bool(value) and all(map(_is_tracked, value.values()))
    return isinstance(value, keras.Variable | keras.layers.Layer | keras.random.SeedGenerator)


def _of_optimizer(optimizer) -> Hashable:
    _check_class(type(optimizer))
    excluded = [getattr(optimizer, f"_exclude_from_weight_decay{end}", None) for end in _EXCLUDED]
    if any(excluded) or isinstance(optimizer, keras.optimizers.MultiOptimizer):
        raise _IncomparableError(optimizer)
    inner = getattr(optimizer, "inner_optimizer", None)
    config = {
        name: value
        for name, value in optimizer.get_config().items()
        if name not in ("inner_optimizer", "learning_rate", "name")
    }
    return type(optimizer), _freeze(config), None if inner is None else _of_optimizer(inner)


_EXCLUDED = ("", "_pattern")


def _is_trusted(module: str) -> bool:
    return module.split(".")[0] in ("keras", "skensemble")


def _check_class(cls: type) -> None:
    definer = next(base for base in cls.__mro__ if "get_config" in vars(base))
    if not _is_trusted(cls.__module__) and _is_trusted(definer.__module__):
        raise _IncomparableError(cls)


def _freeze(value: Any, names: Mapping[str, str] = {}, classes=frozenset()) -> Hashable:
    """Turn a configuration into something hashable, with layers' names made the same."""
    if value is None or isinstance(value, bool | int | float | str | bytes):
        return value
    if isinstance(value, np.ndarray | np.generic):
        return value.dtype.str, value.shape, value.tobytes()
    if isinstance(value, Mapping):
        return _freeze_mapping(value, names, classes)
    if isinstance(value, list | tuple):
        return tuple(_freeze(item, names, classes) for item in value)
    if isinstance(value, type):
        _check_class(value)
        return value
    if hasattr(value, "get_config"):
        _check_class(type(value))
        return type(value), _freeze(value.get_config(), names, classes)
    if callable(value) and _is_trusted(getattr(value, "__module__", "")):
        return value
    raise _IncomparableError(value)


def _freeze_mapping(value, names, classes) -> Hashable:
    if value.get("class_name") == "__keras_tensor__":
        layer, *index = value["config"]["keras_history"]
        return names.get(layer, layer), tuple(index)
    module = value.get("module")
    if "class_name" in value and "config" in value:
        known = _is_trusted(module or "") or value["class_name"] in classes
        if not known or value["class_name"] == "function":
            raise _IncomparableError(value)
    frozen = []
    for key, item in value.items():
        if str(key).endswith("_initializer") or key in _OF_NO_ACCOUNT:
            continue
        if key == "name" and isinstance(item, str):
            item = names.get(item, item)
        elif key in ("input_layers", "output_layers"):
            item = _rename(item, names)
        frozen.append((_freeze(key), _freeze(item, names, classes)))
    return tuple(frozen)


def _rename(item: Any, names: Mapping[str, str]) -> Any:
    """Replace names of layers in the nested lists that say where a model starts and ends."""
    if isinstance(item, list | tuple):
        return [_rename(inner, names) for inner in item]
    return names.get(item, item) if isinstance(item, str) else item
