"""A network without its weights, as JSON and back, and by the name of a function that builds it."""

import contextlib
import importlib
import importlib.util
import json
import os
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

from skensemble._validation import Described, must_be


def network_to_json(model: Any, name: str) -> str:
    """Return a network without its weights, in JSON from which it can be built again."""
    from skensemble.networks._copying import network_config

    try:
        text = json.dumps(network_config(model))
        again = network_from_json(text, name)
    except Exception as error:
        raise ValueError(
            "The network cannot be written to the run directory, as Keras cannot build it again "
            f"from its configuration ({type(error).__name__}: {str(error).splitlines()[0]}). Give "
            "its own layers a get_config, and use layers in place of Lambda."
        ) from error
    shapes = [tuple(variable.shape) for variable in model.weights]
    if [tuple(variable.shape) for variable in again.weights] != shapes:
        raise ValueError(
            "The network cannot be written to the run directory: built again from its "
            "configuration, it has other variables. Give its own layers a complete get_config."
        )
    return text


def network_from_json(text: str, name: str) -> Any:
    """Build a network from its configuration in JSON; not compiled.

    The code of a builder MODULE:FUNCTION is imported only where Keras does not know a layer.
    """
    from skensemble.networks._copying import network_from_config

    try:
        return network_from_config(json.loads(text))
    except Exception:  # whatever the classes of layers raise
        if not is_user_builder(name):
            raise
        import_builder(name)
        return network_from_config(json.loads(text))  # Keras empties the one that it fails to read


def import_builder(spec: str) -> Callable[..., Any]:
    """Import ``MODULE:FUNCTION`` or ``FILE.py:FUNCTION``; this runs the code of the module."""
    place, _, name = spec.rpartition(":")
    fix = "MODULE:FUNCTION or FILE.py:FUNCTION names a function that builds a network"
    if not place or not name.isidentifier():
        raise ValueError(must_be("model", "MODULE:FUNCTION or FILE.py:FUNCTION", spec, fix))
    if place.endswith(".py"):
        module = _import_file(place)
    else:
        with _importable(Path.cwd()):
            module = importlib.import_module(place)
    function = getattr(module, name, None)
    if not callable(function):
        there = [key for key in vars(module) if callable(vars(module)[key]) and key[0] != "_"]
        got = Described(f"{name!r}, which {place} does not define; it has {', '.join(there)}")
        raise ValueError(must_be("model", f"a function of {place}", got, fix))
    return function  # type: ignore[no-any-return]


def is_user_builder(name: str) -> bool:
    """Whether ``--model`` names a builder of the user's, ``MODULE:FUNCTION``."""
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
    module = sys.modules[name] = importlib.util.module_from_spec(spec)
    with _importable(path.parent):
        try:
            spec.loader.exec_module(module)
        except BaseException:
            del sys.modules[name]
            raise
    return module


@contextlib.contextmanager
def _importable(folder: Path) -> Iterator[None]:
    before = list(sys.path)
    sys.path.insert(0, os.fspath(folder))
    try:
        yield
    finally:
        sys.path[:] = before
