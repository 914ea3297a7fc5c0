"""What a network is to be built from."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class NetworkRequest:
    """A builder, and all that may reach it or the compilation of what it builds.

    Parameters
    ----------
    builder : callable
        Returns a Keras model, compiled or not.
    given : object
        The estimator's parameter that the builder was made of: a function, a model, None.
    given_as : str
        Name of that parameter.
    params : mapping
        The estimator's parameters by name, routed ones (``optimizer__momentum``) included.
    extra : sequence of str
        Names of those that the constructor does not name: they are routed, or go to the builder.
    meta : mapping
        What is known of the data, by the names that scikeras has for it.
    """

    builder: Callable[..., Any]
    given: Any
    given_as: str
    params: Mapping[str, Any]
    extra: tuple[str, ...] = ()
    meta: Mapping[str, Any] = field(default_factory=dict)
