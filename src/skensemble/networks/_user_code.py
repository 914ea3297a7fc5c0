"""Classes of users: what their code depends on besides its instances."""

import builtins
import types
from collections.abc import Iterator
from typing import Any

_TRUSTED = ("keras", "math", "numpy", "skensemble", "tensorflow")


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
