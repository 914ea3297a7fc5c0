"""Telling whether two networks compute the same from the same weights."""

import functools
import inspect
import types
from collections.abc import Hashable, Iterator, Mapping
from typing import Any

import keras
import numpy as np

from skensemble.backends import operations_are_deterministic, tensor_value

# Modules whose functions and classes can be told by their names.
_TRUSTED = ("keras", "math", "numpy", "skensemble", "tensorflow")

# Attributes that do not affect the computation: names, bookkeeping of Keras, initial values, what
# was compiled, and what is the same in every network.
_IRRELEVANT = frozenset(
    """
    _auto_config _build_shapes_dict _call_signature _called _compile_config _compile_loss
    _compile_metrics _compiled_trainable_state _distribute_strategy _distribution_strategy
    _eval_epoch_iterator _exclude_from_weight_decay_cache _inbound_nodes _initial_epoch
    _initial_seed _initializer _learning_rate _lock _loss_ids _loss_tracker _losses
    _losses_override _name _nodes _operations_by_depth _outbound_nodes _parent_path _path
    _saved_model_arg_spec _saved_model_inputs_spec _seed_generators _tracked _tracker
    _trainable_variables_indices _value build built history name optimizer output_names
    predict_function quantize seed stop_evaluating stop_training test_function train_function
    """.split()  # noqa: SIM905
)


def fingerprint_of_network(model) -> Hashable | None:
    """Return a value that is equal for networks that compute the same from the same weights.

    It is made of everything that the network consists of: its layers and their attributes, how they
    are connected, which of them use which variables. Names and initial values are not part of it.

    None where networks cannot be compared: with Lambda layers, functions of the user's, layers of a
    class without a ``get_config`` of its own or whose code uses more than the layer, and layers
    that keep what they learned from data outside their weights.
    """
    return _fingerprint(model, is_trained=False)


def fingerprint_of_training(model) -> Hashable | None:
    """Return the same for a compiled network with its loss, metrics and optimizer, not its rate."""
    return _fingerprint(model, is_trained=True)


def _fingerprint(model, *, is_trained: bool) -> Hashable | None:
    freezer = _Freezer()
    try:
        found, variables = [freezer.freeze(model)], model.variables
        if is_trained:
            found += map(freezer.freeze, [dict(model._compile_config.config), model.optimizer])
            variables = [*variables, *model.optimizer.variables]
        found.append(freezer.freeze([[variable] for variable in variables]))
    except Exception:  # ours, or whatever the attributes of custom classes raise
        return None
    return (
        keras.config.floatx(),
        keras.config.epsilon(),
        keras.config.image_data_format(),
        keras.config.dtype_policy().name,
        operations_are_deterministic(),
        *found,
    )


def _is_irrelevant(name: str, cls: type) -> bool:
    if _is_trusted(cls.__module__):
        return name in _IRRELEVANT or name.endswith("_initializer")
    return name in _IRRELEVANT and name in _names_of_keras()


@functools.cache
def _names_of_keras() -> frozenset[str]:
    model = keras.Model()
    model.compile("sgd", "mse")
    bases = [model, model.optimizer, keras.layers.Layer(), keras.metrics.Metric()]
    return frozenset({name for base in bases for name in vars(base)} | {"history"})


class _IncomparableError(Exception):
    """An object cannot be compared with others."""


class _Freezer:
    """Freezes objects; to one that it has seen before, it refers by number.

    Two structures freeze to the same value only if they have the same shape, with the same things
    shared in the same places.
    """

    def __init__(self) -> None:
        self._numbers: dict[int, int] = {}
        self._seen: list[Any] = []  # keeps the ids in use

    def freeze(self, value: Any) -> Hashable:
        """Return a hashable value; raise ``_IncomparableError`` where there is none."""
        if value is None or isinstance(value, bool | int | float | complex | str | bytes):
            return type(value), repr(value)
        if isinstance(value, np.ndarray | np.generic):
            return value.dtype.str, value.shape, value.tobytes()
        if isinstance(value, type):
            return self._class(value)
        if isinstance(value, types.ModuleType | np.dtype):
            return str(value)
        if isinstance(value, functools.partial):
            return self._all([value.func, value.args, value.keywords])
        if isinstance(value, types.FunctionType | types.BuiltinFunctionType):
            if not _is_trusted(getattr(value, "__module__", None)):
                raise _IncomparableError(value)
            return value
        if inspect.ismethod(value):
            return value.__name__, self.freeze(value.__self__)
        if id(value) in self._numbers:
            return "seen before", self._numbers[id(value)]
        self._numbers[id(value)] = len(self._seen)
        self._seen.append(value)
        if isinstance(value, Mapping):
            return self._all([pair for pair in value.items() if pair[0] != "optimizer"])
        if isinstance(value, list | tuple):
            return self._all(value)
        if isinstance(value, set | frozenset):
            return frozenset(self._all(value))
        return self._object(value)

    def _all(self, values) -> tuple[Hashable, ...]:
        return tuple(self.freeze(value) for value in values)

    def _class(self, cls: type) -> Hashable:
        if _is_trusted(cls.__module__) or cls.__module__ == "builtins":
            return cls
        definer = next((base for base in cls.__mro__ if "get_config" in vars(base)), object)
        if definer is object or _is_trusted(definer.__module__):
            raise _IncomparableError(cls)
        return cls, tuple((name, self.freeze(value)) for name, value in _code_of(cls))

    def _object(self, value: Any) -> Hashable:
        of_tensor = tensor_value(value)
        if of_tensor is not None:
            return self.freeze(of_tensor)
        if isinstance(value, keras.KerasTensor):
            return self.freeze([value.shape, value.dtype, value.sparse, value.ragged])
        if not hasattr(value, "__dict__") or isinstance(value, keras.layers.Lambda):
            raise _IncomparableError(value)
        self._check(value)
        if not _is_trusted(type(value).__module__) and hasattr(value, "get_config"):
            value.get_config()  # it must not only exist, but work
        attributes = {
            name: item
            for name, item in vars(value).items()
            if not name.startswith("_self_") and not _is_irrelevant(name, type(value))
        }
        if isinstance(value, keras.metrics.Metric):
            attributes["name"] = value.name  # it is the name of a log
        frozen = tuple((name, self.freeze(attributes[name])) for name in sorted(attributes))
        return self._class(type(value)), frozen

    def _check(self, value: Any) -> None:
        """Raise for what Keras keeps elsewhere than in attributes, or looks up by name."""
        has_state = hasattr(value, "finalize_state") and getattr(value, "input_mean", None) is None
        excluded = getattr(value, "_exclude_from_weight_decay", None)
        excluded = excluded or getattr(value, "_exclude_from_weight_decay_pattern", None)
        has_compile = isinstance(value, keras.Model)
        has_compile = has_compile and not _is_trusted(type(value).compile.__module__)
        by_name = isinstance(value, keras.optimizers.Muon | keras.optimizers.MultiOptimizer)
        if has_state or excluded or has_compile or by_name:
            raise _IncomparableError(value)


def _is_trusted(module: str | None) -> bool:
    return module is not None and module.split(".")[0] in _TRUSTED


def _code_of(cls: type) -> list[tuple[str, Any]]:
    """Collect what the methods of a class can read besides their arguments.

    Class attributes, and values of the global names that methods mention; refused is a method that
    uses names of layers or variables, or a function or an object of the user's.
    """
    found = []
    for base in cls.__mro__:
        if _is_trusted(base.__module__) or base.__module__ == "builtins":
            continue
        for name, attribute in vars(base).items():
            functions = list(_functions_of(attribute))
            if not functions and not (name.startswith("__") and name.endswith("__")):
                found.append((f"{base.__qualname__}.{name}", attribute))
            for function in functions:
                found.extend(_globals_of(function))
    return sorted(found, key=lambda pair: pair[0])


def _functions_of(attribute: Any) -> Iterator[types.FunctionType]:
    attributes = [getattr(attribute, "__func__", attribute)]
    if isinstance(attribute, property):
        attributes = [attribute.fget, attribute.fset, attribute.fdel]
    for candidate in attributes:
        # Keras wraps some methods of layers.
        function = getattr(candidate, "__wrapped__", candidate)
        if isinstance(function, types.FunctionType):
            yield function


def _globals_of(function: types.FunctionType) -> list[tuple[str, Any]]:
    names = set(_names_in(function.__code__))
    cells = zip(function.__code__.co_freevars, function.__closure__ or (), strict=True)
    read = [(name, cell.cell_contents) for name, cell in cells if name != "__class__"]
    mentioned = sorted(names & function.__globals__.keys())
    read.extend((name, function.__globals__[name]) for name in mentioned)
    if names & {"name", "path"} or not all(_is_comparable(value) for _, value in read):
        raise _IncomparableError(function)
    return read


def _names_in(code: types.CodeType) -> Iterator[str]:
    yield from code.co_names
    for constant in code.co_consts:
        if isinstance(constant, types.CodeType):
            yield from _names_in(constant)


def _is_comparable(value: Any) -> bool:
    if isinstance(value, types.ModuleType):
        return _is_trusted(value.__name__)
    if isinstance(value, type | types.FunctionType | types.BuiltinFunctionType):
        return _is_trusted(value.__module__) or value.__module__ == "builtins"
    return value is None or isinstance(value, bool | int | float | str | bytes)
