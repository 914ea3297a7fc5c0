"""Keras objects as parameters of an estimator.

scikeras replaces the way in which models, losses, metrics and optimizers are copied and pickled
by one that looks their classes up by name: it fails for classes of the user's own, and takes one
of Keras's for another of the same name. Here, nothing depends on it.
"""

import copy
import copyreg
import io
from typing import Any

import cloudpickle
import keras
from sklearn.base import clone

_NEVER_CHANGED = keras.Layer | keras.Loss | keras.Metric | keras.Optimizer


def fresh_copy(value: Any) -> Any:
    """Copy optimizers and metrics, which training changes, in any nesting; nothing else."""
    if isinstance(value, keras.optimizers.Optimizer | keras.metrics.Metric):
        return type(value).from_config(value.get_config())
    if type(value) is dict:
        return {key: fresh_copy(item) for key, item in value.items()}
    if type(value) in (list, tuple):
        return type(value)(fresh_copy(item) for item in value)
    return value


def clone_parameter(value: Any) -> Any:
    """Copy a parameter for a clone; what ``fit`` never changes is shared."""
    if isinstance(value, _NEVER_CHANGED):
        return value
    if isinstance(value, keras.callbacks.Callback):
        return copy.deepcopy(without_model(value))
    if type(value) is dict:
        return {key: clone_parameter(item) for key, item in value.items()}
    if type(value) in (list, tuple):
        return type(value)(clone_parameter(item) for item in value)
    return clone(value, safe=False)


def without_model(callback):
    """Copy a callback without the network that it holds on to after training."""
    callback = copy.copy(callback)
    callback._model, callback.params = None, None
    return callback


class _Pickler(cloudpickle.Pickler):
    """By value what cannot be imported; Keras objects by their class and what made them."""

    def reducer_override(self, obj):
        if isinstance(obj, keras.metrics.Metric | keras.optimizers.Optimizer):
            return _from_config, (type(obj), obj.get_config())
        if isinstance(obj, keras.layers.Layer) and not isinstance(obj, keras.Model):
            return _layer, (type(obj), obj.get_config(), obj.get_build_config(), obj.get_weights())
        if isinstance(obj, keras.losses.Loss):
            return copyreg.__newobj__, (type(obj),), vars(obj)
        return super().reducer_override(obj)


def _from_config(cls: Any, config: dict):
    return cls.from_config(config)


def _layer(cls: Any, config: dict, build_config: dict | None, weights: list):
    return with_weights(cls.from_config(config), build_config, weights)


def with_weights(layer, build_config: dict | None, weights: list):
    if weights:
        layer.build_from_config(build_config)
        layer.set_weights(weights)
    return layer


def dump_by_value(value: Any) -> bytes:
    """Pickle ``value`` so that a process that cannot import its classes can read it."""
    file = io.BytesIO()
    _Pickler(file).dump(value)
    return file.getvalue()
