"""SnapshotCallback: every rate and every snapshot, for every way to call fit."""

import copy
import gc
import itertools
import math
import pickle
import re
import weakref

import keras
import numpy as np
import pytest
import tensorflow as tf
from sklearn.exceptions import ConvergenceWarning

from builders import Subclassed, compiled, fixed
from skensemble import SnapshotCallback
from skensemble.exceptions import LearningRateWarning, SnapshotTrainingError


@pytest.mark.parametrize(("at_once", "M"), [(1, 4), (2, 4), (3, 2), (5, 4), (8, 2)])
def test_rates_and_snapshots_with_steps_per_execution(revealing, equation_2, at_once, M):
    # 15 iterations: with M = 4, cycles end after 4, 8, 12 and 15, inside epochs and executions.
    network = revealing(5, steps_per_execution=at_once)
    callback = SnapshotCallback(M, 0.1)
    network.model.fit(
        network.X, network.y, batch_size=1, epochs=3, shuffle=False, verbose=0, callbacks=callback
    )
    network.check(callback.bank, M, 15)
    np.testing.assert_allclose(callback.learning_rates, equation_2(15, M, 0.1)[0], rtol=1e-9)
    assert network.model.steps_per_execution == at_once
    assert callback.paths == []


class Batches(keras.utils.PyDataset):
    """The rows one by one."""

    def __init__(self, X, y):
        super().__init__()
        self.X, self.y = X, y

    def __len__(self):
        return len(self.X)

    def __getitem__(self, i):
        return self.X[i : i + 1], self.y[i : i + 1]


def endless(X, y):
    while True:
        for i in range(len(X)):
            yield X[i : i + 1], y[i : i + 1]


def of_unknown_length(X, y):
    rows = tf.data.Dataset.from_tensor_slices((X, y)).batch(1)
    return rows.filter(lambda *_: True)


SOURCES = {
    "numpy": lambda X, y: ({"x": X, "y": y, "batch_size": 1}, {}),
    "tensors": lambda X, y: (
        {"x": tf.constant(X), "y": tf.constant(y), "batch_size": 1, "steps_per_epoch": 5},
        {},
    ),
    "dataset": lambda X, y: ({"x": tf.data.Dataset.from_tensor_slices((X, y)).batch(1)}, {}),
    "endless dataset": lambda X, y: (
        {
            "x": tf.data.Dataset.from_tensor_slices((X, y)).batch(1).repeat(),
            "steps_per_epoch": 5,
        },
        {},
    ),
    "dataset of unknown length": lambda X, y: ({"x": of_unknown_length(X, y)}, {"n": True}),
    "PyDataset": lambda X, y: ({"x": Batches(X, y)}, {}),
    "generator": lambda X, y: ({"x": endless(X, y), "steps_per_epoch": 5}, {}),
}


@pytest.mark.parametrize(
    ("source", "at_once"),
    [*((source, 3) for source in SOURCES), ("dataset of unknown length", 1), ("generator", 1)],
)
@pytest.mark.filterwarnings("ignore:Your input ran out of data:UserWarning")
def test_sources(revealing, source, at_once):
    network = revealing(5, steps_per_execution=at_once)
    arguments, unknown = SOURCES[source](network.X, network.y)
    callback = SnapshotCallback(3, 0.1, n_iterations=20 if unknown else None)
    network.model.fit(**arguments, epochs=4, shuffle=False, verbose=0, callbacks=[callback])
    network.check(callback.bank, 3, 20)


@pytest.mark.filterwarnings("ignore:Your input ran out of data:UserWarning")
def test_training_stops_after_n_iterations_of_data_of_unknown_length(revealing):
    network = revealing(5, steps_per_execution=2)
    callback = SnapshotCallback(2, 0.1, n_iterations=8)
    data = of_unknown_length(network.X, network.y)
    history = network.model.fit(data, epochs=9, shuffle=False, verbose=0, callbacks=callback)
    assert len(history.epoch) == 2
    network.check(callback.bank, 2, 8)


def test_initial_epoch_and_eager(revealing):
    network = revealing(3, run_eagerly=True, steps_per_execution=2)
    callback = SnapshotCallback(2, 0.1)
    network.model.fit(
        network.X,
        network.y,
        batch_size=1,
        epochs=7,
        initial_epoch=4,
        shuffle=False,
        verbose=0,
        callbacks=callback,
    )
    network.check(callback.bank, 2, 9)


def test_a_model_that_was_trained_before_and_is_trained_after(revealing):
    network = revealing(4)
    arguments = {"batch_size": 1, "shuffle": False, "verbose": 0}
    network.model.fit(network.X, network.y, epochs=3, **arguments)
    np.testing.assert_allclose(network.weight, -0.3, atol=1e-6)
    function = network.model.train_function
    callback = SnapshotCallback(2, 0.1)
    network.model.fit(network.X, network.y, epochs=2, callbacks=callback, **arguments)
    network.check(callback.bank, 2, 8, start=-0.3)
    # The training step is the one that was traced before: its rate is the variable's again.
    assert network.model.train_function is function
    network.model.optimizer.learning_rate = 0.5
    before = network.weight
    network.model.fit(network.X, network.y, epochs=1, **arguments)
    np.testing.assert_allclose(network.weight, before - 0.5, atol=1e-6)


def test_a_second_fit_starts_new_cycles(revealing):
    network = revealing(4)
    callback = SnapshotCallback(2, 0.1)
    arguments = {"batch_size": 1, "shuffle": False, "verbose": 0, "callbacks": callback}
    network.model.fit(network.X, network.y, epochs=2, **arguments)
    first, start = callback.bank, network.weight
    network.model.fit(network.X, network.y, epochs=3, **arguments)
    network.check(callback.bank, 2, 12, start=start)
    assert [snapshot.iteration for snapshot in first] == [4, 8]


class Calls(keras.callbacks.Callback):
    """Counts, and sees the rate that Keras reports."""

    def __init__(self):
        super().__init__()
        self.batches, self.rates = [], []

    def on_train_batch_begin(self, batch, logs=None):
        self.rates.append(float(self.model.optimizer.learning_rate))

    def on_train_batch_end(self, batch, logs=None):
        self.batches.append((batch, sorted(logs)))


@pytest.mark.parametrize("nested", [False, True])
def test_with_other_callbacks(revealing, equation_2, nested):
    network = revealing(4)
    calls, callback = Calls(), SnapshotCallback(2, 0.1)
    network.model.fit(
        network.X,
        network.y,
        batch_size=1,
        epochs=3,
        shuffle=False,
        verbose=0,
        callbacks=[calls, [callback, keras.callbacks.History()]] if nested else [callback, calls],
    )
    network.check(callback.bank, 2, 12)
    assert calls.batches == [(i, ["loss"]) for i in range(4)] * 3
    if not nested:
        np.testing.assert_allclose(calls.rates, equation_2(12, 2, 0.1)[0], rtol=1e-5)


class Stop(keras.callbacks.Callback):
    """Stops training after so many batches."""

    def __init__(self, after):
        super().__init__()
        self.left = after

    def on_train_batch_end(self, batch, logs=None):
        self.left -= 1
        if self.left == 0:
            self.model.stop_training = True


@pytest.mark.parametrize(
    ("after", "message"),
    [
        (
            7,
            "Training ended after 7 of 12 iterations: the bank has the snapshots of the 1 of 2 "
            "cycles that were finished.",
        ),
        (
            3,
            "Training ended after 3 of 12 iterations, before the end of the first cycle, at "
            "iteration 6: there is no snapshot. Let it train for longer, or raise M to make the "
            "cycles shorter.",
        ),
    ],
)
def test_stopped_by_another_callback(revealing, after, message):
    network = revealing(4)
    callback = SnapshotCallback(2, 0.1)
    with pytest.warns(UserWarning, match=f"^{re.escape(message)}$") as caught:
        network.model.fit(
            network.X,
            network.y,
            batch_size=1,
            epochs=3,
            verbose=0,
            callbacks=[callback, Stop(after)],
        )
    assert caught[0].filename == __file__
    if after == 7:
        assert [snapshot.iteration for snapshot in callback.bank] == [6]
    else:
        with pytest.raises(SnapshotTrainingError):
            callback.bank


def test_data_that_end_early(revealing):
    network = revealing(4, steps_per_execution=3)
    data = (batch for batch in itertools.islice(endless(network.X, network.y), 8))
    callback = SnapshotCallback(2, 0.1)
    with pytest.warns(UserWarning, match="^(Your input|Training ended)") as caught:
        network.model.fit(
            data, epochs=3, steps_per_epoch=4, shuffle=False, verbose=0, callbacks=callback
        )
    assert "ran out of data" in str(caught[0].message)
    assert str(caught[-1].message) == (
        "Training ended after 8 of 12 iterations: the bank has the snapshots of the 1 of 2 cycles "
        "that were finished."
    )


OPTIMIZERS = {
    "momentum": lambda: keras.optimizers.SGD(0.1, momentum=0.9, nesterov=True, weight_decay=1e-3),
    "adam": lambda: keras.optimizers.Adam(0.1),
}


def quiet_subclassed():
    """Draws no random numbers, so that the two agree."""
    model = Subclassed()
    model.drop.rate = 0.0
    return model


@pytest.mark.parametrize(("name", "build"), [("momentum", fixed), ("adam", quiet_subclassed)])
def test_snapshots_are_those_of_training_by_hand(blobs, by_hand, name, build):
    X, y = blobs
    expected = by_hand(OPTIMIZERS[name](), X, y, 30, 3, 2, 0.1, build=build)
    model = compiled(OPTIMIZERS[name](), build=build, steps_per_execution=2)
    callback = SnapshotCallback(2, 0.1)
    model.fit(X, y, batch_size=30, epochs=3, shuffle=False, verbose=0, callbacks=callback)
    for snapshot, weights in zip(callback.bank, expected, strict=True):
        for found, wanted in zip(snapshot.weights, weights, strict=True):
            np.testing.assert_allclose(found, wanted, atol=1e-5)
    assert callback.bank.paths == tuple(variable.path for variable in model.weights)


def test_warning_where_the_optimizer_has_another_rate(revealing):
    network = revealing(4, keras.optimizers.SGD(0.01))
    callback = SnapshotCallback(2, 0.1)
    message = (
        "alpha_zero=0.1 replaces the optimizer's own learning rate 0.01: every cycle starts at "
        "alpha_zero. Set alpha_zero to the rate you want, and leave the optimizer's alone."
    )
    with pytest.warns(LearningRateWarning, match=f"^{re.escape(message)}$") as caught:
        network.model.fit(
            network.X,
            network.y,
            batch_size=1,
            epochs=2,
            shuffle=False,
            verbose=0,
            callbacks=callback,
        )
    assert caught[0].filename == __file__
    network.check(callback.bank, 2, 8)
    assert float(network.model.optimizer.learning_rate) == pytest.approx(0.01)


def test_weights_that_are_not_finite(revealing):
    network = revealing(2)
    X = np.full((2, 2), np.inf, dtype="float32")
    callback = SnapshotCallback(2, 0.1)
    message = (
        "The weights of the network are not finite after cycles [1, 2]: leave these snapshots out, "
        "and choose a smaller alpha_zero."
    )
    with pytest.warns(ConvergenceWarning, match=f"^{re.escape(message)}$"):
        network.model.fit(X, network.y, batch_size=1, epochs=2, verbose=0, callbacks=callback)


def test_the_callback_releases_the_model(revealing):
    network = revealing(2)
    callback = SnapshotCallback(2, 0.1)
    network.model.fit(network.X, network.y, batch_size=1, epochs=2, verbose=0, callbacks=callback)
    model = weakref.ref(network.model)
    bank = callback.bank
    del network
    keras.utils.clear_session()
    gc.collect()
    assert model() is None
    assert len(bank) == 2


@pytest.mark.parametrize("copier", [copy.deepcopy, lambda c: pickle.loads(pickle.dumps(c))])
def test_copies(revealing, copier):
    network = revealing(4)
    unused = copier(SnapshotCallback(2, 0.1, n_iterations=8))
    network.model.fit(
        network.X, network.y, batch_size=1, epochs=2, shuffle=False, verbose=0, callbacks=unused
    )
    network.check(copier(unused).bank, 2, 8)


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        (
            {"M": 0},
            ValueError,
            "M must be an integer of at least 1, got 0 instead: 5 is the usual choice.",
        ),
        (
            {"alpha_zero": math.nan},
            ValueError,
            "alpha_zero must be a finite number greater than 0, got nan instead: 0.1 is the usual "
            "start for SGD.",
        ),
        (
            {"n_iterations": 4},
            ValueError,
            "M must be at most the number of iterations, 4, got 5 instead: lower M, train for more "
            "epochs, or use smaller batches.",
        ),
        (
            {"epochs": 0},
            ValueError,
            "epochs must be an integer of at least 1, got 0 instead: as many as you pass to fit.",
        ),
        (
            {"prefix": 1},
            TypeError,
            "prefix must be a path that ends in the first part of a file name, got 1 instead: "
            "'weights/Model' writes weights/Model-1.weights.h5 and so on.",
        ),
        (
            {"prefix": "weights/"},
            ValueError,
            "prefix must be a path that ends in the first part of a file name, got 'weights/' "
            "instead: 'weights/Model' writes weights/Model-1.weights.h5 and so on.",
        ),
        (
            {"monitor": "val_loss"},
            ValueError,
            "prefix must be given where monitor is, got None instead: the best weights by monitor "
            "are kept in a file.",
        ),
        (
            {"monitor": 3, "prefix": "a"},
            TypeError,
            "monitor must be the name of a value that Keras reports, got 3 instead: 'val_loss' or "
            "'val_accuracy', say.",
        ),
        (
            {"monitor": "val_mine", "prefix": "a"},
            ValueError,
            "mode must be 'min' or 'max' for monitor='val_mine', got 'auto' instead: the name does "
            "not tell which values are better.",
        ),
        (
            {"monitor": "val_loss", "prefix": "a", "mode": "down"},
            ValueError,
            "mode must be one of 'auto', 'min', 'max', got 'down' instead: 'auto' goes by the "
            "name.",
        ),
        (
            {"overwrite": "yes"},
            TypeError,
            "overwrite must be True or False, got 'yes' instead: True removes the files of an "
            "earlier run.",
        ),
    ],
)
def test_bad_parameters(arguments, error, message):
    with pytest.raises(error, match=f"^{re.escape(message)}$"):
        SnapshotCallback(**arguments)


BAD_FITS = {
    "unknown length": (
        {},
        lambda X, y: {"x": of_unknown_length(X, y), "shuffle": False},
        ValueError,
        "the number of batches per epoch must be known, to spread the cycles over training, got "
        "data of unknown length instead: pass steps_per_epoch to fit, or n_iterations, the batches "
        "of all epochs together, to SnapshotCallback.",
    ),
    "other n_iterations": (
        {"n_iterations": 9},
        lambda X, y: {"x": X, "y": y, "batch_size": 1},
        ValueError,
        "n_iterations must be 8, for 2 epochs of 4 batches, got 9 instead: leave it out: it is "
        "needed only where the number of batches is unknown.",
    ),
    "other epochs": (
        {"epochs": 5},
        lambda X, y: {"x": X, "y": y},
        ValueError,
        "the number of epochs of fit must be 5, over which the cycles are spread, got 2 instead: "
        "build the callback for 2 epochs, or pass epochs=5 to fit.",
    ),
    "more cycles than iterations": (
        {"M": 3},
        lambda X, y: {"x": X, "y": y},
        ValueError,
        "M must be at most the number of iterations, 2, got 3 instead: lower M, train for more "
        "epochs, or use smaller batches.",
    ),
}


@pytest.mark.parametrize("case", BAD_FITS)
def test_bad_fits(revealing, case):
    network = revealing(4)
    arguments, data, error, message = BAD_FITS[case]
    callback = SnapshotCallback(**{"M": 2, **arguments})
    with pytest.raises(error, match=f"^{re.escape(message)}$"):
        network.model.fit(**data(network.X, network.y), epochs=2, verbose=0, callbacks=[callback])
    assert not network.weight.any()


@pytest.mark.parametrize(
    "other",
    [
        keras.callbacks.LearningRateScheduler(lambda epoch: 0.1),
        keras.callbacks.ReduceLROnPlateau("loss"),
        SnapshotCallback(),
    ],
    ids=lambda other: type(other).__name__,
)
def test_other_callbacks_that_set_the_rate(revealing, other):
    network = revealing(4)
    message = (
        "callbacks must be without others that set the learning rate beside SnapshotCallback, got "
        f"{type(other).__name__} instead: leave only one of them."
    )
    with pytest.raises(ValueError, match=f"^{re.escape(message)}$"):
        network.model.fit(
            network.X, network.y, epochs=5, verbose=0, callbacks=[other, [SnapshotCallback(2)]]
        )
    assert not network.weight.any()


class SetsTheRate(keras.callbacks.Callback):
    def on_epoch_begin(self, epoch, logs=None):
        self.model.optimizer.learning_rate = 0.5


def test_an_unknown_callback_that_sets_the_rate(revealing):
    network = revealing(4)
    message = (
        "the learning rate of the optimizer must be left alone while SnapshotCallback sets it, got "
        "0.5 instead: remove the callback that sets it."
    )
    with pytest.raises(RuntimeError, match=f"^{re.escape(message)}$"):
        network.model.fit(
            network.X,
            network.y,
            epochs=5,
            verbose=0,
            callbacks=[SnapshotCallback(2), SetsTheRate()],
        )


class TwoSteps(keras.Model):
    """Takes two steps of its optimizer per batch."""

    def __init__(self):
        super().__init__()
        self.out = keras.layers.Dense(1)

    def call(self, x):
        return self.out(x)

    def train_step(self, data):
        super().train_step(data)
        return super().train_step(data)


@pytest.mark.parametrize("at_once", [1, 3])
def test_a_training_step_that_is_not_one_step_of_the_optimizer(at_once):
    model = TwoSteps()
    model.compile(keras.optimizers.SGD(0.1), "mse", steps_per_execution=at_once)
    message = (
        "the optimizer of the model must be one that takes one step per batch, got "
        f"{2 * at_once} steps after {at_once} batches instead: SnapshotCallback cannot follow a "
        "train_step that does otherwise."
    )
    with pytest.raises(RuntimeError, match=f"^{re.escape(message)}$"):
        model.fit(
            np.ones((6, 2)), np.ones(6), batch_size=1, verbose=0, callbacks=SnapshotCallback(1)
        )


@pytest.mark.parametrize("name", ["bank", "schedule", "learning_rates"])
def test_errors_before_training(name):
    with pytest.raises(SnapshotTrainingError, match="^SnapshotCallback has no .* yet: pass it to"):
        getattr(SnapshotCallback(), name)
