"""Parameters in pickles: by value what cannot be imported there, such as a notebook's lambdas."""

import pickle
from typing import Any

import cloudpickle
import keras
import numpy as np

from skensemble import networks

_PLAIN = (type(None), bool, int, float, str, bytes, np.ndarray, np.generic, np.random.RandomState)


class _Stored:
    """Stands for a value by a function that makes it again, and the arguments of that."""

    def __init__(self, function, *arguments):
        self.function = function
        self.arguments = arguments

    def __reduce__(self):
        return self.function, self.arguments


def _restore_model(architecture: bytes, weights, compiled_with: bytes):
    model = networks.model_from(architecture)
    networks.set_weights(model, weights)
    arguments = cloudpickle.loads(compiled_with)
    if arguments is not None:
        model.compile(**arguments)
    return model


def portable(value: Any) -> Any:
    """Return a parameter in a form that ``pickle`` and ``joblib`` can write."""
    if isinstance(value, _PLAIN):
        return value
    if isinstance(value, keras.Model):
        architecture = networks.architecture_of(value)
        if architecture is None:
            raise pickle.PicklingError(
                f"{type(value).__name__} must be a model that Keras can rebuild from its "
                "configuration: give it a get_config with all that its constructor needs, or pass "
                "a function that builds it."
            )
        compiled_with = networks.recompile_arguments(value) if value.compiled else None
        arguments = architecture, value.get_weights(), networks.dump_by_value(compiled_with)
        return _Stored(_restore_model, *arguments)
    if type(value) in (list, tuple):
        return type(value)(portable(item) for item in value)
    if type(value) is dict:
        return {key: portable(item) for key, item in value.items()}
    if isinstance(value, keras.callbacks.Callback):
        value = networks.without_model(value)
    return _Stored(cloudpickle.loads, networks.dump_by_value(value))
