"""Ctrl-C and SIGTERM: both become KeyboardInterrupt, the first one where that is of use."""

import signal
import threading
from collections.abc import Callable
from types import FrameType
from typing import Any

# The second is what Slurm, docker stop and timeout send before they kill.
_SIGNALS = (signal.SIGINT, signal.SIGTERM)


class EndSignals:
    """Catches the signals that ask a process to end, for as long as a block lasts.

    The first signal calls ``on_first``, which may raise ``KeyboardInterrupt`` itself, as it does
    where there is none; the next one raises it in any case. After SIGTERM, a ``KeyboardInterrupt``
    leaves the block as a ``SystemExit`` with ``exit_code``. Nothing is caught outside of the main
    thread, where Python does not allow handlers, nor a signal that the process was started to
    ignore, as Ctrl-C in the background of a shell script.
    """

    def __init__(self, on_first: Callable[[], None] | None = None):
        self.on_first = on_first
        self.was_pressed = False
        self.exit_code = 0
        self._before: dict[signal.Signals, Any] = {}

    def __enter__(self) -> "EndSignals":
        if threading.current_thread() is threading.main_thread():
            handlers = {number: signal.getsignal(number) for number in _SIGNALS}
            self._before = {n: h for n, h in handlers.items() if h is not signal.SIG_IGN}
            for number in self._before:
                signal.signal(number, self._handle)
        return self

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        for number, handler in self._before.items():
            # None where the handler was not set by Python, and cannot be set again by it.
            signal.signal(number, handler or signal.SIG_DFL)
        if self.exit_code == 128 + signal.SIGTERM and isinstance(error, KeyboardInterrupt):
            raise SystemExit(self.exit_code) from error

    def _handle(self, number: int, frame: FrameType | None) -> None:
        is_first, self.was_pressed = not self.was_pressed, True
        self.exit_code = 128 + number
        if self.on_first is None or not is_first:
            raise KeyboardInterrupt
        self.on_first()
