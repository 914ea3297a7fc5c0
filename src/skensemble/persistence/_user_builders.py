"""A network builder of the user's own, by the name of its module or file."""

import contextlib
import importlib
import importlib.util
import os
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

from skensemble._validation import Described, must_be


def import_builder(spec: str) -> Callable[..., Any]:
    """Import ``MODULE:FUNCTION`` or ``FILE.py:FUNCTION``; this runs the code of the module."""
    place, _, name = spec.rpartition(":")
    fix = "MODULE:FUNCTION or FILE.py:FUNCTION names a function that builds a network"
    if not place or not name.isidentifier():
        raise ValueError(must_be("model", "MODULE:FUNCTION or FILE.py:FUNCTION", spec, fix))
    module = _import_file(place) if place.endswith(".py") else _import_module(place)
    function = getattr(module, name, None)
    if not callable(function):
        there = [key for key in vars(module) if callable(vars(module)[key]) and key[0] != "_"]
        got = Described(f"{name!r}, which {place} does not define; it has {', '.join(there)}")
        raise ValueError(must_be("model", f"a function of {place}", got, fix))
    found: Callable[..., Any] = function
    return found


def is_user_builder(name: str) -> bool:
    """Whether the name of a network is that of a function to import."""
    return ":" in name


def absolute_builder_name(spec: str) -> str:
    """Return the same with the full path of a file, which holds in any folder."""
    place, _, name = spec.rpartition(":")
    return f"{Path(place).resolve()}:{name}" if place.endswith(".py") else spec


def _import_file(place: str) -> ModuleType:
    path = Path(place).resolve()
    if not path.is_file():
        fix = "give the path of a file with a function that builds a network"
        got = Described(f"{place}, which does not exist")
        raise FileNotFoundError(must_be("model", "a file that exists", got, fix))
    # Keras finds the classes of its layers by the name of their module, now and in later runs.
    name = f"skensemble_model_{path.stem}"
    spec = importlib.util.spec_from_file_location(name, path)
    if spec is None or spec.loader is None:
        raise ImportError(f"{place} cannot be imported as a module of Python.")
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    with _importable(path.parent):
        try:
            spec.loader.exec_module(module)
        except BaseException:
            del sys.modules[name]
            raise
    return module


def _import_module(place: str) -> ModuleType:
    with _importable(Path.cwd()):
        return importlib.import_module(place)


@contextlib.contextmanager
def _importable(folder: Path) -> Iterator[None]:
    """Let modules of a folder be imported, for a moment."""
    before = list(sys.path)
    sys.path.insert(0, os.fspath(folder))
    try:
        yield
    finally:
        sys.path[:] = before
