"""Who called: Keras tells a callback neither its neighbours nor whose ``fit`` it serves."""

from __future__ import annotations

import sys
import warnings
from types import FrameType

import keras


def calling_list() -> keras.callbacks.CallbackList | None:
    """Return the list of callbacks that is calling one of its members, if it is one that calls."""
    frame: FrameType | None = sys._getframe(1)
    while frame is not None:
        caller = frame.f_locals.get("self")
        if isinstance(caller, keras.callbacks.CallbackList):
            return caller
        frame = frame.f_back
    return None


def warn_user(message: str, category: type[Warning] = UserWarning) -> None:
    """Warn about the line of the user's that led here, past Keras and this package."""
    frame, level = sys._getframe(1), 2
    while frame.f_back is not None and _is_ours(frame.f_globals.get("__name__", "")):
        frame, level = frame.f_back, level + 1
    warnings.warn(message, category, stacklevel=level)


def _is_ours(module: str) -> bool:
    return module.partition(".")[0] in ("keras", "skensemble")
