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
    """One training run.

    Parameters
    ----------
    n_epochs : int
        Epochs to train for now.
    first_epoch, first_iteration, first_cycle : int
        Done before, when training continues.
    callbacks : sequence of keras.callbacks.Callback
        The caller's own.
    keras_verbose : int
        What ``model.fit`` prints.
    validation : TrainingData or None
        Rows whose loss and metrics are computed after each epoch, to be looked at.
    validation_options : mapping
        ``validation_freq``, where given.
    augmentation : Augmentation or None
        What happens to the rows of every training batch.
    """

    n_epochs: int
    first_epoch: int = 0
    first_iteration: int = 0
    first_cycle: int = 0
    callbacks: Sequence[Any] = ()
    keras_verbose: int = 0
    validation: Any = None
    validation_options: Mapping[str, Any] = field(default_factory=dict)
    augmentation: Augmentation | None = None

    def validation_arguments(self) -> dict[str, Any]:
        """Return the arguments of ``model.fit`` that concern validation."""
        if self.validation is None:
            return {}
        return {"validation_data": batch_stream(self.validation, 0, 1), **self.validation_options}


@dataclass(frozen=True)
class TrainingRun:
    """The result of a training run.

    Parameters
    ----------
    snapshots : list of Snapshot
        In the order of their cycles; fewer than asked for where training was stopped.
    history : dict of str to list of float
        What Keras records, one value per epoch.
    n_epochs, n_iterations : int
        Epochs and iterations done.
    engine : str
        Which engine trained.
    xla : XlaDecision
        Whether XLA compiled the training step.
    reason : str
        Why it was this engine.
    interrupted : bool
        Whether Ctrl-C (``KeyboardInterrupt``) ended training. The snapshots are those of the cycles
        that were finished, at least one, the history that of the epochs.
    """

    snapshots: list[Snapshot]
    history: dict[str, list[float]]
    n_epochs: int
    n_iterations: int
    engine: str
    xla: XlaDecision
    reason: str = ""
    interrupted: bool = False


def callback_list(model, request: TrainingRequest, steps: int, *first) -> Any:
    """Return the callbacks of a run, and some of ours before them, as ``model.fit`` has them.

    Returns
    -------
    keras.callbacks.CallbackList
    """
    return keras.callbacks.CallbackList(
        [*first, *request.callbacks],
        add_history=True,
        add_progbar=request.keras_verbose != 0,
        verbose=request.keras_verbose,
        epochs=request.first_epoch + request.n_epochs,
        steps=steps,
        model=model,
    )
