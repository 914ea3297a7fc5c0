"""How long a prediction takes."""

from dataclasses import replace

import numpy as np
import ours
from contest import compare, take_turns, warm
from contestants import KERAS, OURS, TORCH, XLA, torch_layers
from plain_keras import Snapshots
from report import Section, show_seconds
from workloads import Task

import networks
from sections.arithmetic import Work

ONE_BATCH = "plain Keras, one batch"


def mlp(settings):
    """The MLP."""
    one_row = {KERAS: 250, XLA: None, TORCH: 0.5}
    many = {KERAS: 60, ONE_BATCH: None, XLA: None, TORCH: None}
    task = Task("digits", epochs=5)
    return _section("Prediction: MLP 64-64-10, digits", task, settings, one_row, many)


def cnn(settings):
    """The CNN."""
    one_row = {KERAS: 100, XLA: None}
    many = {KERAS: 3, ONE_BATCH: None, XLA: None}
    task = Task("cifar10", network="cnn", rows=2000, epochs=5)
    return _section("Prediction: small CNN, CIFAR-10", task, settings, one_row, many)


def _section(title, task, settings, one_row, many):
    if settings.quick:
        task = replace(task, rows=200)
    X, y = task.load(settings.data_dir)
    clf = ours.fit(task, X, y)
    peers = _Peers(task, X, y, [snapshot.weights for snapshot in clf.snapshots_], settings.torch)
    setup = (
        f"M={task.M}, the same weights on both sides, float32 rows in memory; median of "
        f"{settings.rounds} rounds, each the mean over as many calls as fill 0.2 s. Ours is "
        "`predict_proba`. Plain Keras puts in the weights of each snapshot, calls "
        "`predict(X, verbose=0)`, and takes the mean; *one batch* is the same with "
        "`batch_size=len(X)`."
    )
    section = Section(title, setup)
    flops = task.M * networks.flops_per_row(clf.model_)
    for floors, rows in ((one_row, X[:1]), (many, X)):
        what = "1 row" if len(rows) == 1 else f"{len(rows)} rows"
        expected = clf.predict_proba(rows)
        contestants = {OURS: warm(lambda rows=rows: clf.predict_proba(rows))}
        for name in floors:
            if name != TORCH or settings.torch:
                contestants[name] = peers.contestant(name, rows, expected)
        seconds = take_turns(contestants, settings.rounds)
        section.comparisons += compare(what, seconds, OURS, floors)
        median = float(np.median(seconds[OURS]))
        section.works.append(Work(f"{title}, M={task.M}, {what}", len(rows) * flops, median))
        section.notes.append(f"{what}: {show_seconds(median / len(rows))} per row.")
    if TORCH in one_row and settings.torch:
        section.notes.append(
            "Ensemble-PyTorch is the bare call `ensemble(x)` under `torch.no_grad()`, from tensor "
            "to tensor: no checks, no conversion, no labels."
        )
    return section


class _Peers:
    """Ensembles of the same weights, predicting in their own ways."""

    def __init__(self, task, X, y, weights, worker):
        self._task, self._weights, self._worker = task, weights, worker
        self._layers = torch_layers(task, X, y)
        shape, n_classes = X.shape[1:], int(y.max()) + 1
        self._models = {
            name: networks.compiled(task.network, shape, n_classes, task.width, jit_compile)
            for name, jit_compile in ((KERAS, "auto"), (XLA, True))
        }

    def contestant(self, name, rows, expected):
        """Return what to time, after a look at whether it computes what we do."""
        if name == TORCH:
            return self._torch(rows, expected)
        snapshots = Snapshots(self._models[XLA if name == XLA else KERAS], self._weights)
        batch_size = len(rows) if name == ONE_BATCH else None
        timed = warm(lambda: snapshots.predict_proba(rows, batch_size))
        np.testing.assert_allclose(timed.run(), expected, atol=1e-5)
        return timed

    def _torch(self, rows, expected):
        names = ("0.weight", "0.bias", "2.weight", "2.bias")
        # Keras has kernels of shape (in, out), PyTorch weights of shape (out, in).
        arrays = {
            f"{m}.{name}": np.ascontiguousarray(np.transpose(array))
            for m, weights in enumerate(self._weights)
            for name, array in zip(names, weights, strict=True)
        }
        arrays["X"] = rows

        def run(repeats):
            return self._worker(
                "predict", arrays, layers=self._layers, M=self._task.M, repeats=repeats
            )

        first = run(3)
        np.testing.assert_allclose(first["proba"], expected, atol=1e-5)
        repeats = int(np.clip(0.2 / first["seconds"], 1, 2000))
        return lambda: run(repeats)["seconds"]
