"""Both engines: exact rates, exact snapshots, callbacks as Keras calls them."""

import keras
import numpy as np
import pytest
import tensorflow as tf
from sklearn.exceptions import ConvergenceWarning

from builders import compiled
from skensemble import CyclicCosineDecay
from skensemble.backends import batch_stream
from skensemble.training import ENGINES, TrainingData, TrainingRequest


@pytest.fixture(params=list(ENGINES), name="train")
def both_engines(request):
    return ENGINES[request.param]


def by_hand(model, data, schedule, n_epochs):
    """Train step by step in Python: rates and weights after every iteration."""
    rates = schedule.simulate()
    optimizer = model.optimizer
    weights = []
    for rate, (x, y) in zip(rates, batch_stream(data, 0, n_epochs), strict=True):
        optimizer.learning_rate = float(rate)
        with tf.GradientTape() as tape:
            loss = tf.reduce_mean(
                keras.losses.sparse_categorical_crossentropy(y, model(x, training=True))
            )
        variables = model.trainable_variables
        optimizer.apply(tape.gradient(loss, variables), variables)
        weights.append([w.copy() for w in model.get_weights()])
    return weights


@pytest.mark.parametrize(
    ("n_epochs", "M", "batch_size"),
    # cycles that end with an epoch; inside one; several in one; with one batch per epoch
    [(6, 3, 16), (5, 3, 16), (3, 7, 16), (4, 4, 90), (5, 3, 90), (1, 3, 7)],
)
@pytest.mark.parametrize("optimizer", ["SGD", "Adam"])
def test_snapshots_are_the_weights_after_the_last_iteration_of_each_cycle(
    train, blobs, n_epochs, M, batch_size, optimizer
):
    X, y = blobs
    data = TrainingData(X, y, np.arange(90), batch_size, seed=1)
    schedule = CyclicCosineDecay(0.05, n_epochs * data.steps_per_epoch, M)
    make = getattr(keras.optimizers, optimizer)
    expected = by_hand(compiled(make(0.01)), data, schedule, n_epochs)
    run = train(compiled(make(0.01)), data, schedule, TrainingRequest(n_epochs))
    assert [s.cycle for s in run.snapshots] == list(range(1, M + 1))
    assert [s.iteration for s in run.snapshots] == schedule.cycle_ends.tolist()
    for snapshot in run.snapshots:
        for a, b in zip(snapshot.weights, expected[snapshot.iteration - 1], strict=True):
            np.testing.assert_allclose(a, b, atol=2e-5)
    assert len(run.history["loss"]) == n_epochs


class RateProbe(keras.optimizers.SGD):
    """Writes down the rate of every step it takes."""

    def __init__(self, n, **kwargs):
        super().__init__(**kwargs)
        self.rates = tf.Variable(np.full(n, np.nan, "float32"))

    def apply(self, grads, trainable_variables=None):
        step = tf.reshape(self.iterations.value, [1, 1])
        self.rates.scatter_nd_update(step, tf.reshape(self.learning_rate, [1]))
        return super().apply(grads, trainable_variables)


@pytest.mark.parametrize("steps_per_execution", [1, 2, 3, 100])
@pytest.mark.parametrize(("n_epochs", "M"), [(4, 2), (4, 3)])
def test_every_iteration_has_its_rate(train, blobs, steps_per_execution, n_epochs, M):
    X, y = blobs
    data = TrainingData(X, y, np.arange(85), 16, seed=1)
    n = n_epochs * data.steps_per_epoch
    schedule = CyclicCosineDecay(0.05, n, M)
    model = compiled(RateProbe(n, learning_rate=0.01), steps_per_execution=steps_per_execution)
    run = train(model, data, schedule, TrainingRequest(n_epochs))
    np.testing.assert_allclose(model.optimizer.rates.numpy(), schedule.simulate(), rtol=1e-5)
    assert [s.iteration for s in run.snapshots] == schedule.cycle_ends.tolist()
    assert model.steps_per_execution == steps_per_execution


@pytest.mark.parametrize("n_validation", [3, 40])
def test_validation_is_exact_however_many_steps_run_at_once(train, blobs, n_validation):
    X, y = blobs
    data = TrainingData(X, y, np.arange(50), 10)
    validation = TrainingData(X, y, np.arange(90 - n_validation, 90), 3, shuffle=False)
    model = compiled()
    request = TrainingRequest(4, validation=validation)
    run = train(model, data, CyclicCosineDecay(0.05, 20, 2), request)
    losses = keras.losses.sparse_categorical_crossentropy(
        y[-n_validation:], model(X[-n_validation:])
    )
    assert run.history["val_loss"][-1] == pytest.approx(np.mean(losses), rel=1e-4)
    assert len(run.history["val_loss"]) == 4


def test_continues_with_the_optimizer_it_has(train, blobs):
    X, y = blobs
    data = TrainingData(X, y, np.arange(90), 16, seed=1)
    whole = train(compiled(), data, CyclicCosineDecay(0.05, 36, 3), TrainingRequest(6))
    model = compiled()
    train(model, data, CyclicCosineDecay(0.05, 12, 1), TrainingRequest(2))
    rest = train(
        model,
        data,
        CyclicCosineDecay(0.05, 24, 2, offset=12),
        TrainingRequest(4, first_epoch=2, first_iteration=12, first_cycle=1),
    )
    assert [(s.cycle, s.iteration) for s in rest.snapshots] == [(2, 24), (3, 36)]
    for a, b in zip(whole.snapshots[1:], rest.snapshots, strict=True):
        for left, right in zip(a.weights, b.weights, strict=True):
            np.testing.assert_array_equal(left, right)


def test_exponential_moving_average_is_what_the_snapshot_holds(train, blobs):
    X, y = blobs
    data = TrainingData(X, y, np.arange(90), 16, seed=1)
    model = compiled(keras.optimizers.SGD(0.01, use_ema=True, ema_momentum=0.9))
    plain = compiled(keras.optimizers.SGD(0.01))
    schedule = CyclicCosineDecay(0.05, 12, 2)
    averaged = train(model, data, schedule, TrainingRequest(2)).snapshots
    average = None
    steps = by_hand(plain, data, schedule, 2)
    for t, weights in enumerate(steps, start=1):
        average = (
            weights
            if average is None
            else [0.9 * a + 0.1 * w for a, w in zip(average, weights, strict=True)]
        )
        if t in (6, 12):
            for a, b in zip(averaged[t // 6 - 1].weights, average, strict=True):
                np.testing.assert_allclose(a, b, atol=1e-5)
    for a, b in zip(model.get_weights(), averaged[-1].weights, strict=True):
        np.testing.assert_array_equal(a, b)


class NanAt(keras.layers.Layer):
    """Returns NaN from the given training step on."""

    def __init__(self, step):
        super().__init__()
        self.step = step

    def build(self, input_shape):
        self.count = self.add_weight(shape=(), initializer="zeros", trainable=False)

    def call(self, x, training=False):
        if training:
            self.count.assign_add(1.0)
        return tf.where(training and self.count >= self.step, np.nan, 1.0) * x


def nan_from(step):
    return lambda: keras.Sequential(
        [keras.Input((4,)), NanAt(step), keras.layers.Dense(3, activation="softmax")]
    )


# 6 steps per epoch, 2 epochs per cycle: NaN in the first, the second, the last epoch of a cycle
@pytest.mark.parametrize(("step", "cycle", "n_epochs"), [(1, 1, 1), (14, 2, 3), (24, 2, 4)])
def test_stops_where_the_loss_is_no_longer_a_number(train, blobs, step, cycle, n_epochs):
    X, y = blobs
    data = TrainingData(X, y, np.arange(90), 16, seed=1)
    model = compiled(build=nan_from(step))
    message = f"^The loss became nan in cycle {cycle} of 5, and training stopped there. "
    with pytest.warns(ConvergenceWarning, match=message):
        run = train(model, data, CyclicCosineDecay(0.05, 60, 5), TrainingRequest(10))
    assert len(run.history["loss"]) == n_epochs
    assert [s.is_finite for s in run.snapshots] == [m < cycle for m in range(1, 6)]
    assert [s.iteration for s in run.snapshots] == [12, 24, 36, 48, 60]


def test_skipped_steps_of_loss_scaling_count_as_iterations(train, blobs):
    X, y = blobs

    def half():
        layer = {"dtype": "mixed_float16"}
        return keras.Sequential(
            [
                keras.Input((4,)),
                keras.layers.Dense(8, activation="relu", **layer),
                keras.layers.Dense(3, activation="softmax", dtype="float32"),
            ]
        )

    model = half()
    inner = keras.optimizers.SGD(0.01)
    scaled = keras.optimizers.LossScaleOptimizer(inner, initial_scale=2.0**40)
    model.compile(scaled, "sparse_categorical_crossentropy")
    data = TrainingData(X, y, np.arange(90), 16, seed=1)
    run = train(model, data, CyclicCosineDecay(0.05, 36, 2), TrainingRequest(6))
    skipped = 40 - np.log2(float(model.optimizer.dynamic_scale))
    assert skipped > 5
    assert int(model.optimizer.iterations) == 36
    assert all(s.is_finite for s in run.snapshots)
