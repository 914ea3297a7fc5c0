"""scikeras as a component: it routes parameters to builders, losses, optimizers and callbacks."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import keras
from scikeras._utils import accepts_kwargs as accepts_kwargs
from scikeras.wrappers import BaseWrapper
from scikeras.wrappers import KerasClassifier as KerasClassifier

from skensemble.networks._keras_values import fresh_copy
from skensemble.networks._losses import loss_class

# A parameter with one of these prefixes is handed on.
ROUTES = tuple(f"{name}__" for name in (*BaseWrapper._routing_prefixes, "callbacks", "score"))


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


class _Router(BaseWrapper):
    def __init__(self, request: NetworkRequest):
        self._request = request
        # Parameters that go to the builder by their own name.
        self._user_params = set(request.extra)
        # fit has seeded all generators; scikeras would switch on deterministic operations.
        self._random_state = None
        self.__dict__.update(request.meta)

    def get_params(self, deep=True):
        return dict(self._request.params)

    def _check_model_param(self):
        return self._request.builder

    def _get_compile_kwargs(self):
        return compile_arguments(self._request)


def call_builder(request: NetworkRequest) -> Any:
    return _Router(request)._build_keras_model()


def compile_arguments(request: NetworkRequest) -> dict[str, Any]:
    """Return the arguments of ``compile``, with copies of the caller's optimizer and metrics."""
    params = dict(request.params)
    params["metrics"] = fresh_copy(params["metrics"])
    if isinstance(params["optimizer"], keras.optimizers.Optimizer):
        params["optimizer"] = fresh_copy(params["optimizer"])
    else:
        if params["optimizer"] is None:
            params["optimizer"] = "sgd"
            params.setdefault("optimizer__momentum", 0.9)
            params.setdefault("optimizer__nesterov", True)
        params.setdefault("optimizer__learning_rate", float(params["alpha_zero"]))
    if isinstance(params["loss"], str) and any(name.startswith("loss__") for name in params):
        # scikeras takes a name for a function, which has no parameters to set.
        params["loss"] = loss_class(params["loss"]) or params["loss"]
    return BaseWrapper._get_compile_kwargs(_Router(replace(request, params=params)))


def callback_list(params: Mapping[str, Any]) -> list[Any]:
    """Return the callbacks for training: instances, made of classes and routed parameters too."""
    router = _Router(NetworkRequest(builder=dict, given=None, given_as="", params=params))
    router._initialize_callbacks()
    return router._fit_callbacks
