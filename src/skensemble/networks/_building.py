"""From the user's builder to a new Keras model."""

import contextlib
import difflib
import functools
import inspect
import weakref
from collections.abc import Callable
from typing import Any

import keras

from skensemble._validation import Described, must_be
from skensemble.networks._copying import copy_model
from skensemble.networks._scikeras import ROUTES, NetworkRequest, accepts_kwargs, call_builder

# A builder that returns one of these would train it again, in the next fold of a search say.
_TRAINED: weakref.WeakSet = weakref.WeakSet()


def builder_of(model: Any, default: Callable[..., Any]) -> Callable[..., Any]:
    """Make a builder of the parameter ``model``; a Keras model becomes one of copies of it."""
    if model is None:
        return default
    if isinstance(model, keras.Model):
        return lambda: copy_model(model)
    if isinstance(model, type):
        return _without_kwargs(model)
    if callable(model):
        return model
    must = "a function that builds a Keras model, a Keras model, or None"
    fix = "pass the function itself, not its name"
    raise TypeError(must_be("model", must, model, fix))


def build_network(request: NetworkRequest) -> keras.Model:
    _check_parameters_are_known(request)
    try:
        model = call_builder(request)
    except Exception as error:
        given = f"{request.given_as}={request.given!r}"
        error.add_note(f"raised while the network was built by {given}")
        raise
    name = "the result of the model builder"
    if not isinstance(model, keras.Model):
        raise TypeError(must_be(name, "a keras.Model", model, "return it"))
    if _holds(request.given, model):
        return copy_model(model)
    if model in _TRAINED:
        got = Described("a model that has been trained in a fit")
        fix = (
            "build the model inside the function, or pass the model itself: fit trains a copy of it"
        )
        raise ValueError(must_be(name, "a new model at each call", got, fix))
    return model


def note_trained(model: keras.Model) -> None:
    _TRAINED.add(model)


def unseen_by_builder(request: NetworkRequest) -> list[str]:
    """Name routed parameters of loss and optimizer that a builder which compiles never sees."""
    parameters = inspect.signature(request.builder).parameters
    if accepts_kwargs(request.builder) or {"compile_kwargs", "params"} & parameters.keys():
        return []
    return [name for name in request.extra if name.startswith(("optimizer__", "loss__"))]


def _check_parameters_are_known(request: NetworkRequest) -> None:
    if accepts_kwargs(request.builder):
        return
    known = inspect.signature(request.builder).parameters
    for name in request.extra:
        wanted = name.removeprefix("model__")
        routed_elsewhere = wanted == name and name.startswith(ROUTES)
        if routed_elsewhere or wanted in known:
            continue
        rest = name.partition("__")[2]
        parameters = [*request.params, *(f"model__{key}" for key in known)]
        parameters += [f"{route}{rest}" for route in ROUTES if rest]
        close = difflib.get_close_matches(name, [key for key in parameters if key != name], 1)
        must = "one of the estimator or of its model builder"
        fix = f"did you mean {close[0]}" if close else "leave it out"
        raise TypeError(must_be(f"parameter {name}", must, request.params[name], fix))


def _holds(builder: Any, model: keras.Model) -> bool:
    """Whether a builder returns a model that it keeps, in a closure, a default or a global."""
    values = list(getattr(builder, "__dict__", {}).values())
    if isinstance(builder, functools.partial):
        values += [*builder.args, *builder.keywords.values()]
        builder = builder.func
    if inspect.isfunction(builder):
        values += [*(builder.__defaults__ or ()), *(builder.__kwdefaults__ or {}).values()]
        with contextlib.suppress(ValueError):  # a variable that has no value yet
            variables = inspect.getclosurevars(builder)
            values += [*variables.nonlocals.values(), *variables.globals.values()]
    return any(value is model for value in values)


def _without_kwargs(cls: type) -> Callable[..., Any]:
    """Make a class a builder that gets what its constructor names, and no more.

    The constructor of a Keras model passes its ``**kwargs`` on to one that knows none of ours.
    """

    def build(**parameters):
        return cls(**parameters)

    signature = inspect.signature(cls)
    named = [p for p in signature.parameters.values() if p.kind is not p.VAR_KEYWORD]
    build.__signature__ = signature.replace(parameters=named)  # type: ignore[attr-defined]
    return build
