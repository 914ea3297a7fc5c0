"""The fused engine against the other one: same weights, same history, same calls."""

import csv
import dataclasses
import types

import keras
import numpy as np
import pytest
import scipy.sparse as sp
import tensorflow as tf
from keras import layers, losses, metrics, ops, optimizers

from builders import Subclassed, fixed
from skensemble import CyclicCosineDecay
from skensemble.backends import TrainingProgram, seeded
from skensemble.training import ENGINES, TrainingData, TrainingRequest, train
from skensemble.training._keras_engine import listeners_to_batches
from skensemble.training._recorder import SnapshotCollector

# Where loss and metrics of the engines differ only by the order in which float32 numbers are
# added up, after some twenty steps.
CLOSE = {"rtol": 1e-3, "atol": 3e-5}


def make(build=fixed, **arguments):
    """A compiled model with the same weights and the same seeds every time."""
    with seeded(0):
        model = build()
        if not model.built:
            model(np.zeros((1, 4), "float32"))
    arguments.setdefault("optimizer", keras.optimizers.SGD(0.01, momentum=0.9))
    arguments.setdefault("loss", "sparse_categorical_crossentropy")
    model.compile(**arguments)
    return model


def fit(engine, model, data, n_epochs=3, M=2, alpha_zero=0.02, **request):
    schedule = CyclicCosineDecay(alpha_zero, n_epochs * data.steps_per_epoch, M)
    with seeded(1):
        return ENGINES[engine](model, data, schedule, TrainingRequest(n_epochs, **request))


def assert_same_run(run, expected, **tolerance):
    tolerance = tolerance or CLOSE
    assert [(s.cycle, s.iteration) for s in run.snapshots] == [
        (s.cycle, s.iteration) for s in expected.snapshots
    ]
    for snapshot, other in zip(run.snapshots, expected.snapshots, strict=True):
        for a, b in zip(snapshot.weights, other.weights, strict=True):
            np.testing.assert_allclose(a, b, **tolerance)
    assert list(run.history) == list(expected.history)
    for name, values in expected.history.items():
        np.testing.assert_allclose(run.history[name], values, err_msg=name, **tolerance)
    assert run.n_epochs == expected.n_epochs
    assert run.n_iterations == expected.n_iterations


def sequential(*hidden, units=3, activation="softmax", shape=(4,), dtype=None):
    return keras.Sequential(
        [keras.Input(shape, dtype=dtype), *hidden, layers.Dense(units, activation)]
    )


class Penalty(layers.Layer):
    """Adds to the loss."""

    def call(self, x):
        self.add_loss(0.1 * ops.mean(ops.square(x)))
        return x


class Top(keras.metrics.Metric):
    """Largest probability seen so far in the epoch."""

    def __init__(self, name="top", **kwargs):
        super().__init__(name=name, **kwargs)
        self.top = self.add_weight(name="top", initializer="zeros")

    def update_state(self, y_true, y_pred, sample_weight=None):
        self.top.assign(ops.maximum(self.top, ops.max(y_pred)))

    def result(self):
        return self.top + 0.0


class OwnStep(keras.Model):
    """Its own training step, with the usual logs: the gradient of twice the loss."""

    def train_step(self, data):
        x, y = data
        with tf.GradientTape() as tape:
            y_pred = self(x, training=True)
            loss = 2 * self.compute_loss(y=y, y_pred=y_pred)
        self.optimizer.apply(tape.gradient(loss, self.trainable_variables))
        self.metrics[0].update_state(loss)
        return {"loss": self.metrics[0].result()}


class OtherLogs(OwnStep):
    """Reports what Keras knows no metric for."""

    def train_step(self, data):
        before = self.trainable_variables[0] + 0.0
        logs = super().train_step(data)
        return {"step": ops.norm(self.trainable_variables[0] - before), "twice": 2 * logs["loss"]}


class OwnLoss(keras.Model):
    def compute_loss(self, x=None, y=None, y_pred=None, sample_weight=None, training=True):
        loss = super().compute_loss(x, y, y_pred, sample_weight, training)
        return loss + 0.1 * ops.mean(ops.square(x[:, :1] * y_pred))


class OwnTest(keras.Model):
    def test_step(self, data):
        x, y = data
        wrong = ops.cast(ops.argmax(self(x), -1), "int64") != y
        return {"wrong": ops.sum(ops.cast(wrong, "float32"))}


class OwnMetricsOfTheBatch(keras.Model):
    def compute_metrics(self, x, y, y_pred, sample_weight=None):
        return {**super().compute_metrics(x, y, y_pred, sample_weight), "top": ops.max(y_pred)}


def functional(model_class):
    def build():
        inputs = keras.Input((4,))
        hidden = layers.Dense(8, "relu")(inputs)
        return model_class(inputs, layers.Dense(3, "softmax")(hidden))

    return build


def frozen():
    model = sequential(layers.Dense(8, "relu"), layers.BatchNormalization(), layers.Dense(8))
    model.layers[0].trainable = model.layers[1].trainable = False
    return model


def branches():
    inputs = keras.Input((4,))
    shared = layers.Dense(4, "tanh")
    once = shared(inputs)
    both = layers.Concatenate()([once, shared(once), layers.Dense(3, "relu")(inputs)])
    return keras.Model(inputs, layers.Dense(3, "softmax")(both))


def half():
    return sequential(layers.Dense(8, "relu", dtype="mixed_float16"))


def adapted():
    normalization = layers.Normalization()
    normalization.adapt(np.random.default_rng(0).normal(3, 2, (50, 4)).astype("float32"))
    return sequential(normalization, layers.Dense(8, "relu"))


def recurrent():
    return sequential(layers.Reshape((4, 1)), layers.LSTM(4, dropout=0.2))


def convolutional():
    convolution = layers.Conv2D(3, 2, padding="same", activation="relu")
    return sequential(
        layers.Reshape((2, 2, 1)), convolution, layers.MaxPooling2D(2), layers.Flatten()
    )


def embedding():
    return sequential(layers.Embedding(10, 3), layers.Flatten(), dtype="int64")


def one_unit():
    return sequential(layers.Dense(8, "relu"), units=1, activation="sigmoid")


def logits():
    return sequential(layers.Dense(8, "relu"), activation=None)


def regularized():
    activity = keras.regularizers.L2(0.02)
    return sequential(
        layers.Dense(8, kernel_regularizer="l2", activity_regularizer=activity),
        Penalty(),
        layers.Dense(8, "relu", kernel_constraint=keras.constraints.MaxNorm(0.5)),
    )


def noisy():
    return sequential(
        layers.GaussianNoise(0.3), layers.Dense(8, "relu"), layers.Dropout(0.4), layers.ReLU()
    )


def normed():
    # A bias before batch norm has a gradient of rounding errors, which Adam would make steps of.
    hidden = layers.Dense(8, use_bias=False)
    return sequential(hidden, layers.BatchNormalization(), layers.ReLU())


def by(optimizer, *arguments, **options):
    return lambda: {"optimizer": optimizer(*arguments, **options)}


def nothing():
    return {}


def linear(units):
    return lambda: sequential(layers.Dense(8, "tanh"), units=units, activation=None)


def squared_error():
    return {"loss": "mse", "metrics": ["mae"]}


def sparse_logits():
    loss = losses.SparseCategoricalCrossentropy(from_logits=True)
    return {"loss": loss, "metrics": ["accuracy"], "weighted_metrics": [Top()]}


def scaled():
    inner = optimizers.Adam(0.01)
    return {"optimizer": optimizers.LossScaleOptimizer(inner, initial_scale=2.0**30)}


def data_of(blobs, batch_size=16, weighted=False, X=None, y=None, n=90, **options):
    y = blobs[1] if y is None else y(blobs[1])
    X = blobs[0] if X is None else X(blobs[0])
    weights = np.random.default_rng(0).uniform(0, 2, len(y)).astype("float32")
    sample_weight = weights if weighted else None
    rows = np.arange(n)
    return TrainingData(X, y, rows, batch_size, sample_weight=sample_weight, seed=3, **options)


def validation_of(data):
    return dataclasses.replace(data, rows=np.arange(60, 90), batch_size=7, shuffle=False)


# What is built, how it is compiled, what it is trained on, and how.
CASES = {
    "dense": (fixed, nothing, {}, {}),
    "dense, one-hot": (
        fixed,
        lambda: {
            "loss": losses.CategoricalCrossentropy(label_smoothing=0.1),
            "metrics": ["accuracy", Top()],
        },
        {"one_hot_width": 3, "weighted": True},
        {},
    ),
    "sparse": (fixed, nothing, {"X": lambda X: sp.csr_matrix(X * (X > 0))}, {}),
    "one batch, larger than the data": (fixed, nothing, {"batch_size": 1000}, {"M": 3}),
    "float64, exact batches in order": (
        fixed,
        nothing,
        {"X": lambda X: X.astype("float64"), "n": 80, "shuffle": False},
        {},
    ),
    "many cycles in an epoch": (fixed, nothing, {}, {"n_epochs": 2, "M": 7}),
    # XLA's random numbers are others than TensorFlow's, and the last, smaller batch is not
    # compiled.
    "jit_compile, dropout": (noisy, lambda: {"jit_compile": True}, {}, {}),
    "batch norm": (normed, nothing, {}, {}),
    "batch norm, a last batch of one row": (
        normed,
        by(optimizers.Adam, 0.01),
        {"batch_size": 89},
        {},
    ),
    "noise": (noisy, nothing, {}, {}),
    "subclassed": (Subclassed, nothing, {}, {}),
    "branches": (branches, nothing, {}, {}),
    "adapted": (adapted, nothing, {}, {}),
    "frozen": (frozen, nothing, {}, {}),
    "regularized": (regularized, nothing, {"weighted": True}, {}),
    "half precision": (half, scaled, {}, {}),
    "convolutional": (convolutional, nothing, {}, {}),
    "recurrent": (recurrent, nothing, {}, {}),
    "embedding": (embedding, nothing, {"X": lambda X: np.arange(360).reshape(90, 4) % 10}, {}),
    "binary": (
        one_unit,
        lambda: {"loss": "binary_crossentropy", "metrics": ["accuracy", metrics.AUC(name="auc")]},
        {"y": lambda y: np.minimum(y, 1)},
        {},
    ),
    "one number as target": (
        linear(1),
        squared_error,
        {"y": lambda y: y / 2 - 1, "weighted": True},
        {},
    ),
    "two numbers as target": (
        linear(2),
        squared_error,
        {"y": lambda y: np.stack([y / 2, -y / 4], axis=1)},
        {},
    ),
    "logits": (logits, sparse_logits, {"weighted": True}, {}),
    "own training step": (functional(OwnStep), nothing, {}, {}),
    "other logs": (functional(OtherLogs), nothing, {}, {"M": 5}),
    "own loss": (functional(OwnLoss), nothing, {}, {}),
    "own test step": (functional(OwnTest), nothing, {}, {}),
    "own metrics of the batch": (functional(OwnMetricsOfTheBatch), nothing, {}, {}),
    "SGD": (
        fixed,
        by(optimizers.SGD, momentum=0.9, nesterov=True, weight_decay=0.01, clipnorm=0.1),
        {},
        {},
    ),
    "Adam": (fixed, by(optimizers.Adam, amsgrad=True, clipvalue=0.01), {}, {}),
    "AdamW": (fixed, by(optimizers.AdamW, weight_decay=0.1, global_clipnorm=0.1), {}, {}),
    "RMSprop": (fixed, by(optimizers.RMSprop, momentum=0.5, centered=True), {}, {}),
    "average": (fixed, by(optimizers.SGD, use_ema=True, ema_momentum=0.8), {}, {}),
    "average that overwrites": (
        fixed,
        by(optimizers.SGD, use_ema=True, ema_momentum=0.8, ema_overwrite_frequency=4),
        {},
        {},
    ),
    "gradient accumulation": (
        fixed,
        by(optimizers.SGD, momentum=0.9, gradient_accumulation_steps=4),
        {},
        {},
    ),
}


# Where validation may be another matter than training.
VALIDATED = {
    "dense, one-hot",
    "batch norm",
    "noise",
    "half precision",
    "binary",
    "logits",
    "two numbers as target",
    "own test step",
    "own metrics of the batch",
    "average",
}


@pytest.mark.parametrize("name", CASES)
def test_equals_keras(blobs, name):
    build, arguments, data, how = CASES[name]
    data = data_of(blobs, **data)
    if name in VALIDATED:
        how = {"validation": validation_of(data), **how}
    expected, run = (fit(e, make(build, **arguments()), data, **how) for e in ("keras", "fused"))
    assert run.engine == "fused"
    assert_same_run(run, expected)


def test_validation_on_rows_of_its_own(blobs):
    X, y = blobs
    validation = TrainingData(2 * X[:40] + 1, y[:40], np.arange(40), 7, shuffle=False)
    options = {"validation": validation, "validation_options": {"validation_freq": [1, 3]}}
    expected, run = (fit(e, make(), data_of(blobs), **options) for e in ("keras", "fused"))
    assert len(expected.history["val_loss"]) == 2
    assert_same_run(run, expected)


def test_continues(blobs):
    """With another engine than before, too."""
    data = data_of(blobs)

    def whole(first, second):
        model = make(noisy, optimizer=optimizers.Adam(0.01))
        fit(first, model, data, n_epochs=2, M=1)
        schedule = CyclicCosineDecay(0.02, 18, 2, offset=12)
        request = TrainingRequest(3, first_epoch=2, first_iteration=12, first_cycle=1)
        with seeded(1):
            return ENGINES[second](model, data, schedule, request)

    expected = whole("keras", "keras")
    assert [s.iteration for s in expected.snapshots] == [21, 30]
    for engines in (("fused", "fused"), ("keras", "fused"), ("fused", "keras")):
        assert_same_run(whole(*engines), expected)


def test_many_epochs_in_a_call_are_those_of_many_calls(blobs, monkeypatch):
    data = data_of(blobs)
    for build in (fixed, noisy, functional(OtherLogs)):
        runs = []
        for first_call in (1, 7, 64):
            monkeypatch.setattr("skensemble.training._fused_engine._FIRST_CALL", first_call)
            runs.append(fit("fused", make(build), data, n_epochs=7, M=3))
        for run in runs[1:]:
            assert_same_run(run, runs[0], rtol=0, atol=0)


# Callbacks


class Recorder(keras.callbacks.Callback):
    """Notes every call of a hook, but for those of batches."""

    def __init__(self, stop_after=None):
        super().__init__()
        self.calls, self.stop_after = [], stop_after

    def set_params(self, params):
        self.calls.append(("set_params", params))

    def _note(self, hook, *arguments, logs=None):
        numbers = None if logs is None else {k: float(v) for k, v in logs.items()}
        self.calls.append((hook, *arguments, numbers))

    def on_train_begin(self, logs=None):
        self._note("train begin", logs=logs)

    def on_train_end(self, logs=None):
        self._note("train end", logs=logs)

    def on_epoch_begin(self, epoch, logs=None):
        self._note("epoch begin", epoch, logs=logs)

    def on_epoch_end(self, epoch, logs=None):
        self._note("epoch end", epoch, logs=logs)
        self.model.stop_training = epoch == self.stop_after

    def on_test_begin(self, logs=None):
        self._note("test begin", logs=logs)

    def on_test_end(self, logs=None):
        self._note("test end", logs=logs)


def both(blobs, callback, **options):
    """Train with both engines and a callback for each; return runs and callbacks, Keras's first."""
    data = data_of(blobs)
    options = {"validation": validation_of(data), **options}
    runs, callbacks = [], []
    for engine in ("keras", "fused"):
        model = make(metrics=["accuracy"])
        callbacks.append(callback())
        runs.append(fit(engine, model, data, callbacks=[[callbacks[-1]]], **options))
        assert len(runs[-1].snapshots) > 0
        for a, b in zip(model.get_weights(), runs[-1].snapshots[-1].weights, strict=True):
            np.testing.assert_array_equal(a, b)
    assert_same_run(runs[1], runs[0])
    return runs, callbacks


@pytest.mark.parametrize("stop_after", [None, 4])
def test_hooks_are_called_as_by_keras(blobs, stop_after):
    _, (expected, found) = both(
        blobs,
        lambda: Recorder(stop_after),
        n_epochs=5,
        M=4,
        first_epoch=2,
        validation_options={"validation_freq": 2},
    )
    assert len(found.calls) > 10
    assert [call[:-1] for call in found.calls] == [call[:-1] for call in expected.calls]
    assert found.calls[0] == expected.calls[0]
    for (hook, *_, logs), (*_, others) in zip(found.calls[1:], expected.calls[1:], strict=True):
        assert (logs is None) == (others is None), hook
        assert list(logs or ()) == list(others or ()), hook
        for name, value in (logs or {}).items():
            assert value == pytest.approx(others[name], rel=1e-3), (hook, name)


class StopAtOnce(keras.callbacks.Callback):
    def __init__(self, hook):
        super().__init__()
        setattr(self, hook, self.stop)

    def stop(self, *_, **__):
        self.model.stop_training = True


def test_to_stop_when_training_begins_is_to_stop_after_an_epoch(blobs):
    runs, _ = both(blobs, lambda: StopAtOnce("on_train_begin"), M=3)
    assert [run.n_epochs for run in runs] == [1, 1]


def test_to_stop_when_an_epoch_begins_is_to_stop_after_it(blobs):
    runs, _ = both(blobs, lambda: StopAtOnce("on_epoch_begin"), M=3)
    assert [run.n_epochs for run in runs] == [1, 1]


def test_early_stopping_restores_the_best_weights(blobs):
    def callback():
        return keras.callbacks.EarlyStopping(
            "accuracy", min_delta=1.0, patience=2, restore_best_weights=True, mode="max"
        )

    runs, callbacks = both(blobs, callback, n_epochs=8, M=8)
    assert runs[1].n_epochs == 3
    expected, found = (callback.best_weights for callback in callbacks)
    for a, b in zip(found, expected, strict=True):
        np.testing.assert_allclose(a, b, **CLOSE)


def test_checkpoints_after_every_epoch(blobs, tmp_path):
    engines = iter(["keras", "fused"])

    def callback():
        path = tmp_path / next(engines) / "{epoch}-{val_loss:.1f}.weights.h5"
        return keras.callbacks.ModelCheckpoint(path, save_weights_only=True)

    both(blobs, callback)
    names = [sorted(p.name for p in (tmp_path / e).iterdir()) for e in ("keras", "fused")]
    assert len(names[0]) == 3
    assert names[0] == names[1]
    expected, found = fixed(), fixed()
    for name in names[0]:
        expected.load_weights(tmp_path / "keras" / name)
        found.load_weights(tmp_path / "fused" / name)
        for a, b in zip(found.get_weights(), expected.get_weights(), strict=True):
            np.testing.assert_allclose(a, b, **CLOSE)


def test_csv_files_are_alike(blobs, tmp_path):
    engines = iter(["keras", "fused"])
    both(blobs, lambda: keras.callbacks.CSVLogger(tmp_path / next(engines)))
    expected, found = (
        list(csv.reader((tmp_path / engine).read_text().splitlines()))
        for engine in ("keras", "fused")
    )
    assert expected[0] == found[0] == ["epoch", "accuracy", "loss", "val_accuracy", "val_loss"]
    np.testing.assert_allclose(
        np.array(found[1:], float), np.array(expected[1:], float), rtol=1e-3, atol=1e-5
    )


@pytest.mark.parametrize(
    ("options", "waits"),
    [
        ({"profile_batch": 0}, True),
        ({"profile_batch": 2}, False),
        ({"profile_batch": 0, "update_freq": "batch"}, False),
        ({"profile_batch": 0, "write_steps_per_second": True}, False),
    ],
    ids=["epochs", "profile", "batches", "speed"],
)
def test_tensorboard_listens_to_batches_only_where_told_to(tmp_path, options, waits):
    callback = keras.callbacks.TensorBoard(tmp_path, **options)
    assert (listeners_to_batches([[callback]]) == []) == waits


def test_lambda_callbacks(blobs):
    seen = []

    def callback():
        seen.append([])
        return keras.callbacks.LambdaCallback(
            on_epoch_end=lambda epoch, logs: seen[-1].append((epoch, sorted(logs))),
            on_train_end=lambda logs: seen[-1].append("end"),
        )

    both(blobs, callback)
    assert len(seen[0]) == 4
    assert seen[0] == seen[1]


class Halves(keras.callbacks.Callback):
    """Changes the weights at the end of an epoch, and the logs."""

    def on_epoch_end(self, epoch, logs=None):
        self.model.set_weights([w / 2 for w in self.model.get_weights()])
        logs["mine"] = float(epoch)


def test_what_a_callback_does_to_the_weights_has_an_effect(blobs):
    (run, _), _ = both(blobs, Halves, M=2)
    plain = fit("fused", make(), data_of(blobs))
    assert run.history["mine"] == [0.0, 1.0, 2.0]
    # The first cycle ends in the second epoch.
    change = np.abs(run.snapshots[0].weights[0] - plain.snapshots[0].weights[0]).max()
    assert change > 0.1


class LooksAtMetrics(keras.callbacks.Callback):
    def __init__(self):
        super().__init__()
        self.seen = []

    def on_epoch_end(self, epoch, logs=None):
        self.seen.append({k: float(v) for k, v in self.model.get_metrics_result().items()})


def test_callbacks_see_the_state_of_the_metrics(blobs):
    _, (expected, found) = both(blobs, LooksAtMetrics)
    for a, b in zip(found.seen, expected.seen, strict=True):
        assert a == pytest.approx(b, rel=1e-3)


def test_weights_swapped_for_their_average(blobs):
    average = optimizers.SGD(0.01, use_ema=True, ema_momentum=0.8)
    data, runs = data_of(blobs), []
    for engine in ("keras", "fused"):
        model = make(optimizer=optimizers.SGD.from_config(average.get_config()))
        callbacks = [keras.callbacks.SwapEMAWeights(swap_on_epoch=True)]
        options = {"validation": validation_of(data), "callbacks": callbacks}
        runs.append(fit(engine, model, data, **options))
    assert_same_run(runs[1], runs[0])


# Which engine


def choose(blobs, engine="auto", model=None, data=None, **request):
    data = data or data_of(blobs, batch_size=45)
    schedule = CyclicCosineDecay(0.02, 2, 1)
    with seeded(1):
        model = model or make()
        return train(engine, model, data, schedule, TrainingRequest(1, **request))


class AfterBatches(keras.callbacks.Callback):
    def on_train_batch_end(self, batch, logs=None):
        pass


class OwnFit(keras.Model):
    def fit(self, *args, **kwargs):
        return super().fit(*args, **kwargs)


class OwnTrainFunction(keras.Model):
    def make_train_function(self, force=False):
        return super().make_train_function(force)


def test_nothing_stands_against_fused(blobs):
    run = choose(blobs, callbacks=[[Recorder()], keras.callbacks.CSVLogger("/dev/null")])
    assert (run.engine, run.reason) == ("fused", "nothing stands against it")
    assert choose(blobs, "keras").engine == "keras"
    assert choose(blobs, "fused").engine == "fused"


def after_batches():
    return keras.callbacks.LambdaCallback(on_train_batch_end=lambda batch, logs: None)


def large(X):
    return lambda blobs, _: {"data": data_of(blobs, batch_size=45, X=X)}


def mapped(blobs, tmp_path):
    file = np.memmap(tmp_path / "X", "float32", "w+", shape=(90, 4))
    file[:] = blobs[0]
    return {"data": data_of(blobs, batch_size=45, X=lambda _: file)}


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        (lambda *_: {"callbacks": [[AfterBatches()]]}, "AfterBatches listens to batches"),
        (
            lambda *_: {"callbacks": [after_batches()]},
            "LambdaCallback listens to batches",
        ),
        (
            lambda *_: {"callbacks": [keras.callbacks.TerminateOnNaN()]},
            "TerminateOnNaN listens to batches",
        ),
        (lambda *_: {"model": make(run_eagerly=True)}, "run_eagerly=True"),
        (large(sp.csr_matrix), "X is too large to be made a dense array in memory"),
        (mapped, "X is too large to be made a dense array in memory"),
        (lambda *_: {"model": make(functional(OwnFit))}, "the model has its own fit"),
        (
            lambda *_: {"model": make(functional(OwnTrainFunction))},
            "the model has its own make_train_function",
        ),
    ],
    ids=["batches", "lambda", "NaN", "eager", "sparse", "file", "fit", "make_train_function"],
)
def test_what_only_keras_can_do(blobs, tmp_path, monkeypatch, arguments, reason):
    monkeypatch.setattr("skensemble.training._training_data._MOST_BYTES", 100)
    with pytest.raises(ValueError, match=f"engine.*'keras', as {reason}"):
        choose(blobs, "fused", **arguments(blobs, tmp_path))
    run = choose(blobs, **arguments(blobs, tmp_path))
    assert (run.engine, run.reason) == ("keras", reason)
    assert len(run.snapshots) == 1


class NestedLogs(keras.Model):
    """Returns what the guide of Keras returns: the metrics of compile are one metric, a dict."""

    def train_step(self, data):
        super().train_step(data)
        return {metric.name: metric.result() for metric in self.metrics}


class VectorLogs(keras.Model):
    def train_step(self, data):
        return {**super().train_step(data), "rows": ops.mean(data[0], axis=0)}


@pytest.mark.parametrize("model_class", [NestedLogs, VectorLogs])
def test_logs_that_are_no_numbers_are_for_keras(blobs, model_class):
    def arguments():
        return {"model": make(functional(model_class), metrics=["accuracy"])}

    run = choose(blobs, **arguments())
    assert run.engine == "keras"
    assert run.reason.startswith("the network cannot be traced as a whole: ")
    assert "dict of numbers" in run.reason
    with pytest.raises(ValueError, match="engine.*dict of numbers"):
        choose(blobs, "fused", **arguments())


def test_replicated_models_are_for_keras(blobs):
    model = make()
    model._distribute_strategy = types.SimpleNamespace(num_replicas_in_sync=2)
    with pytest.raises(ValueError, match="^engine must be 'keras', as the model is replicated, "):
        choose(blobs, "fused", model)


def test_words_are_for_keras(blobs):
    words = np.array(["a", "b", "c"], object)

    def model():
        lookup = layers.StringLookup(vocabulary=["a", "b", "c"], output_mode="one_hot")
        return sequential(lookup, shape=(1,), dtype="string")

    data = data_of(blobs, batch_size=45, X=lambda _: words[blobs[1]][:, None])
    expected = choose(blobs, "keras", make(model), data)
    found = choose(blobs, "auto", make(model), data)
    assert_same_run(found, expected)


def test_after_an_attempt_in_vain_keras_starts_from_the_same_state(blobs):
    expected = choose(blobs, "keras", make(functional(VectorLogs)))
    found = choose(blobs, "auto", make(functional(VectorLogs)))
    for a, b in zip(found.snapshots[0].weights, expected.snapshots[0].weights, strict=True):
        np.testing.assert_array_equal(a, b)


def test_to_stop_inside_an_epoch_is_to_stop_after_the_last_cycle_that_ended(blobs, monkeypatch):
    model = make()
    reach = SnapshotCollector.reach

    def interrupted(collector, n_done):
        reach(collector, n_done)
        # as the handler of a signal does, which runs between two calls into the graph
        model.stop_training = len(collector.snapshots) == 2

    monkeypatch.setattr(SnapshotCollector, "reach", interrupted)
    run = fit("fused", model, data_of(blobs, batch_size=8), n_epochs=2, M=8)
    assert [s.iteration for s in run.snapshots] == [3, 6]
    assert (run.n_iterations, run.n_epochs) == (6, 0)


def test_first_call_is_an_iteration_unless_xla_makes_many_of_them_one(blobs, monkeypatch):
    lengths = []
    program = TrainingProgram
    bind = program.bind

    def spied(self, *arguments, **options):
        advance = bind(self, *arguments, **options)

        def spy(data, orders, first, last, numbers):
            lengths.append(last - first)
            return advance(data, orders, first, last, numbers)

        return spy

    monkeypatch.setattr(program, "bind", spied)
    fit("fused", make(), data_of(blobs, batch_size=1), n_epochs=2, M=1)
    by_xla = lengths[0]
    lengths.clear()
    fit("fused", make(lambda: sequential(layers.Dropout(0.1))), data_of(blobs, batch_size=1), M=1)
    assert (by_xla, lengths[0]) == (64, 1)
    assert lengths[1] in (1, 2, 8)
