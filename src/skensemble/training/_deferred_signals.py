"""Ctrl-C between two calls into the graph, and never inside of one."""

import signal
import threading
from typing import Any

_SIGNALS = (signal.SIGINT, signal.SIGTERM)


class DeferredSignals:
    """Keeps the signals that end a process waiting until `deliver`, for as long as a block lasts.

    A handler may raise KeyboardInterrupt. Raised at any point of TensorFlow's own code, that has
    crashed the process; and it would leave the weights ahead of the count of iterations. Only the
    main thread can set handlers, and only those that Python has set are replaced.
    """

    def __init__(self) -> None:
        self._waiting: list[tuple[int, Any]] = []
        self._handlers: dict[int, Any] = {}

    def __enter__(self) -> "DeferredSignals":
        if threading.current_thread() is threading.main_thread():
            handlers = {number: signal.getsignal(number) for number in _SIGNALS}
            self._handlers = {n: handler for n, handler in handlers.items() if callable(handler)}
            for number in self._handlers:
                signal.signal(number, lambda *arrived: self._waiting.append(arrived))
        return self

    def deliver(self) -> None:
        """Call the handlers of the signals that have arrived."""
        while self._waiting:
            number, frame = self._waiting.pop(0)
            self._handlers[number](number, frame)

    def __exit__(self, *error: object) -> None:
        for number, handler in self._handlers.items():
            signal.signal(number, handler)
        if error[0] is None:
            self.deliver()
