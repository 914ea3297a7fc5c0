"""Turning an object, and all that it holds, into a value that can be compared."""

import builtins
import functools
import inspect
import types
from collections.abc import Hashable, Iterator, Mapping
from typing import Any

import keras
import numpy as np

from skensemble.backends import tensor_value

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


def _is_irrelevant(name: str, cls: type) -> bool:
    if is_trusted(cls.__module__):
        return name in _IRRELEVANT or name.endswith("_initializer")
    return name in _IRRELEVANT and name in _names_of_keras()


@functools.cache
def _names_of_keras() -> frozenset[str]:
    model = keras.Model()
    model.compile("sgd", "mse")
    bases = [model, model.optimizer, keras.layers.Layer(), keras.metrics.Metric()]
    return frozenset({name for base in bases for name in vars(base)} | {"history"})


class IncomparableError(Exception):
    """An object cannot be compared with others."""


class Freezer:
    """Freezes objects; to one that it has seen before, it refers by number.

    Two structures freeze to the same value only if they have the same shape, with the same things
    shared in the same places.
    """

    def __init__(self) -> None:
        self._numbers: dict[int, int] = {}
        self._seen: list[Any] = []  # keeps the ids in use

    def freeze(self, value: Any) -> Hashable:
        """Return a hashable value; raise ``IncomparableError`` where there is none."""
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
            return self._function(value)
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

    def _function(self, function) -> Hashable:
        if is_trusted(getattr(function, "__module__", None)):
            return function
        raise IncomparableError(function)

    def _class(self, cls: type) -> Hashable:
        if is_trusted(cls.__module__) or cls.__module__ == "builtins":
            return cls
        definer = next((base for base in cls.__mro__ if "get_config" in vars(base)), object)
        if definer is object or is_trusted(definer.__module__):
            raise IncomparableError(cls)
        code = frozen_code(cls)
        if code is None:
            raise IncomparableError(cls)
        return cls, tuple((name, self.freeze(value)) for name, value in code)

    def _object(self, value: Any) -> Hashable:
        of_tensor = tensor_value(value)
        if of_tensor is not None:
            return self.freeze(of_tensor)
        if isinstance(value, keras.KerasTensor):
            return self.freeze([value.shape, value.dtype, value.sparse, value.ragged])
        if not hasattr(value, "__dict__") or isinstance(value, keras.layers.Lambda):
            raise IncomparableError(value)
        self._check(value)
        if not is_trusted(type(value).__module__) and hasattr(value, "get_config"):
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
        excluded = any(
            getattr(value, name, None)
            for name in ("_exclude_from_weight_decay", "_exclude_from_weight_decay_pattern")
        )
        has_compile = isinstance(value, keras.Model) and not is_trusted(
            type(value).compile.__module__
        )
        by_name = isinstance(value, keras.optimizers.Muon | keras.optimizers.MultiOptimizer)
        if has_state or excluded or has_compile or by_name:
            raise IncomparableError(value)


def is_trusted(module: str | None) -> bool:
    """Whether a module is one whose functions and classes can be told by their names."""
    return module is not None and module.split(".")[0] in _TRUSTED


def frozen_code(cls: type) -> list[tuple[str, Any]] | None:
    """Collect what the methods of a class can read besides their arguments.

    Class attributes, and values of the global names that methods mention; None where a method uses
    names of layers or variables, or a function or an object of the user's.
    """
    found = []
    for base in cls.__mro__:
        if is_trusted(base.__module__) or base.__module__ == "builtins":
            continue
        for name, attribute in vars(base).items():
            functions = list(_functions_of(attribute))
            if not functions and not (name.startswith("__") and name.endswith("__")):
                found.append((f"{base.__qualname__}.{name}", attribute))
            for function in functions:
                read = _globals_of(function)
                if read is None:
                    return None
                found.extend(read)
    return sorted(found, key=lambda pair: pair[0])


def _functions_of(attribute: Any) -> Iterator[types.FunctionType]:
    if isinstance(attribute, property):
        attributes = [attribute.fget, attribute.fset, attribute.fdel]
    else:
        attributes = [getattr(attribute, "__func__", attribute)]
    for candidate in attributes:
        # Keras wraps some methods of layers.
        function = getattr(candidate, "__wrapped__", candidate)
        if isinstance(function, types.FunctionType):
            yield function


def _globals_of(function: types.FunctionType) -> list[tuple[str, Any]] | None:
    names = set(_names_in(function.__code__))
    if names & {"name", "path"}:
        return None
    cells = zip(function.__code__.co_freevars, function.__closure__ or (), strict=True)
    read = [(name, cell.cell_contents) for name, cell in cells if name != "__class__"]
    mentioned = sorted(names & function.__globals__.keys())
    read.extend((name, function.__globals__[name]) for name in mentioned)
    return read if all(_is_comparable(value) for _, value in read) else None


def _names_in(code: types.CodeType) -> Iterator[str]:
    yield from code.co_names
    for constant in code.co_consts:
        if isinstance(constant, types.CodeType):
            yield from _names_in(constant)


def _is_comparable(value: Any) -> bool:
    if isinstance(value, types.ModuleType):
        return is_trusted(value.__name__)
    if isinstance(value, type | types.FunctionType | types.BuiltinFunctionType):
        return is_trusted(value.__module__) or value.__module__ == builtins.__name__
    return value is None or isinstance(value, bool | int | float | str | bytes)
