"""SnapshotCallback with every kind of optimizer, and the optimizer afterwards."""

import gc
import re
import zipfile

import keras
import numpy as np
import pytest
import tensorflow as tf

from builders import compiled
from skensemble import SnapshotCallback
from skensemble.exceptions import LearningRateWarning

ARGUMENTS = {"batch_size": 1, "shuffle": False, "verbose": 0}


def test_an_optimizer_with_its_own_schedule(revealing):
    own = keras.optimizers.schedules.ExponentialDecay(0.3, 1, 0.5)
    network = revealing(4, keras.optimizers.SGD(own))
    callback = SnapshotCallback(2, 0.1)
    with pytest.warns(LearningRateWarning, match="own schedule ExponentialDecay: every cycle"):
        network.model.fit(network.X, network.y, epochs=2, callbacks=callback, **ARGUMENTS)
    network.check(callback.bank, 2, 8)
    assert network.model.optimizer._learning_rate is own
    before = network.weight
    network.model.fit(network.X[:1], network.y[:1], epochs=1, **ARGUMENTS)
    np.testing.assert_allclose(network.weight[0] - before[0], -0.3 * 0.5**8, rtol=1e-4)


def test_several_optimizers(blobs):
    X, y = blobs
    optimizers = {"kernel": keras.optimizers.SGD(0.1), "bias": keras.optimizers.SGD(0.1)}
    both = keras.optimizers.MultiOptimizer(
        lambda variable: optimizers["kernel" if "kernel" in variable.path else "bias"]
    )
    model, one = compiled(both), compiled(keras.optimizers.SGD(0.1))
    banks = []
    for network in (model, one):
        callback = SnapshotCallback(2, 0.1)
        network.fit(X, y, batch_size=45, epochs=2, shuffle=False, verbose=0, callbacks=callback)
        banks.append(callback.bank)
    for a, b in zip(*banks, strict=True):
        for left, right in zip(a.weights, b.weights, strict=True):
            np.testing.assert_allclose(left, right, atol=1e-6)


def test_gradient_accumulation(revealing, equation_2):
    network = revealing(4, keras.optimizers.SGD(0.1, gradient_accumulation_steps=2))
    callback = SnapshotCallback(2, 0.1)
    network.model.fit(network.X, network.y, epochs=2, callbacks=callback, **ARGUMENTS)
    # Iterations 1, 3, 5, 7 take a step along the mean of two unit vectors.
    steps = equation_2(8, 2, 0.1)[0][1::2] / 2
    np.testing.assert_allclose(callback.bank[0].weights[0].ravel(), -np.repeat(steps[:2], 2), 1e-5)
    np.testing.assert_allclose(network.weight, -np.repeat(steps[:2] + steps[2:], 2), 1e-5)


def test_cycles_shorter_than_gradient_accumulation(revealing):
    network = revealing(4, keras.optimizers.SGD(0.1, gradient_accumulation_steps=3))
    message = (
        "the length of a cycle must be at least gradient_accumulation_steps=3 iterations, got 2 "
        "iterations instead: lower M, train for more epochs, or gather fewer gradients; best, "
        "cycles are multiples of gradient_accumulation_steps."
    )
    with pytest.raises(ValueError, match=f"^{re.escape(message)}$"):
        network.model.fit(
            network.X, network.y, epochs=2, callbacks=SnapshotCallback(4), **ARGUMENTS
        )


@pytest.mark.parametrize("M", [1, 2])
def test_moving_averages(revealing, equation_2, tmp_path, M):
    optimizer = keras.optimizers.SGD(0.1, use_ema=True, ema_momentum=0.5)
    network = revealing(4, optimizer)
    callback = SnapshotCallback(M, 0.1, prefix=tmp_path / "Model")
    network.model.fit(network.X, network.y, epochs=2, callbacks=callback, **ARGUMENTS)
    rates, ends = equation_2(8, M, 0.1)
    weight = average = np.zeros(4)
    averages = []
    for t, rate in enumerate(rates):
        weight = weight - rate * np.eye(4)[t % 4]
        average = weight if t == 0 else 0.5 * average + 0.5 * weight
        averages.append(average)
    for snapshot, end in zip(callback.bank, ends, strict=True):
        np.testing.assert_allclose(snapshot.weights[0].ravel(), averages[end - 1], atol=1e-6)
    np.testing.assert_allclose(network.weight, averages[-1], atol=1e-6)


def test_steps_that_loss_scaling_skips_count(revealing, equation_2):
    inner = keras.optimizers.SGD(0.1)
    optimizer = keras.optimizers.LossScaleOptimizer(inner, initial_scale=2.0**127)
    network = revealing(4, optimizer)
    X = network.X.copy()
    X[0] *= 8  # its scaled gradient overflows, four times: the scale halves
    callback = SnapshotCallback(2, 0.1)
    network.model.fit(X, network.y, epochs=6, callbacks=callback, **ARGUMENTS)
    rates, ends = equation_2(24, 2, 0.1)
    expected = network.after(rates)
    expected[0] = -8 * rates[12::4].sum()
    np.testing.assert_allclose(network.weight, expected, atol=1e-5)
    assert [snapshot.iteration for snapshot in callback.bank] == ends
    assert int(inner.iterations) == 24
    assert "_stateful_handle_non_finite_grads" not in vars(optimizer)


@pytest.mark.parametrize("built", [False, True])
def test_the_optimizer_is_as_before(blobs, tmp_path, built):
    X, y = blobs
    model = compiled(keras.optimizers.Adam(0.1))
    if built:
        model.fit(X, y, epochs=1, verbose=0)
    optimizer, rate = model.optimizer, model.optimizer._learning_rate
    attributes = set(vars(optimizer))
    model.fit(X, y, epochs=1, verbose=0, callbacks=SnapshotCallback(2, 0.1))
    assert model.optimizer is optimizer
    assert optimizer._learning_rate is rate
    assert [variable.name for variable in optimizer.variables[:2]] == ["iteration", "learning_rate"]
    if built:
        assert set(vars(optimizer)) == attributes
    model.export(tmp_path / "exported", verbose=False)
    tf.train.Checkpoint(optimizer=optimizer).save(tmp_path / "checkpoint")


def test_a_model_saved_during_training_needs_no_skensemble(blobs, tmp_path):
    X, y = blobs
    model = compiled(keras.optimizers.SGD(0.1, momentum=0.9))
    path = str(tmp_path / "model.keras")
    checkpoint = keras.callbacks.ModelCheckpoint(path)
    model.fit(X, y, epochs=1, verbose=0, callbacks=[SnapshotCallback(2, 0.1), checkpoint])
    with zipfile.ZipFile(path) as archive:
        assert b"skensemble" not in archive.read("config.json")
    # The state of the optimizer fits too: Keras would warn otherwise.
    loaded = keras.models.load_model(path)
    assert float(loaded.optimizer.learning_rate) == pytest.approx(0.1)


class Fails(Exception):
    """An error of a callback or of the data."""


class Failing(keras.callbacks.Callback):
    def __init__(self, hook):
        super().__init__()
        setattr(self, hook, self.fail)

    def fail(self, *_, **__):
        raise Fails


def failing_data(X, y):
    for i in range(5):
        yield X[i % 4 : i % 4 + 1], y[i % 4 : i % 4 + 1]
    raise Fails


@pytest.mark.parametrize(
    ("where", "finalized"),
    [("data", False), ("on_epoch_end", True), ("on_test_begin", True), ("on_epoch_end", False)],
)
def test_after_an_exception(revealing, where, finalized, monkeypatch):
    network = revealing(4)
    callback = SnapshotCallback(2, 0.1)
    if not finalized:  # as if a debugger kept the frames of the failed fit
        monkeypatch.setattr("skensemble.callbacks._snapshot_callback.weakref.finalize", Finalize)
    arguments = {"epochs": 2, "steps_per_epoch": 4, "shuffle": False, "verbose": 0}
    if where == "data":
        data, others = failing_data(network.X, network.y), []
    else:
        data = tf.data.Dataset.from_tensor_slices((network.X, network.y)).batch(1).repeat()
        others = [Failing(where)]
        arguments["validation_data"] = (network.X, network.y)
    with pytest.raises(tf.errors.UnknownError if where == "data" else Fails) as caught:
        network.model.fit(data, callbacks=[callback, others], **arguments)
    del caught
    gc.collect()
    if finalized or where == "data":
        assert float(network.model.optimizer.learning_rate) == pytest.approx(0.1)
        assert "_get_current_learning_rate" not in vars(network.model.optimizer)
    # Another fit trains with the optimizer's own rate in any case,
    network.model.set_weights([np.zeros((4, 1), "float32")])
    network.model.optimizer.learning_rate = 0.25
    network.model.fit(network.X, network.y, epochs=1, **ARGUMENTS)
    np.testing.assert_allclose(network.weight, -0.25, atol=1e-6)
    # and another with the callback along the schedule.
    network.model.optimizer.learning_rate = 0.1
    network.model.fit(network.X, network.y, epochs=2, callbacks=callback, **ARGUMENTS)
    network.check(callback.bank, 2, 8, start=-0.25)


@pytest.mark.parametrize("steps_per_execution", [1, 4])
@pytest.mark.parametrize("then", ["recompiled", "rate read by another callback"])
def test_after_an_exception_with_kept_frames(revealing, monkeypatch, then, steps_per_execution):
    network = revealing(4, steps_per_execution=steps_per_execution)
    monkeypatch.setattr("skensemble.callbacks._snapshot_callback.weakref.finalize", Finalize)
    callbacks = [SnapshotCallback(2, 0.1), Failing("on_epoch_end")]
    with pytest.raises(Fails):
        network.model.fit(network.X, network.y, epochs=3, callbacks=callbacks, **ARGUMENTS)
    network.model.set_weights([np.zeros((4, 1), "float32")])
    others = []
    if then == "recompiled":
        network.model.compile(network.model.optimizer, loss=network.model.loss)
    else:
        others = [keras.callbacks.LearningRateScheduler(lambda epoch, rate: rate)]
    network.model.fit(network.X, network.y, epochs=1, callbacks=others, **ARGUMENTS)
    np.testing.assert_allclose(network.weight, -0.1, atol=1e-6)
    assert float(network.model.optimizer.learning_rate) == pytest.approx(0.1)


class Finalize:
    """A finalizer that is never called."""

    def __init__(self, *_):
        pass

    def detach(self):
        pass


def test_mirrored_strategy(revealing):
    with tf.distribute.MirroredStrategy(["CPU:0"]).scope():
        network = revealing(5, steps_per_execution=2)
    callback = SnapshotCallback(3, 0.1)
    network.model.fit(network.X, network.y, epochs=3, callbacks=callback, **ARGUMENTS)
    network.check(callback.bank, 3, 15)
