"""Who called: Keras tells a callback neither its neighbours nor whose ``fit`` it serves."""

from __future__ import annotations

import sys
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
