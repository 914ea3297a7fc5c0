"""Training through model.fit: how many steps Keras runs at once."""

import itertools

import keras
import numpy as np

from builders import compiled
from skensemble import CyclicCosineDecay
from skensemble.training import ENGINES, TrainingData, TrainingRequest

train = ENGINES["keras"]


def test_steps_per_execution_does_not_change_the_snapshots(blobs):
    X, y = blobs
    data = TrainingData(X, y, np.arange(90), 16, seed=1)
    schedule = CyclicCosineDecay(0.05, 24, 2)
    runs = [
        train(compiled(steps_per_execution=k), data, schedule, TrainingRequest(4))
        for k in (1, 3, 12)
    ]
    for run in runs[1:]:
        for a, b in zip(runs[0].snapshots, run.snapshots, strict=True):
            for left, right in zip(a.weights, b.weights, strict=True):
                np.testing.assert_allclose(left, right, atol=1e-6)


class Calls(keras.callbacks.Callback):
    """Counts what Keras calls."""

    def __init__(self):
        super().__init__()
        self.batches, self.epochs = [], []

    def on_train_batch_end(self, batch, logs=None):
        self.batches.append(batch)

    def on_epoch_end(self, epoch, logs=None):
        self.epochs.append((epoch, sorted(logs)))


def test_callbacks_are_called_as_by_keras(blobs):
    X, y = blobs
    data = TrainingData(X, y, np.arange(80), 16)
    calls = Calls()
    validation = TrainingData(X, y, np.arange(80, 90), 3, shuffle=False)
    request = TrainingRequest(4, callbacks=[[calls]], validation=validation)
    run = train(compiled(metrics=["accuracy"]), data, CyclicCosineDecay(0.05, 20, 2), request)
    assert calls.batches == [0, 1, 2, 3, 4] * 4
    names = ["accuracy", "loss", "val_accuracy", "val_loss"]
    assert calls.epochs == [(epoch, names) for epoch in range(4)]
    assert sorted(run.history) == names


def test_no_python_per_batch_without_need(blobs, monkeypatch):
    X, y = blobs
    calls = itertools.count()
    data = TrainingData(X, y, np.arange(90), 9)
    model = compiled()
    original = type(model).make_train_function

    def counting(self, force=False):
        original(self, force)
        function = self.train_function

        def counted(iterator):
            next(calls)
            return function(iterator)

        self.train_function = counted

    monkeypatch.setattr(type(model), "make_train_function", counting)
    train(model, data, CyclicCosineDecay(0.05, 60, 3), TrainingRequest(6))
    assert next(calls) == 6  # one call into the graph per epoch of ten batches
