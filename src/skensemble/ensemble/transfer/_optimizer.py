"""The optimizer of the warm-up."""

from __future__ import annotations

import inspect
from typing import Any

import keras

from skensemble._validation import must_be
from skensemble.networks import own_learning_rate
from skensemble.networks._keras_values import fresh_copy


def fresh_optimizer(given: Any):
    """Make an optimizer of a name, a class or another optimizer, which stays as it is.

    Raises
    ------
    TypeError, ValueError
        If it is none, or has no learning rate of its own to start from.
    """
    must = "a Keras optimizer, its class or its name"
    fix = "as in 'rmsprop' or keras.optimizers.RMSprop(1e-4)"
    if isinstance(given, keras.optimizers.Optimizer):
        optimizer = fresh_copy(given)
    elif inspect.isclass(given) and issubclass(given, keras.optimizers.Optimizer):
        optimizer = given()
    elif isinstance(given, str):
        try:
            optimizer = keras.optimizers.get(given)
        except ValueError as error:
            raise ValueError(must_be("warmup_optimizer", must, given, fix)) from error
    else:
        raise TypeError(must_be("warmup_optimizer", must, given, fix))
    rate = own_learning_rate(optimizer)
    if isinstance(rate, str) or not rate > 0:
        must = "an optimizer with a learning rate above 0, of which the warm-up makes one cosine"
        raise ValueError(must_be("warmup_optimizer", must, given, fix))
    return optimizer, float(rate)
