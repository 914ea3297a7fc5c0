"""Ctrl-C inside a training run: the cycles that are finished are kept."""

import os
import signal
import threading
import time

import keras
import numpy as np
import pytest

from builders import compiled
from skensemble import CyclicCosineDecay
from skensemble.training import ENGINES, TrainingData, TrainingRequest, train

STEPS = 6  # in an epoch


def run(engine, blobs, n_epochs=6, M=3, model=None, **request):
    X, y = blobs
    data = TrainingData(X, y, np.arange(90), 16, seed=1)
    schedule = CyclicCosineDecay(0.05, n_epochs * STEPS, M)
    model = model or compiled(metrics=["accuracy"])
    return train(engine, model, data, schedule, TrainingRequest(n_epochs, **request))


class Interrupts(keras.callbacks.Callback):
    """Presses Ctrl-C in one of its hooks, and notes the end of training."""

    def __init__(self, hook, epoch):
        super().__init__()
        self.n_ends = 0
        setattr(self, hook, lambda at, logs=None: self._press(at == epoch))

    def _press(self, now):
        if now:
            raise KeyboardInterrupt

    def on_train_end(self, logs=None):
        self.n_ends += 1


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize(
    ("hook", "epoch", "n_cycles", "n_epochs"),
    # cycles end with epochs 1, 3 and 5; an epoch counts when all callbacks have seen its end
    [
        ("on_epoch_begin", 2, 1, 2),
        ("on_epoch_end", 2, 1, 2),
        ("on_epoch_end", 3, 2, 3),
        ("on_epoch_end", 5, 3, 5),
    ],
)
def test_keeps_the_cycles_that_are_finished(blobs, engine, hook, epoch, n_cycles, n_epochs):
    whole = run(engine, blobs)
    assert not whole.interrupted
    model = compiled(metrics=["accuracy"])
    callback = Interrupts(hook, epoch)
    part = run(engine, blobs, model=model, callbacks=[callback])
    assert part.interrupted
    assert part.engine == engine
    assert callback.n_ends == 1
    assert len(part.snapshots) == n_cycles
    for snapshot, expected in zip(part.snapshots, whole.snapshots, strict=False):
        assert snapshot.iteration == expected.iteration
        for a, b in zip(snapshot.weights, expected.weights, strict=True):
            np.testing.assert_array_equal(a, b)
    for a, b in zip(model.get_weights(), part.snapshots[-1].weights, strict=True):
        np.testing.assert_array_equal(a, b)
    assert part.n_epochs == n_epochs
    for name, values in whole.history.items():
        np.testing.assert_array_equal(part.history[name], values[:n_epochs])


@pytest.mark.parametrize("engine", ENGINES)
def test_without_a_finished_cycle_there_is_nothing_to_keep(blobs, engine):
    with pytest.raises(KeyboardInterrupt):
        run(engine, blobs, callbacks=[Interrupts("on_epoch_end", 0)])


@pytest.mark.parametrize("engine", ENGINES)
def test_the_optimizer_of_an_interrupted_model_can_be_used(blobs, engine):
    model = compiled()
    run(engine, blobs, model=model, callbacks=[Interrupts("on_epoch_begin", 3)])
    model.fit(*blobs, verbose=0)
    assert all(np.isfinite(w).all() for w in model.get_weights())


def test_a_signal_is_heard_while_the_graph_trains(blobs):
    pressed = []

    def press():
        pressed.append(time.perf_counter())
        os.kill(os.getpid(), signal.SIGINT)

    timer = threading.Timer(1.5, press)
    timer.start()
    try:
        part = run("fused", blobs, n_epochs=200_000, M=2000)
    finally:
        timer.cancel()
    assert part.interrupted
    assert 0 < len(part.snapshots) < 2000
    assert time.perf_counter() - pressed[0] < 2  # calls take about a quarter of a second
