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

from skensemble.ensemble._fitted import Fitted
from skensemble.networks import (
    architecture_of,
    dump_by_value,
    model_from,
    recompile_arguments,
    set_weights,
    without_model,
)

_PLAIN = (type(None), bool, int, float, str, bytes, np.ndarray, np.generic, np.random.RandomState)


class _Stored:
    """Stands for a value by a function that makes it again, and the arguments of that."""

    def __init__(self, function, *arguments):
        self.function = function
        self.arguments = arguments

    def __reduce__(self):
        return self.function, self.arguments


def _restore_model(architecture: bytes, weights, compiled_with: bytes):
    model = model_from(architecture)
    set_weights(model, weights)
    arguments = cloudpickle.loads(compiled_with)
    if arguments is not None:
        model.compile(**arguments)
    return model


def stored(fitted: Fitted) -> Fitted:
    """Return the record of a fit without what cannot be written to a file, or is large."""
    trained = replace(fitted.trained, network=fitted.trained.network.stored())
    return replace(fitted, trained=trained, weighed=replace(fitted.weighed, predictions=None))


def portable_state(estimator) -> dict[str, Any]:
    """Collect the state of an estimator in a form that ``pickle`` and ``joblib`` can write."""
    state = dict(vars(estimator))
    for name in estimator.get_params(deep=False):
        state[name] = _portable(state[name])
    if "_fitted" in state:
        state["_fitted"] = stored(state["_fitted"])
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
        compiled_with = recompile_arguments(value) if value.compiled else None
        arguments = architecture, value.get_weights(), dump_by_value(compiled_with)
        return _Stored(_restore_model, *arguments)
    if type(value) in (list, tuple):
        return type(value)(_portable(item) for item in value)
    if type(value) is dict:
        return {key: _portable(item) for key, item in value.items()}
    if isinstance(value, keras.callbacks.Callback):
        value = without_model(value)
    return _Stored(cloudpickle.loads, dump_by_value(value))
