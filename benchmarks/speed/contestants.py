"""All who train an ensemble, under the names that the tables show."""

import time

import by_hand
import numpy as np
import ours
import plain_keras
from contest import Timed
from fresh import run_fresh
from torch_peer import Worker
from workloads import Task

OURS = "ours"
DEFAULT = "ours, default settings"
KERAS = "plain Keras"
XLA = "plain Keras, jit_compile=True"
BY_HAND = "a loop written by hand for XLA"
TORCH = "Ensemble-PyTorch"


def _fit_under_xla(task, X, y):
    return plain_keras.fit(task, X, y, jit_compile=True)


IN_PROCESS = {
    OURS: ours.fit,
    DEFAULT: ours.fit_default,
    KERAS: plain_keras.fit,
    XLA: _fit_under_xla,
    BY_HAND: by_hand.fit,
}


class TimedFit(Timed):
    """A fit by one of those that run in this process."""

    def __init__(self, name, task, X, y):
        super().__init__(lambda: IN_PROCESS[name](task, X, y))
        self._rows = X, y

    def accuracy(self):
        """Return the accuracy of the ensemble on the rows that it was trained on."""
        X, y = self._rows
        return float((self.result.predict_proba(X).argmax(axis=1) == y).mean())


class TorchFit:
    """A fit by Ensemble-PyTorch."""

    def __init__(self, worker, task, X, y):
        self._worker, self._task, self._arrays = worker, task, {"X": X, "y": y}
        self._result = None

    def __call__(self):
        """Fit, and return the seconds that the other process measured."""
        task = self._task
        self._result = self._worker(
            "fit",
            self._arrays,
            layers=torch_layers(task, self._arrays["X"], self._arrays["y"]),
            M=task.M,
            epochs=task.epochs,
            batch_size=task.batch_size,
            alpha_zero=task.alpha_zero,
        )
        return self._result["seconds"]

    def accuracy(self):
        """Return the accuracy of the ensemble on the rows that it was trained on."""
        return self._result["accuracy"]


def torch_layers(task, X, y):
    """Describe the network of a task to ``torch_worker.network``."""
    return {
        "n_features": X.shape[1],
        "width": task.width,
        "n_classes": int(np.max(y)) + 1,
        "dropout": 0.2 if task.network == "mlp_dropout" else 0.0,
    }


def contestant(name, task, X, y, worker=None):
    """Return a callable that fits once and tells the seconds."""
    return TorchFit(worker, task, X, y) if name == TORCH else TimedFit(name, task, X, y)


def first_fit(name, task, settings):
    """Seconds of the first fit in a new process, imports not counted.

    Raises
    ------
    TooSlow
        If it takes longer than the limit.
    """
    if name == TORCH:
        worker = Worker()
        try:
            return contestant(name, task, *task.load(settings.data_dir), worker)()
        finally:
            worker.close()
    return run_fresh(
        "contestants:first_fit_here",
        settings.limit,
        name=name,
        task=vars(task),
        data_dir=settings.data_dir,
    )


def first_fit_here(name, task, data_dir):
    """Fit once, as the first fit in this process, and return the seconds."""
    task = Task(**task)
    X, y = task.load(data_dir)
    start = time.perf_counter()
    IN_PROCESS[name](task, X, y)
    return time.perf_counter() - start
