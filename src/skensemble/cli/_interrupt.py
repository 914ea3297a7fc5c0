"""Ctrl-C: the first one ends what may end early, the second one ends all."""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable
from types import FrameType, TracebackType
from typing import Any


class CtrlC:
    """Catches the interrupt signal for as long as a block lasts.

    The first signal calls ``on_first``, which may raise ``KeyboardInterrupt`` itself; the next one
    raises it in any case. Python sees a signal between two calls into TensorFlow. The handler that
    was there before is back after the block, however it ends. Nothing is caught outside of the main
    thread, where Python does not allow handlers, nor where the process was started to ignore the
    signal, as in the background of a shell script.

    Attributes
    ----------
    was_pressed : bool
        Whether there was a signal.
    on_first : callable
        May be set anew at any time.
    """

    def __init__(self, on_first: Callable[[], None]):
        self.on_first = on_first
        self.was_pressed = False
        self._before: Any = None
        self._catches = False

    def __enter__(self) -> CtrlC:
        self._before = signal.getsignal(signal.SIGINT)
        is_main = threading.current_thread() is threading.main_thread()
        self._catches = is_main and self._before is not signal.SIG_IGN
        if self._catches:
            signal.signal(signal.SIGINT, self._handle)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._catches:
            # None where the handler was not set by Python, and cannot be set again by it.
            signal.signal(signal.SIGINT, self._before or signal.SIG_DFL)

    def _handle(self, number: int, frame: FrameType | None) -> None:
        if self.was_pressed:
            raise KeyboardInterrupt
        self.was_pressed = True
        self.on_first()
