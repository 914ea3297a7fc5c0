"""The ensemble as one Keras model, here and where skensemble is not installed."""

import functools
import random
import subprocess
import sys

import keras
import numpy as np
import pytest
import tensorflow as tf
from scipy.special import expit, softmax

from builders import Subclassed, dense, fixed, relu
from skensemble import Snapshot, SnapshotBank, SnapshotEnsembleClassifier
from skensemble.backends import seeded
from skensemble.networks._copying import set_weights
from skensemble.networks._export import ensemble_model
from skensemble.tasks import OutputLayer

WEIGHTS = [0.2, 0, 0.8]


def logits():
    return fixed(activation=None)


def sigmoid():
    return fixed(n_outputs=1, activation="sigmoid")


def sigmoid_logits():
    return fixed(n_outputs=1, activation=None)


def convolutional():
    return keras.Sequential(
        [
            keras.Input((4, 4, 1)),
            keras.layers.Conv2D(4, 3, padding="same", use_bias=False),
            keras.layers.BatchNormalization(),
            keras.layers.ReLU(),
            keras.layers.Dropout(0.5),
            keras.layers.GlobalAveragePooling2D(),
            keras.layers.Dense(3, activation="softmax"),
        ]
    )


def normalizing():
    adapted = keras.layers.Normalization()
    adapted.adapt(np.random.default_rng(0).normal(2, 3, (50, 4)))
    layers = [adapted, keras.layers.GaussianNoise(0.5), keras.layers.Dense(3, activation="softmax")]
    return keras.Sequential([keras.Input((4,)), *layers])


def of_integers():
    return keras.Sequential(
        [
            keras.Input((4,), dtype="int32"),
            keras.layers.Embedding(10, 4, mask_zero=True),
            keras.layers.LSTM(5),
            keras.layers.Dense(3, activation="softmax"),
        ]
    )


def half_precision():
    policy = "mixed_float16"
    return keras.Sequential(
        [
            keras.Input((4,)),
            keras.layers.Dense(8, activation="relu", dtype=policy),
            keras.layers.BatchNormalization(dtype=policy),
            keras.layers.Dense(3, activation="softmax", dtype=policy),
        ]
    )


def double_precision():
    inputs = keras.Input((4,), dtype="float64")
    return keras.Model(inputs, keras.layers.Dense(3, activation="softmax", dtype="float64")(inputs))


def roughly_normalized():
    """Rows sum to 1.005, and predict_proba puts that right."""
    network = fixed()
    network.add(keras.layers.Rescaling(1.005))
    return network


def without_input():
    return keras.Sequential([keras.layers.Dense(3, activation="softmax")])


class OwnTraining(keras.Sequential):
    """Trains in its own way, and predicts as Sequential does."""

    def train_step(self, data):
        return super().train_step(data)


def own_training():
    return OwnTraining([keras.Input((4,)), keras.layers.Dense(3, activation="softmax")])


class Counting(keras.Sequential):
    """Has a weight that leads from no input to no output."""

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.count = self.add_weight(shape=(), name="count", trainable=False)


def counting():
    return Counting([keras.Input((4,)), keras.layers.Dense(3, activation="softmax")])


def with_lambda():
    """Its configuration is code without the name of what the code calls."""
    layers = [keras.layers.Lambda(lambda x: relu(x)), keras.layers.Dense(3, activation="softmax")]
    return keras.Sequential([keras.Input((4,)), *layers])


# Those made of nothing but Keras' own layers.
PLAIN = {
    "softmax": fixed,
    "logits": logits,
    "sigmoid": sigmoid,
    "sigmoid_logits": sigmoid_logits,
    "convolutional": convolutional,
    "normalizing": normalizing,
    "of_integers": of_integers,
    "half_precision": half_precision,
    "double_precision": double_precision,
    "roughly_normalized": roughly_normalized,
    "without_input": without_input,
    "own_training": own_training,
}
NETWORKS = {**PLAIN, "subclassed": Subclassed, "counting": counting, "lambda": with_lambda}


class Case:
    """A network with a bank of three snapshots, all different, and their ensemble by hand."""

    def __init__(self, name):
        from_logits = name.endswith("logits")
        n_units = 1 if name.startswith("sigmoid") else 3
        rng = np.random.default_rng(0)
        shape = (40, 4, 4, 1) if name == "convolutional" else (40, 4)
        self.X = rng.normal(size=shape).astype("float32")
        if name == "of_integers":
            self.X = rng.integers(10, size=shape, dtype="int32")
        with seeded(0):
            self.network = NETWORKS[name]()
        self.network(self.X[:32])
        self.output_layer = OutputLayer(max(n_units, 2), n_units, from_logits)
        first = self.network.get_weights()
        weights = [
            [(array * rng.uniform(0.3, 3, array.shape)).astype(array.dtype) for array in first]
            for _ in WEIGHTS
        ]
        paths = [weight.path for weight in self.network.weights]
        self.bank = SnapshotBank([Snapshot(arrays, 1, 1) for arrays in weights], paths)

    def ensemble(self, weights=WEIGHTS):
        return ensemble_model(self.network, self.output_layer, self.bank, weights)

    def expected(self, weights=WEIGHTS):
        members = [self.probabilities(snapshot.weights) for snapshot in self.bank]
        return np.average(members, axis=0, weights=weights)

    def probabilities(self, weights):
        set_weights(self.network, weights)
        outputs = self.network(self.X).numpy().astype(float)
        if self.output_layer.n_units == 1:
            positive = expit(outputs) if self.output_layer.from_logits else outputs
            return np.hstack([1 - positive, positive])
        if self.output_layer.from_logits:
            return softmax(outputs, axis=1)
        return outputs / outputs.sum(axis=1, keepdims=True)


case = functools.cache(Case)


def close(found, expected, atol=1e-6, **kwargs):
    np.testing.assert_allclose(found, expected, rtol=0, atol=atol, **kwargs)


# What it computes


@pytest.mark.parametrize("name", NETWORKS)
def test_is_the_weighted_mean_of_the_networks(name):
    model = case(name).ensemble()
    proba = model(case(name).X).numpy()
    close(proba, case(name).expected())
    assert abs(proba - case(name).expected([1, 1, 1])).max() > 1e-3
    assert proba.dtype == ("float64" if name == "double_precision" else "float32")
    assert (proba >= 0).all()
    assert (proba <= 1).all()
    assert model.input_shape == (None, *case(name).X.shape[1:])


def one_logit(meta):
    network = fixed(meta["n_features_in_"], 1, None)
    network.compile("sgd", keras.losses.BinaryCrossentropy(from_logits=True))
    return network


def images(meta):
    layers = convolutional().layers
    return keras.Sequential([keras.Input((4,)), keras.layers.Reshape((2, 2, 1)), *layers])


@pytest.mark.filterwarnings("ignore:Cycle:sklearn.exceptions.ConvergenceWarning")
@pytest.mark.filterwarnings("ignore::skensemble.exceptions.LearningRateWarning")
@pytest.mark.parametrize(("build", "n_classes"), [(dense, 3), (one_logit, 2), (images, 3)])
def test_predicts_what_the_classifier_predicts(blobs, build, n_classes):
    X, y = (array[blobs[1] < n_classes] for array in blobs)
    clf = SnapshotEnsembleClassifier(build, M=3, epochs=3, weighting=WEIGHTS, random_state=0)
    clf.fit(X, y)
    proba = clf.to_keras().predict(X, verbose=0)
    close(proba, clf.predict_proba(X))
    assert abs(proba - clf.member_predict_proba(X)).max() > 1e-3


@pytest.mark.parametrize("name", PLAIN)
def test_is_made_of_layers_of_keras(name):
    layers = case(name).ensemble()._flatten_layers()
    assert {type(layer).__module__.split(".")[0] for layer in layers} == {"keras"}


def test_snapshots_of_weight_zero_leave_no_trace():
    model = case("softmax").ensemble()
    assert [layer.name for layer in model.layers] == [
        "rows",
        "snapshot_1",
        "snapshot_3",
        "weight_1",
        "weight_3",
        "weighted_mean",
        "probabilities",
    ]
    assert model.count_params() == 2 * case("softmax").network.count_params()


@pytest.mark.parametrize("name", ["softmax", "sigmoid_logits", "half_precision"])
def test_one_snapshot_is_an_ensemble(name):
    model = case(name).ensemble([0, 5, 0])
    close(model(case(name).X).numpy(), case(name).expected([0, 1, 0]))
    assert model.count_params() == case(name).network.count_params()


def test_no_snapshot_is_none():
    with pytest.raises(ValueError, match="^There is no member to combine.$"):
        case("softmax").ensemble([0, 0, 0])


def test_does_not_exceed_one():
    # Rounded to float32, these weights sum to more than 1.
    weights = np.array([2, 4, 1]) / 7
    a, b, c = np.float32(weights)
    assert (a + b) + c > 1
    proba = case("softmax").ensemble(weights)(1e4 * case("softmax").X).numpy()
    assert proba.max() == 1


# What it leaves alone


def test_the_network_is_as_it_was():
    network, X = case("convolutional").network, case("convolutional").X
    weights, outputs = network.get_weights(), network(X).numpy()
    names = network.name, [layer.name for layer in network.layers]
    model = case("convolutional").ensemble()
    model.set_weights([np.zeros_like(weight) for weight in model.get_weights()])
    for mine, theirs in zip(weights, network.get_weights(), strict=True):
        np.testing.assert_array_equal(mine, theirs)
    np.testing.assert_array_equal(network(X).numpy(), outputs)
    assert (network.name, [layer.name for layer in network.layers]) == names
    assert not network.compiled


def draws():
    return [
        random.random(),
        np.random.random(),  # noqa: NPY002
        float(tf.random.uniform([])),
        float(keras.random.normal([])),
        keras.random.SeedGenerator().get_config()["seed"],
    ]


def test_draws_from_no_global_generator():
    case("convolutional")
    keras.utils.set_random_seed(7)
    expected = draws()
    keras.utils.set_random_seed(7)
    case("convolutional").ensemble()
    assert draws() == expected


def test_later_layers_have_the_names_that_they_would_have():
    case("sigmoid_logits")
    classes = ["dense", "activation", "rescaling", "concatenate", "add", "re_lu", "functional"]
    before = [keras.backend.get_uid(name) for name in classes]
    case("sigmoid_logits").ensemble()
    assert [keras.backend.get_uid(name) for name in classes] == [n + 1 for n in before]


@pytest.mark.parametrize("build", [fixed, own_training, Subclassed])
def test_nothing_of_the_training_is_in_it(build):
    network = build()
    network.compile("adam", "sparse_categorical_crossentropy")
    network(np.zeros((4, 4)))
    bank = SnapshotBank([Snapshot(network.get_weights(), 1, 1)], ["?"] * len(network.weights))
    model = ensemble_model(network, OutputLayer(3, 3, False), bank, [1])
    assert not model.compiled
    assert "optimizer" not in model.to_json()
    assert model.count_params() == network.count_params()


class Incomplete(keras.Model):
    """Its configuration says nothing of its width, so that a copy has another."""

    def __init__(self, units=2):
        super().__init__()
        self.hidden = keras.layers.Dense(units)
        self.out = keras.layers.Dense(3, activation="softmax")

    def get_config(self):
        return {}

    def call(self, x):
        return self.out(self.hidden(x))


def test_a_network_that_cannot_be_copied():
    network = Incomplete(5)
    network(np.zeros((2, 4)))
    bank = SnapshotBank([Snapshot(network.get_weights(), 1, 1)], ["?"] * len(network.weights))
    with pytest.raises(ValueError) as caught:
        ensemble_model(network, OutputLayer(3, 3, False), bank, [1])
    assert str(caught.value) == (
        "model must be a network that Keras can build again from its configuration, got one of "
        "class Incomplete, of which a copy differs instead: give the class a get_config with all "
        "that its constructor needs."
    )


# Files

SERVE = """
import pathlib, sys

class Blocked:
    def find_spec(self, name, path=None, target=None):
        if name.split(".")[0] == "skensemble":
            raise ImportError(f"{name} is not installed here")

sys.meta_path.insert(0, Blocked())

import keras
import numpy as np
import tensorflow as tf

for folder in pathlib.Path(sys.argv[1]).iterdir():
    X = np.load(folder / "X.npy")
    if (folder / "model.keras").exists():
        model = keras.saving.load_model(folder / "model.keras")
        np.save(folder / "keras.npy", model(X).numpy())
    served = tf.saved_model.load(folder / "saved")
    np.save(folder / "saved.npy", served.serve(X).numpy())
    np.save(folder / "one.npy", served.serve(X[:1]).numpy())
assert not any(name.split(".")[0] == "skensemble" for name in sys.modules)
try:
    import skensemble
except ImportError:
    print("done, without skensemble")
"""


def test_is_served_where_skensemble_is_not_installed(tmp_path):
    names = ["logits", "sigmoid", "convolutional", "subclassed"]
    for name in names:
        model = case(name).ensemble()
        (tmp_path / name).mkdir()
        np.save(tmp_path / name / "X.npy", case(name).X)
        model.export(tmp_path / name / "saved", verbose=False)
        if name in PLAIN:
            model.save(tmp_path / name / "model.keras")
    done = subprocess.run(
        [sys.executable, "-c", SERVE, str(tmp_path)], capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.endswith("done, without skensemble\n")
    for name in names:
        expected = case(name).expected()
        for file in ["saved"] + ["keras"] * (name in PLAIN):
            close(np.load(tmp_path / name / f"{file}.npy"), expected, err_msg=f"{name} {file}")
        close(np.load(tmp_path / name / "one.npy"), expected[:1], err_msg=name)


@pytest.mark.parametrize(
    "name", ["of_integers", "normalizing", "half_precision", "without_input", "subclassed"]
)
def test_comes_back_from_a_file(tmp_path, name):
    case(name).ensemble().save(tmp_path / "model.keras")
    model = keras.saving.load_model(tmp_path / "model.keras")
    close(model(case(name).X).numpy(), case(name).expected())


@pytest.mark.parametrize(
    "name", ["softmax", "logits", "sigmoid", "sigmoid_logits", "convolutional", "normalizing"]
)
# Keras asks NumPy for a name that it no longer has.
@pytest.mark.filterwarnings("ignore:In the future `np.object` will be:FutureWarning:keras")
def test_onnx(tmp_path, name):
    pytest.importorskip("tf2onnx")
    onnxruntime = pytest.importorskip("onnxruntime")
    X = case(name).X
    case(name).ensemble().export(tmp_path / "model.onnx", format="onnx", verbose=False)
    session = onnxruntime.InferenceSession(tmp_path / "model.onnx")
    (rows,) = session.get_inputs()
    assert (rows.name, rows.shape[1:]) == ("rows", list(X.shape[1:]))
    for n in (1, 7, len(X)):
        (proba,) = session.run(None, {"rows": X[:n]})
        close(proba, case(name).expected()[:n], atol=1e-5)


@pytest.mark.filterwarnings("ignore:In the future `np.object` will be:FutureWarning:keras")
def test_onnx_is_as_near_to_float64_as_keras_is(tmp_path):
    """Raw pixels make logits of a hundred, of which float32 keeps few decimals in any order."""
    pytest.importorskip("tf2onnx")
    onnxruntime = pytest.importorskip("onnxruntime")
    layers = [keras.layers.Dense(64, "relu"), keras.layers.Dense(10, "softmax")]
    with seeded(0):
        network = keras.Sequential([keras.Input((3072,)), *layers])
    paths = [weight.path for weight in network.weights]
    bank = SnapshotBank([Snapshot(network.get_weights(), 1, 1)], paths)
    model = ensemble_model(network, OutputLayer(10, 10, False), bank, [1.0])
    X = np.random.default_rng(0).uniform(0, 255, (200, 3072)).astype("float32")
    kernel, bias, last_kernel, last_bias = (a.astype(float) for a in network.get_weights())
    exact = softmax(np.maximum(X @ kernel + bias, 0) @ last_kernel + last_bias, axis=1)
    model.export(tmp_path / "model.onnx", format="onnx", verbose=False)
    session = onnxruntime.InferenceSession(tmp_path / "model.onnx")
    (proba,) = session.run(None, {"rows": X})
    by_keras, by_onnx = abs(model(X).numpy() - exact).max(), abs(proba - exact).max()
    assert by_keras > 1e-6
    assert by_onnx < 5 * by_keras
