"""Telling whether two networks compute the same from the same weights."""

from collections.abc import Hashable

import keras

from skensemble.backends import operations_are_deterministic
from skensemble.networks._freezing import Freezer


def fingerprint_of_network(model) -> Hashable | None:
    """Return a value that is equal for networks that compute the same from the same weights.

    It is made of everything that the network consists of: its layers and their attributes, how they
    are connected, which of them use which variables. Names and initial values are not part of it.

    None where networks cannot be compared: with Lambda layers, functions of the user's, layers of a
    class without a ``get_config`` of its own or whose code uses more than the layer, and layers
    that keep what they learned from data outside their weights.
    """
    try:
        freezer = Freezer()
        network = freezer.freeze(model)
        return _global_settings(), network, freezer.freeze([[v] for v in model.variables])
    except Exception:  # ours, or whatever the attributes of custom classes raise
        return None


def fingerprint_of_training(model) -> Hashable | None:
    """Return the same for a compiled network with its loss, metrics and optimizer.

    The learning rate is not part of it.
    """
    try:
        freezer = Freezer()
        network = freezer.freeze(model)
        arguments = dict(model._compile_config.config)
        variables = [[v] for v in (*model.variables, *model.optimizer.variables)]
        return (
            _global_settings(),
            network,
            freezer.freeze(arguments),
            freezer.freeze(model.optimizer),
            freezer.freeze(variables),
        )
    except Exception:
        return None


def _global_settings() -> tuple[object, ...]:
    return (
        keras.config.floatx(),
        keras.config.epsilon(),
        keras.config.image_data_format(),
        keras.config.dtype_policy().name,
        operations_are_deterministic(),
    )
