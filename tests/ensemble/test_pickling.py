"""Files of fitted ensembles, read by a process that knows nothing of the one that wrote them."""

import copy
import json
import os
import pickle
import random
import subprocess
import sys
import time
from collections import OrderedDict
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import NamedTuple

import joblib
import keras
import numpy as np
import pytest
import tensorflow as tf
from sklearn.base import clone
from sklearn.exceptions import NotFittedError

from builders import dense, fixed
from skensemble import SnapshotEnsembleClassifier
from skensemble.ensemble import _fitted

# Two epochs need not get anywhere.
pytestmark = pytest.mark.filterwarnings("ignore:Cycle:sklearn.exceptions.ConvergenceWarning")

TESTS = Path(__file__).parents[1]

WRITER = """
import functools, json, sys, traceback
import joblib, keras, numpy as np
from builders import dense, fixed
from skensemble import SnapshotEnsembleClassifier

folder = sys.argv[1]
X, y = np.load(f"{folder}/X.npy"), np.load(f"{folder}/y.npy")


def in_main(meta, units=5):
    return dense(meta, units=units)


def closure(units):
    def build(meta):
        return in_main(meta, units)

    return build


class Doubled(keras.layers.Layer):
    def call(self, x):
        return 2 * x


class Halved(keras.layers.Layer):
    def __init__(self, by=2, **kwargs):
        super().__init__(**kwargs)
        self.by = by

    def call(self, x):
        return x / self.by

    def get_config(self):
        return {**super().get_config(), "by": self.by}


# Keras writes by=2 into its configuration.
class Changed(keras.layers.Layer):
    def __init__(self, by=2, **kwargs):
        super().__init__(**kwargs)
        self.by = by

    def call(self, x):
        return x * self.by


def changed():
    layer = Changed()
    layer.by = -3
    return layer


# Keras writes the default of activation into its configuration, whatever was given.
class WithDefaults(keras.Model):
    def __init__(self, activation="relu", **kwargs):
        super().__init__(**kwargs)
        self.activation = activation
        self.hidden = keras.layers.Dense(5, activation=activation)
        self.norm = keras.layers.BatchNormalization()
        self.out = keras.layers.Dense(3, activation="softmax")

    def call(self, x, training=False):
        return self.out(self.norm(self.hidden(x), training=training))


class Net(WithDefaults):
    def get_config(self):
        return {**super().get_config(), "activation": self.activation}


class WithoutConfig(keras.Model):
    def __init__(self, layers):
        super().__init__()
        self.parts = layers

    def call(self, x):
        for part in self.parts:
            x = part(x)
        return x

    def get_config(self):
        raise NotImplementedError("made of layers")


def without_config():
    model = WithoutConfig(
        [keras.layers.Dense(5, activation="relu"), keras.layers.Dense(3, activation="softmax")]
    )
    model.compile("sgd", "sparse_categorical_crossentropy")
    return model


class Doubling(keras.losses.Loss):
    def call(self, y_true, y_pred):
        return 2 * keras.losses.sparse_categorical_crossentropy(y_true, y_pred)


class Watcher(keras.callbacks.Callback):
    pass


def around(*layers, units=5):
    return keras.Sequential(
        [
            keras.Input((4,)),
            *layers,
            keras.layers.Dense(units, activation="relu"),
            keras.layers.Dense(3, activation="softmax"),
        ]
    )


def compiled(model):
    model(X[:2])
    model.compile(keras.optimizers.SGD(momentum=0.9), "sparse_categorical_crossentropy")
    return model


def trained(model):
    compiled(model).fit(X, y, epochs=1, verbose=0)
    return model


MODELS = {
    "imported function": lambda: dense,
    "lambda": lambda: lambda meta: dense(meta, units=5),
    "closure": lambda: closure(7),
    "function of main": lambda: in_main,
    "partial": lambda: functools.partial(in_main, units=9),
    "layer class of main": lambda: lambda meta: around(Doubled(), Halved(by=4)),
    "layer changed after construction": lambda: lambda meta: around(changed()),
    "model class of main": lambda: lambda meta: Net(activation="tanh"),
    "model class that forgets": lambda: lambda meta: WithDefaults(activation="tanh"),
    "model class without configuration": lambda: lambda meta: without_config(),
    "Lambda layer": lambda: lambda meta: around(keras.layers.Lambda(lambda x: 2 * x)),
    "Lambda layer with a global": lambda: lambda meta: around(
        keras.layers.Lambda(lambda x: keras.ops.abs(x))
    ),
    "prebuilt": lambda: trained(fixed()),
    "prebuilt with a layer class of main": lambda: compiled(around(Halved(by=4))),
    "prebuilt of a class of main": lambda: trained(Net(activation="tanh")),
    "prebuilt with a Lambda layer": lambda: compiled(around(keras.layers.Lambda(lambda x: 2 * x))),
}
PARAMS = {
    "loss of main": {"loss": Doubling()},
    "loss function of main": {"loss": lambda t, p: Doubling()(t, p)},
    "callback and metric": {
        "callbacks": [Watcher()],
        "metrics": [keras.metrics.SparseCategoricalAccuracy(name="hits")],
        "optimizer": keras.optimizers.Adam(0.1),
    },
}

# The others train with Keras's engine, for which TensorFlow prepares three times as fast.
FUSED = {"imported function", "layer class of main", "prebuilt", *PARAMS}

errors = {}
for name in [*MODELS, *PARAMS]:
    try:
        clf = SnapshotEnsembleClassifier(
            MODELS.get(name, lambda: in_main)(),
            M=2,
            epochs=2,
            batch_size=30,
            random_state=0,
            engine="fused" if name in FUSED else "keras",
            **PARAMS.get(name, {}),
        )
        clf.fit(X, y)
        joblib.dump(clf, f"{folder}/{name}.joblib")
        np.save(f"{folder}/{name}.npy", clf.predict_proba(X))
    except Exception:
        errors[name] = traceback.format_exc()
with open(f"{folder}/written.json", "w") as file:
    json.dump({"names": [*MODELS, *PARAMS], "errors": errors}, file)
"""

READER = """
import json, pathlib, sys, traceback
import joblib, numpy as np
from sklearn.base import clone

folder = pathlib.Path(sys.argv[1])
X, y = np.load(folder / "X.npy"), np.load(folder / "y.npy")
modules = {name: name in sys.modules for name in ("builders", "tensorflow")}


def differs(a, b):
    return float(abs(a - b).max())


def read(path):
    clf = joblib.load(path)
    found = {}
    found["writeable"] = any(w.flags.writeable for s in clf.snapshots_ for w in s.weights)
    expected = np.load(path.with_suffix(".npy"))
    found["probabilities"] = differs(clf.predict_proba(X), expected)
    pairs = zip(clf.model_.get_weights(), clf.snapshots_[-1].weights, strict=True)
    found["model_"] = max(differs(a, b) for a, b in pairs)
    found["rates"] = len(clf.learning_rates_)
    found["clone"] = differs(clone(clf).fit(X, y).predict_proba(X), expected)
    first = clf.snapshots_[0]
    clf.set_params(warm_start=True, M=3, epochs=3).fit(X, y)
    found["cycles"] = [snapshot.cycle for snapshot in clf.snapshots_]
    found["iterations"] = [snapshot.iteration for snapshot in clf.snapshots_]
    found["kept"] = differs(clf.snapshots_[0].weights[0], first.weights[0])
    return found


results = {}
for path in folder.glob("*.joblib"):
    try:
        results[path.stem] = read(path)
    except Exception:
        results[path.stem] = {"error": traceback.format_exc()}
results["modules"] = modules
(folder / "read.json").write_text(json.dumps(results))
"""

NAMES = [
    "imported function",
    "lambda",
    "closure",
    "function of main",
    "partial",
    "layer class of main",
    "layer changed after construction",
    "model class of main",
    "model class that forgets",
    "model class without configuration",
    "Lambda layer",
    "Lambda layer with a global",
    "prebuilt",
    "prebuilt with a layer class of main",
    "prebuilt of a class of main",
    "prebuilt with a Lambda layer",
    "loss of main",
    "loss function of main",
    "callback and metric",
]


def run(script, folder, name):
    path = folder / name
    path.write_text(script)
    paths = [str(TESTS), *os.environ.get("PYTHONPATH", "").split(os.pathsep)]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, paths))}
    done = subprocess.run(
        [sys.executable, path, folder], env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr


# One test, so that the two processes run once, whoever shares the tests of this file.
def test_another_process_predicts_the_same_bits_and_trains_on(blobs, tmp_path):
    np.save(tmp_path / "X.npy", blobs[0])
    np.save(tmp_path / "y.npy", blobs[1])
    run(WRITER, tmp_path, "writer.py")
    report = json.loads((tmp_path / "written.json").read_text())
    assert report == {"names": NAMES, "errors": {}}
    run(READER, tmp_path, "reader.py")
    results = json.loads((tmp_path / "read.json").read_text())
    assert results.pop("modules") == {"builders": False, "tensorflow": False}
    expected = {
        "probabilities": 0.0,
        "model_": 0.0,
        "writeable": False,
        "rates": 6,
        "clone": 0.0,
        "cycles": [1, 2, 3],
        "iterations": [3, 6, 9],
        "kept": 0.0,
    }
    assert results == dict.fromkeys(NAMES, expected)


# In one process


def small(model=dense, **params):
    # No test here is about the engine; for this one, TensorFlow prepares a network faster.
    defaults = {"M": 2, "epochs": 2, "batch_size": 30, "random_state": 0, "engine": "keras"}
    return SnapshotEnsembleClassifier(model, **{**defaults, **params})


def through_pickle(clf):
    return pickle.loads(pickle.dumps(clf))


@pytest.fixture(scope="module")
def fitted(blobs):
    return small().fit(*blobs)


def file_size(clf, folder):
    path = folder / "clf.joblib"
    joblib.dump(clf, path)
    return path.stat().st_size


@pytest.mark.parametrize("optimizer", ["sgd", "adam"])
def test_a_file_is_the_weights_and_little_else(optimizer, blobs, tmp_path):
    X, y = blobs
    clf = SnapshotEnsembleClassifier(
        M=2,
        epochs=2,
        random_state=0,
        model__units=(400, 400),
        engine="keras",
        optimizer=optimizer,
        optimizer__momentum=0.9,
    )
    if optimizer == "adam":
        clf = clone(clf).set_params(alpha_zero=0.01)
        del clf.optimizer__momentum
    sizes = [file_size(clf.fit(X[:n], y[:n]), tmp_path) for n in (60, 90)]
    assert clf.snapshots_.nbytes > 1_200_000
    assert max(sizes) <= 1.05 * clf.snapshots_.nbytes + 64 * 1024
    assert abs(sizes[0] - sizes[1]) < 100
    clf.predict(X)
    assert abs(file_size(clf, tmp_path) - sizes[1]) < 100
    again = joblib.load(tmp_path / "clf.joblib")
    assert abs(file_size(again, tmp_path) - sizes[1]) < 100
    np.testing.assert_array_equal(again.learning_rates_, clf.learning_rates_)
    assert len(again.learning_rates_) == 6


class Watcher(keras.callbacks.Callback):
    """Keras gives it the model."""


def wide(meta):
    return dense(meta, units=2000)


@pytest.mark.parametrize("name", ["callbacks", "fit__callbacks"])
def test_callbacks_do_not_bring_the_model_along(name, blobs):
    clf = small(wide, **{name: [[Watcher()], Watcher()]}).fit(*blobs)
    watcher = clf.get_params()[name][1]
    assert watcher.model is clf.model_
    size = len(pickle.dumps(clf))
    assert size <= 1.05 * clf.snapshots_.nbytes + 16 * 1024
    assert watcher.model is clf.model_
    assert type(through_pickle(clf).get_params()[name][0][0]) is Watcher


@pytest.mark.parametrize("make_copy", [copy.copy, copy.deepcopy, through_pickle])
def test_copies_predict_the_same(make_copy, blobs, fitted):
    X, y = blobs
    double = make_copy(fitted)
    np.testing.assert_array_equal(double.predict_proba(X), fitted.predict_proba(X))
    assert double.get_params() == fitted.get_params()
    assert set(dir(double)) >= {name for name in dir(fitted) if name.endswith("_")}
    before = fitted.predict_proba(X)
    double.set_params(random_state=1).fit(X[::2], y[::2])
    np.testing.assert_array_equal(fitted.predict_proba(X), before)


@pytest.mark.parametrize("make_copy", [copy.deepcopy, through_pickle])
def test_weights_are_read_only_in_a_copy(make_copy, fitted):
    for snapshot in make_copy(fitted).snapshots_:
        for array in snapshot.weights:
            with pytest.raises(ValueError, match="read-only"):
                array[...] = 0


@pytest.mark.parametrize("make_copy", [copy.copy, copy.deepcopy, through_pickle])
def test_an_unfitted_estimator_keeps_its_parameters(make_copy, blobs):
    X, y = blobs
    weighting = np.array([0.3, 0.7])
    clf = small(
        lambda meta, units: dense(meta, units=units),
        model__units=5,
        weighting=weighting,
        class_weight={0: 1.0, 1: 2.0, 2: 1.0},
        random_state=np.random.RandomState(3),
    )
    double = make_copy(clf)
    assert list(double.get_params()) == list(clf.get_params())
    with pytest.raises(NotFittedError):
        double.predict(X)
    probas = [each.fit(X, y).predict_proba(X) for each in (clf, double)]
    np.testing.assert_array_equal(*probas)
    assert double.weights_.tolist() == [0.3, 0.7]


def test_a_prebuilt_model_keeps_weights_and_compilation(blobs):
    model = fixed()
    model.compile(keras.optimizers.SGD(0.1, momentum=0.7), "sparse_categorical_crossentropy")
    double = through_pickle(small(model))
    for mine, theirs in zip(model.get_weights(), double.model.get_weights(), strict=True):
        np.testing.assert_array_equal(mine, theirs)
    assert double.model.optimizer.get_config() == model.optimizer.get_config()
    assert double.model.loss == "sparse_categorical_crossentropy"


class Point(NamedTuple):
    """A tuple that takes two arguments."""

    x: int
    y: int


@pytest.mark.parametrize(
    "value", [("a", 1), [1, (2, 3)], {"x": (1, 2)}, Point(1, 2), OrderedDict(x=1)]
)
def test_parameters_of_the_builder_keep_their_type(value):
    clf = small(lambda meta, setting: dense(meta), model__setting=value)
    double = through_pickle(clf).get_params()["model__setting"]
    assert double == value
    assert type(double) is type(value)


def test_loading_touches_no_global_generator(blobs, fitted):
    X, _ = blobs
    stored = pickle.dumps(fitted)

    def draws(action):
        keras.utils.set_random_seed(3)
        generators = [
            random.random,
            np.random.random,
            lambda: float(tf.random.uniform([])),
            lambda: float(keras.random.normal([])),
        ]
        early = [draw() for draw in generators]
        action()
        return early, [draw() for draw in generators]

    assert draws(lambda: pickle.loads(stored)) == draws(lambda: None)
    assert draws(lambda: pickle.loads(stored).predict(X)) == draws(lambda: None)
    assert draws(lambda: pickle.loads(stored).model_.summary) == draws(lambda: None)


def test_a_loaded_ensemble_trains_on_as_the_original_does(blobs):
    """With an optimizer that remembers nothing: its state is not in the file."""
    X, y = blobs
    clf = small(optimizer="sgd", warm_start=True).fit(X, y)
    both = through_pickle(clf), clf
    for each in both:
        each.set_params(M=4, epochs=4).fit(X, y)
    loaded, original = (each.member_predict_proba(X) for each in both)
    np.testing.assert_array_equal(loaded, original)
    np.testing.assert_array_equal(both[0].learning_rates_, clf.learning_rates_)


def test_several_threads_may_ask_a_loaded_ensemble_first(blobs, fitted, monkeypatch):
    X, _ = blobs
    double = through_pickle(fitted)
    build, n_built = _fitted.model_from, []

    def slowly(architecture):
        n_built.append(1)
        time.sleep(0.1)
        return build(architecture)

    monkeypatch.setattr(_fitted, "model_from", slowly)
    with ThreadPoolExecutor(4) as pool:
        probas = list(pool.map(lambda _: double.predict_proba(X), range(8)))
    assert n_built == [1]
    for proba in probas:
        np.testing.assert_array_equal(proba, fitted.predict_proba(X))


class WithoutConfig(keras.Model):
    """Says that it cannot be configured."""

    def __init__(self, activation="relu"):
        super().__init__()
        self.hidden = keras.layers.Dense(5, activation=activation)
        self.out = keras.layers.Dense(3, activation="softmax")

    def call(self, x):
        return self.out(self.hidden(x))

    def get_config(self):
        raise NotImplementedError


class WithDefaults(WithoutConfig):
    """Keras writes the default of activation into its configuration, whatever was given."""

    def __init__(self, activation="relu", **kwargs):
        super().__init__(activation)

    def get_config(self):
        return keras.Model.get_config(self)


@pytest.mark.parametrize("cls", [WithoutConfig, WithDefaults])
def test_a_prebuilt_model_that_cannot_be_copied_is_refused(cls, blobs):
    X, y = blobs
    model = cls(activation="tanh")
    model(X[:2])
    with pytest.raises((NotImplementedError, TypeError, ValueError)) as caught:
        small(model).fit(X, y)
    assert "give the model's class a get_config" in " ".join(
        [str(caught.value), *getattr(caught.value, "__notes__", [])]
    )
    with pytest.raises(pickle.PicklingError, match="give it a get_config with all"):
        pickle.dumps(small(model))


@pytest.mark.parametrize("registered", [False, True], ids=["plain", "registered"])
def test_a_model_with_a_layer_and_a_function_of_the_notebook(blobs, registered, monkeypatch):
    register = keras.saving.register_keras_serializable("tests") if registered else lambda x: x
    name = "tests>Doubled" if registered else "Doubled"

    @register
    class Doubled(keras.layers.Layer):
        def call(self, x):
            return 2 * x

    @register
    def squared(x):
        return keras.ops.square(x)

    assert keras.saving.get_registered_name(Doubled) == name
    model = keras.Sequential(
        [
            keras.Input((4,)),
            Doubled(),
            keras.layers.Dense(8, activation=squared),
            keras.layers.Dense(3, activation="softmax"),
        ]
    )
    clf = small(model, alpha_zero=0.001).fit(*blobs)
    expected, written = clf.predict_proba(blobs[0]), pickle.dumps(clf)
    if registered:  # elsewhere nobody has registered them
        for kind in ("Doubled", "squared"):
            monkeypatch.delitem(keras.saving.get_custom_objects(), f"tests>{kind}")
    loaded = pickle.loads(written)
    np.testing.assert_allclose(loaded.predict_proba(blobs[0]), expected, atol=1e-6)
