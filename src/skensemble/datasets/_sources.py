"""What the loaders share: checks of paths, imports of packages, lists of names in messages."""

import os
from collections.abc import Collection
from importlib import import_module
from types import ModuleType
from typing import Any

from skensemble._validation import check_flag, must_be


def listed(names: Collection[Any], limit: int = 20) -> str:
    """Names in quotes with commas; the first ones if there are more than ``limit``."""
    shown = ", ".join(repr(name) for name in list(names)[:limit])
    return shown if len(names) <= limit else f"{shown} and {len(names) - limit} more"


def text_of(name: str, path: Any) -> str:
    """Return a path as a string."""
    if not isinstance(path, str | os.PathLike):
        fix = "pass the name of a file or a folder"
        raise TypeError(must_be(name, "a string or a path", path, fix))
    return os.fsdecode(path)


def check_labelled(labelled: Any) -> None:
    """Raise unless it is a bool."""
    check_flag("labelled", labelled, fix="False reads rows without labels")


def existing_file(path: Any) -> str:
    """Return a path as a string, of a file that exists."""
    file = text_of("path", path)
    if os.path.isdir(file):
        fix = "it is a folder; name a file in it"
        raise IsADirectoryError(must_be("path", "a file", file, fix))
    if not os.path.isfile(file):
        raise FileNotFoundError(must_be("path", "a file that exists", file, "check its name"))
    return file


def import_extra(module: str, package: str, what: str) -> ModuleType:
    """Import a module of the extra ``data``, or raise an error that says how to install it."""
    try:
        return import_module(module)
    except ImportError as error:
        raise ImportError(
            f"Reading {what} needs {package}, which is not installed: "
            "run `pip install skensemble[data]`."
        ) from error
