"""What a pickled ensemble is made of.

The snapshots, once, as plain arrays; the architecture without weights; and the parameters, those
that cannot be imported where the file is read (lambdas, closures, what was defined in a notebook)
by value.
"""

import pickle
from dataclasses import replace
from typing import Any

import cloudpickle
import keras
import numpy as np

from skensemble.networks import (
    architecture_of,
    dump_by_value,
    model_from,
    recompile_arguments,
    set_weights,
    without_model,
)

_PLAIN = (type(None), bool, int, float, str, bytes, np.ndarray, np.generic, np.random.RandomState)


class _ByValue:
    """Stands for a value that may need cloudpickle."""

    def __init__(self, value: Any):
        self.value = value

    def __reduce__(self):
        return cloudpickle.loads, (dump_by_value(self.value),)


class _StoredModel:
    """Stands for a Keras model that is a parameter."""

    def __init__(self, model, architecture: bytes):
        self.model = model
        self.architecture = architecture

    def __reduce__(self):
        arguments = recompile_arguments(self.model) if self.model.compiled else None
        stored = self.architecture, self.model.get_weights(), dump_by_value(arguments)
        return _restore_model, stored


def _restore_model(architecture: bytes, weights, compiled_with: bytes):
    model = model_from(architecture)
    set_weights(model, weights)
    arguments = cloudpickle.loads(compiled_with)
    if arguments is not None:
        model.compile(**arguments)
    return model


def portable_state(estimator) -> dict[str, Any]:
    """Collect the state of an estimator in a form that ``pickle`` and ``joblib`` can write."""
    state = dict(vars(estimator))
    for name in estimator.get_params(deep=False):
        state[name] = _portable(state[name])
    if "_fitted" in state:
        fitted = state["_fitted"]
        trained = replace(fitted.trained, network=fitted.trained.network.stored())
        state["_fitted"] = replace(fitted, trained=trained, holdout_predictions=None)
    return state


def _portable(value: Any) -> Any:
    if isinstance(value, _PLAIN):
        return value
    if isinstance(value, keras.Model):
        architecture = architecture_of(value)
        if architecture is None:
            raise pickle.PicklingError(
                f"{type(value).__name__} must be a model that Keras can rebuild from its "
                "configuration: give it a get_config with all that its constructor needs, or pass "
                "a function that builds it."
            )
        return _StoredModel(value, architecture)
    if isinstance(value, keras.callbacks.Callback):
        return _ByValue(without_model(value))
    if type(value) in (list, tuple):
        return type(value)(_portable(item) for item in value)
    if type(value) is dict:
        return {key: _portable(item) for key, item in value.items()}
    return _ByValue(value)


def restored_state(state: dict[str, Any]) -> dict[str, Any]:
    """Return what `portable_state` collected as an estimator has it."""
    return {name: _unwrapped(value) for name, value in state.items()}


def _unwrapped(value: Any) -> Any:
    # copy.copy hands the state over as it is; pickle and deepcopy have taken the wrappers off.
    if isinstance(value, _ByValue):
        return value.value
    if isinstance(value, _StoredModel):
        return value.model
    if type(value) in (list, tuple):
        return type(value)(_unwrapped(item) for item in value)
    if type(value) is dict:
        return {key: _unwrapped(item) for key, item in value.items()}
    return value
