"""What a network is to be built from."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class NetworkRequest:
    """A builder, and all that may reach it or the compilation of what it builds."""

    builder: Callable[..., Any]  # returns a Keras model, compiled or not
    given: Any  # the estimator's parameter that the builder was made of: a function, a model, None
    given_as: str  # name of that parameter
    # The estimator's parameters by name, routed ones (``optimizer__momentum``) included.
    params: Mapping[str, Any]
    # Names of those that the constructor does not name: they are routed, or go to the builder.
    extra: tuple[str, ...] = ()
    # What is known of the data, by the names that scikeras has for it.
    meta: Mapping[str, Any] = field(default_factory=dict)
