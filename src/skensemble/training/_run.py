"""What an engine is asked to do, and what it returns."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import keras

from skensemble.backends import XlaDecision, batch_stream
from skensemble.snapshots import Snapshot
from skensemble.training._augmented_batches import Augmentation


@dataclass(frozen=True)
class TrainingRequest:
    """One training run."""

    n_epochs: int  # epochs to train for now
    first_epoch: int = 0  # done before, when training continues
    first_iteration: int = 0  # done before, when training continues
    first_cycle: int = 0  # done before, when training continues
    callbacks: Sequence[Any] = ()  # the caller's own
    keras_verbose: int = 0  # what ``model.fit`` prints
    # Rows whose loss and metrics are computed after each epoch, to be looked at.
    validation: Any = None
    # ``validation_freq``, where given.
    validation_options: Mapping[str, Any] = field(default_factory=dict)
    augmentation: Augmentation | None = None  # what happens to the rows of every training batch

    def validation_arguments(self) -> dict[str, Any]:
        if self.validation is None:
            return {}
        return {"validation_data": batch_stream(self.validation, 0, 1), **self.validation_options}


@dataclass(frozen=True)
class TrainingRun:
    """The result of a training run."""

    # In the order of their cycles; fewer than asked for where training was stopped.
    snapshots: list[Snapshot]
    history: dict[str, list[float]]  # what Keras records, one value per epoch
    n_epochs: int  # epochs and iterations done
    n_iterations: int  # epochs and iterations done
    engine: str  # which engine trained
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
