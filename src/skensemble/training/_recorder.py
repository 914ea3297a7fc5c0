"""Taking the snapshots while Keras trains."""

import keras
import numpy as np
from sklearn.exceptions import ConvergenceWarning

from skensemble._warnings import warn
from skensemble.networks import final_weights
from skensemble.snapshots import Snapshot


class SnapshotCollector:
    """The snapshots of a training run, taken after the last iteration of every cycle."""

    def __init__(self, model, cycle_ends, request):
        self.snapshots: list[Snapshot] = []
        self._model = model
        self._ends = [int(end) for end in cycle_ends]
        self._request = request

    @property
    def next_end(self) -> int | None:
        """Iterations done when the next snapshot is due; None after the last one."""
        return self._ends[len(self.snapshots)] if len(self.snapshots) < len(self._ends) else None

    def reach(self, n_done: int) -> None:
        if n_done == self.next_end:
            self._take(final_weights(self._model))

    def has_diverged(self, loss: float) -> bool:
        """Whether the network is lost, after an epoch with this loss; then warn, and end."""
        if np.isfinite(loss):
            return False
        weights = final_weights(self._model)
        # A float16 network survives a loss that overflows: its optimizer skips such a step.
        if all(np.isfinite(array).all() for array in weights):
            return False
        finite = [snapshot.is_finite for snapshot in self.snapshots]
        failed = finite.index(False) if False in finite else len(finite)
        first = self._request.first_cycle
        warn(
            f"The loss became {loss} in cycle {first + failed + 1} of "
            f"{first + len(self._ends)}, and training stopped there. The snapshots "
            "from this cycle on get weight 0. Choose a smaller alpha_zero, or clip the gradients "
            "(optimizer__clipnorm=1.0).",
            ConvergenceWarning,
        )
        while self.next_end is not None:  # no step leads from here back to finite weights
            self._take(weights)
        return True

    def _take(self, weights) -> None:
        cycle = len(self.snapshots)
        if self.snapshots:
            # Arrays that did not change, such as weights of frozen layers, are kept once.
            pairs = zip(self.snapshots[-1].weights, weights, strict=True)
            weights = [old if np.array_equal(old, new) else new for old, new in pairs]
        iteration = self._request.first_iteration + self._ends[cycle]
        cycle += self._request.first_cycle + 1
        self.snapshots.append(Snapshot(weights, cycle=cycle, iteration=iteration))


class SnapshotRecorder(keras.callbacks.Callback):
    """Collects snapshots while Keras trains, where every cycle ends with an epoch."""

    def __init__(self, collector, steps_per_epoch, first_epoch, signals):
        super().__init__()
        self.n_done = 0
        self._signals, self._collector = signals, collector
        self._steps_per_epoch, self._first_epoch = steps_per_epoch, first_epoch

    def on_epoch_begin(self, epoch, logs=None):
        self._signals.deliver()

    def on_epoch_end(self, epoch, logs=None):
        """Take the snapshot of a cycle that ends here; stop where the loss is not a number."""
        self._count(epoch)
        self._collector.reach(self.n_done)
        if self._collector.has_diverged((logs or {}).get("loss", 0.0)):
            self.model.stop_training = True

    def _count(self, epoch: int) -> None:
        self.n_done = (epoch - self._first_epoch + 1) * self._steps_per_epoch


class MidEpochSnapshotRecorder(SnapshotRecorder):
    """The same where a cycle may end inside an epoch, between two calls into the graph."""

    def on_epoch_begin(self, epoch, logs=None):
        super().on_epoch_begin(epoch, logs)
        self._n_before_epoch = self.n_done

    def on_train_batch_begin(self, batch, logs=None):
        self._signals.deliver()

    def on_train_batch_end(self, batch, logs=None):
        self.n_done = self._n_before_epoch + batch + 1
        self._collector.reach(self.n_done)

    def _count(self, epoch: int) -> None:
        """Leave the count as it is: the last epoch may have been cut short."""
