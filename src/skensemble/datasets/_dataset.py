"""The record that every loader returns, and what the loaders share."""

import os
from collections.abc import Collection
from dataclasses import dataclass
from importlib import import_module
from types import ModuleType
from typing import Any

import numpy as np

from skensemble._validation import check_flag, must_be


@dataclass(frozen=True, eq=False, repr=False)
class Dataset:
    """Rows, their labels, and their origin.

    Parameters
    ----------
    X : ndarray of shape (n, ...)
        Images, uint8 of shape (n, height, width, 3); the features of a table, float32 of shape
        (n, d); or the array of an ``.npz`` file, unchanged.
    y : ndarray of shape (n,), optional
        Labels, as names or as in the file. None if the source has none.
    feature_names : tuple of str, optional
        Names of the columns of ``X``, for tables.
    paths : tuple of str, optional
        For images, the file of each row, relative to the folder that was loaded.
    skipped : tuple of str
        Images that could not be read, relative to the folder that was loaded.

    Examples
    --------
    >>> import numpy as np
    >>> from skensemble.datasets import Dataset
    >>> Dataset(np.zeros((3, 2), "float32"), np.array(["a", "b", "a"]))
    Dataset(X: float32 (3, 2), y: 2 classes)
    """

    X: np.ndarray
    y: np.ndarray | None = None
    feature_names: tuple[str, ...] | None = None
    paths: tuple[str, ...] | None = None
    skipped: tuple[str, ...] = ()

    def __repr__(self) -> str:
        parts = [f"X: {self.X.dtype} {self.X.shape}"]
        if self.y is not None:
            parts.append(f"y: {len(np.unique(self.y))} classes")
        if self.skipped:
            parts.append(f"{len(self.skipped)} skipped")
        return f"Dataset({', '.join(parts)})"


def listed(names: Collection[Any], limit: int = 20) -> str:
    shown = ", ".join(repr(name) for name in list(names)[:limit])
    return shown if len(names) <= limit else f"{shown} and {len(names) - limit} more"


def text_of(name: str, path: Any) -> str:
    if not isinstance(path, str | os.PathLike):
        fix = "pass the name of a file or a folder"
        raise TypeError(must_be(name, "a string or a path", path, fix))
    return os.fsdecode(path)


def check_labelled(labelled: Any) -> None:
    check_flag("labelled", labelled, fix="False reads rows without labels")


def existing_file(path: Any) -> str:
    file = text_of("path", path)
    if os.path.isdir(file):
        fix = "it is a folder; name a file in it"
        raise IsADirectoryError(must_be("path", "a file", file, fix))
    if not os.path.isfile(file):
        raise FileNotFoundError(must_be("path", "a file that exists", file, "check its name"))
    return file


def import_extra(module: str, package: str, what: str) -> ModuleType:
    try:
        return import_module(module)
    except ImportError as error:
        raise ImportError(
            f"Reading {what} needs {package}, which is not installed: "
            "run `pip install skensemble[data]`."
        ) from error
