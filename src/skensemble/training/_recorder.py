"""Taking the snapshots while Keras trains."""

from __future__ import annotations

import warnings

import keras
import numpy as np
from sklearn.exceptions import ConvergenceWarning

from skensemble.snapshots import Snapshot
from skensemble.training._optimizer import final_weights


class SnapshotRecorder(keras.callbacks.Callback):
    """Keep the weights after the last iteration of every cycle.

    Parameters
    ----------
    cycle_ends : ndarray of shape (M,), int
        Iterations done at the end of each cycle, counted from the start of this training run.
    steps_per_epoch : int
        Iterations per epoch.
    first_cycle, first_iteration, first_epoch : int
        Cycles, iterations and epochs done before this training run.
    """

    def __init__(self, cycle_ends, steps_per_epoch, *, first_cycle, first_iteration, first_epoch):
        super().__init__()
        self.snapshots: list[Snapshot] = []
        self.n_done = 0
        self._ends = [int(end) for end in cycle_ends]
        self._steps_per_epoch = steps_per_epoch
        self._first_cycle = first_cycle
        self._first_iteration = first_iteration
        self._first_epoch = first_epoch

    @property
    def is_complete(self) -> bool:
        """Whether every cycle has its snapshot."""
        return len(self.snapshots) == len(self._ends)

    def on_epoch_end(self, epoch, logs=None):
        """Take the snapshot of a cycle that ends here; stop where the loss is not a number."""
        self._count(epoch)
        self._reach()
        loss = (logs or {}).get("loss", 0.0)
        if not np.isfinite(loss) and not self._latest_is_finite():
            self._stop(loss)

    def _count(self, epoch: int) -> None:
        self.n_done = (epoch - self._first_epoch + 1) * self._steps_per_epoch

    def _reach(self) -> None:
        if not self.is_complete and self.n_done == self._ends[len(self.snapshots)]:
            self._take(final_weights(self.model))

    def _take(self, weights) -> None:
        cycle = len(self.snapshots)
        self.snapshots.append(
            Snapshot(
                weights,
                cycle=self._first_cycle + cycle + 1,
                iteration=self._first_iteration + self._ends[cycle],
            )
        )

    def _latest_is_finite(self) -> bool:
        # A float16 network survives a loss that overflows: its optimizer skips such a step.
        return all(np.isfinite(array).all() for array in final_weights(self.model))

    def _stop(self, loss: float) -> None:
        finite = [snapshot.is_finite for snapshot in self.snapshots]
        failed = finite.index(False) if False in finite else len(finite)
        warnings.warn(
            f"The loss became {loss} in cycle {self._first_cycle + failed + 1} of "
            f"{self._first_cycle + len(self._ends)}, and training stopped there. The snapshots "
            "from this cycle on get weight 0. Choose a smaller alpha_zero, or clip the gradients "
            "(optimizer__clipnorm=1.0).",
            ConvergenceWarning,
            stacklevel=2,
        )
        self.model.stop_training = True
        # No step leads from here back to finite weights: the snapshots to come would be these.
        weights = final_weights(self.model)
        while not self.is_complete:
            self._take(weights)


class MidEpochSnapshotRecorder(SnapshotRecorder):
    """The same where Python sees the weights inside an epoch, and training may end there."""

    def on_epoch_begin(self, epoch, logs=None):
        """Count the iterations of the epochs done."""
        self._n_before_epoch = self.n_done

    def on_train_batch_end(self, batch, logs=None):
        """Take the snapshot of a cycle that ends with this batch."""
        self.n_done = self._n_before_epoch + batch + 1
        self._reach()

    def _count(self, epoch: int) -> None:
        """Leave the count as it is: the last epoch may have been cut short."""
