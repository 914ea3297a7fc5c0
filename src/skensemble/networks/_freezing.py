"""Turning an object, and all that it holds, into a value that can be compared."""

import functools
import inspect
import types
from collections.abc import Hashable, Mapping
from typing import Any

import keras
import numpy as np

from skensemble.backends import tensor_value
from skensemble.networks._user_code import frozen_code, is_trusted

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
    """Names of the attributes of Keras's classes that users derive theirs from."""
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
