"""What the engines share: what they are asked for and return, callbacks, and signals."""

import signal
import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import keras

from skensemble.backends import XlaDecision
from skensemble.snapshots import Snapshot
from skensemble.training._augmented_batches import Augmentation

_SIGNALS = (signal.SIGINT, signal.SIGTERM)


@dataclass(frozen=True)
class TrainingRequest:
    n_epochs: int  # epochs to train for now
    # What was done before, when training continues.
    first_epoch: int = 0
    first_iteration: int = 0
    first_cycle: int = 0
    callbacks: Sequence[Any] = ()  # the caller's own
    keras_verbose: int = 0  # what ``model.fit`` prints
    # Rows whose loss and metrics are computed after each epoch, to be looked at.
    validation: Any = None
    validation_options: Mapping[str, Any] = field(default_factory=dict)  # ``validation_freq``
    augmentation: Augmentation | None = None  # what happens to the rows of every training batch


@dataclass(frozen=True)
class TrainingRun:
    # In the order of their cycles; fewer than asked for where training was stopped.
    snapshots: list[Snapshot]
    history: dict[str, list[float]]  # what Keras records, one value per epoch
    n_epochs: int  # epochs and iterations done
    n_iterations: int
    engine: str
    xla: XlaDecision  # whether XLA compiled the training step
    reason: str = ""  # why it was this engine
    # Whether Ctrl-C (``KeyboardInterrupt``) ended training. The snapshots are those of the cycles
    # that were finished, at least one, the history that of the epochs.
    interrupted: bool = False


def callback_list(model, request: TrainingRequest, steps: int, *first) -> Any:
    """Return the callbacks of a run, and some of ours before them, as ``model.fit`` has them."""
    return keras.callbacks.CallbackList(
        [*first, *request.callbacks],
        add_history=True,
        add_progbar=request.keras_verbose != 0,
        verbose=request.keras_verbose,
        epochs=request.first_epoch + request.n_epochs,
        steps=steps,
        model=model,
    )


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
        while self._waiting:
            number, frame = self._waiting.pop(0)
            self._handlers[number](number, frame)

    def __exit__(self, *error: object) -> None:
        for number, handler in self._handlers.items():
            signal.signal(number, handler)
        if error[0] is None:
            self.deliver()
