"""Data sets that Keras downloads."""

from __future__ import annotations

import contextlib
import os
import sys
from http.client import HTTPException
from importlib import import_module
from threading import Lock
from typing import Any

from skensemble._validation import Described, must_be

# sys.stdout belongs to all threads: two that put it back in turn could leave it replaced.
_lock = Lock()


def downloaded(module: str, title: str) -> Any:
    """Return what ``load_data`` of a module of ``keras.datasets`` does, without its output."""
    loader = import_module(f"keras.datasets.{module}")
    try:
        with _lock, contextlib.redirect_stdout(sys.stderr):
            return loader.load_data()
    except Exception as error:
        if not _is_of_the_network(error):
            raise
        cache = os.path.join(os.environ.get("KERAS_HOME", os.path.join("~", ".keras")), "datasets")
        must = f"in {cache}, where Keras keeps it once it is downloaded"
        got = Described("a download that failed")
        fix = (
            "connect to the network this once, or load a folder of images or an .npz file in "
            f"its place ({str(error).rstrip('.')})"
        )
        raise ConnectionError(must_be(title, must, got, fix)) from error


def _is_of_the_network(error: Exception) -> bool:
    """Whether this is a download that failed: Keras raises bare exceptions."""
    text = str(error)
    return (
        (type(error) is Exception and text.startswith("URL fetch failure"))
        or (type(error) is ValueError and text.startswith("Incomplete or corrupted file"))
        or isinstance(error, ConnectionError | TimeoutError | HTTPException)
    )
