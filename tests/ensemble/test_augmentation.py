"""augmentation=: what training batches go through, and nothing else."""

import pickle

import keras
import numpy as np
import pytest
import tensorflow as tf
from sklearn.base import clone

from skensemble import SnapshotEnsembleClassifier, program_cache
from skensemble.augmentation import standard_augmentation
from skensemble.backends import seeded

# A few epochs need not get anywhere.
pytestmark = pytest.mark.filterwarnings("ignore:Cycle:sklearn.exceptions.ConvergenceWarning")


@pytest.fixture(scope="module")
def images():
    """Three classes, a colour each, on the left: uint8 (90, 6, 6, 3) and int labels."""
    rng = np.random.default_rng(0)
    y = np.repeat(np.arange(3), 30)
    X = rng.integers(0, 150, size=(90, 6, 6, 3), dtype=np.uint8)
    X[np.arange(90), :, :3, y] += 80
    return X, y


def network(meta):
    inputs = keras.Input(meta["X_shape_"][1:])
    x = keras.layers.Flatten()(keras.layers.Rescaling(1 / 255)(inputs))
    return keras.Model(inputs, keras.layers.Dense(3, activation="softmax")(x))


def classifier(augmentation, model=network, **params):
    settings = {"M": 2, "epochs": 4, "batch_size": 20, "random_state": 0, **params}
    return SnapshotEnsembleClassifier(model, augmentation=augmentation, **settings)


def flips_and_shifts(seed=None):
    with seeded(1):
        return keras.Sequential(
            [
                keras.layers.RandomFlip("horizontal", seed=seed),
                keras.layers.RandomTranslation(0.2, 0.2, seed=seed),
            ]
        )


class RecordRows(keras.layers.Layer):
    """Notes how often each row came by, told apart by its first pixel, in training or not."""

    def __init__(self, **kwargs):
        super().__init__(**kwargs)
        self.seen = {True: [], False: []}

    def call(self, x, training=False):
        seen = self.seen[bool(training)]
        note = tf.numpy_function(lambda rows: (seen.append(rows), np.int32(0))[1], [x], tf.int32)
        with tf.control_dependencies([note]):
            return tf.identity(x)


@pytest.mark.parametrize("engine", ["fused", "keras"])
def test_network_sees_augmented_rows_in_training_only(images, engine):
    X, y = images
    recorder = RecordRows()

    def recording(meta):
        inputs = keras.Input(meta["X_shape_"][1:])
        x = keras.layers.Flatten()(recorder(inputs))
        x = keras.layers.Rescaling(1 / 255)(x)
        return keras.Model(inputs, keras.layers.Dense(3, activation="softmax")(x))

    clf = classifier(lambda rows: 255 - rows, recording, engine=engine, epochs=2, M=1)
    clf.fit(X, y, X_val=X[::9], y_val=y[::9], validation_split=0.1)
    clf.predict(X[:5])
    trained = np.concatenate(recorder.seen[True])
    assert len(trained) == 2 * 81  # two epochs of the rows that are not monitored
    inverted = {row.tobytes() for row in (255 - X[:81]).astype(np.float32)}
    assert {row.tobytes() for row in trained} == inverted
    plain = {row.tobytes() for row in X.astype(np.float32)}
    assert {row.tobytes() for row in np.concatenate(recorder.seen[False])} <= plain


def test_engines_draw_the_same(images):
    X, y = images
    fused, by_keras = (
        classifier(flips_and_shifts(), engine=engine).fit(X, y) for engine in ("fused", "keras")
    )
    np.testing.assert_allclose(fused.history_["loss"], by_keras.history_["loss"], rtol=1e-5)
    np.testing.assert_allclose(fused.predict_proba(X), by_keras.predict_proba(X), atol=1e-5)
    plain = classifier(None).fit(X, y)
    assert not np.allclose(fused.history_["loss"], plain.history_["loss"], rtol=1e-3)


def test_every_row_of_every_batch_is_drawn_anew(images):
    X, y = images
    seen = []

    @keras.saving.register_keras_serializable("tests")
    class Shift(keras.layers.Layer):
        def __init__(self, **kwargs):
            super().__init__(**kwargs)
            self.generator = keras.random.SeedGenerator(None)

        def get_config(self):
            return super().get_config()

        def call(self, x, training=False):
            if not training:
                return x
            shift = keras.random.uniform((keras.ops.shape(x)[0],), seed=self.generator)
            tf.numpy_function(lambda s: (seen.append(s), np.int32(0))[1], [shift], tf.int32)
            return keras.ops.cast(x, "float32") + shift[:, None, None, None]

    with seeded(0):
        layer = Shift()
    first = classifier(layer, engine="fused").fit(X, y)
    draws = [np.concatenate(seen)]
    assert len(draws[0]) == 2 + 4 * 81  # the trial, and the rows of every epoch
    assert len(np.unique(draws[0][2:])) == 4 * 81
    seen.clear()
    again = classifier(layer, engine="fused").fit(X, y)
    np.testing.assert_array_equal(np.concatenate(seen), draws[0])
    np.testing.assert_array_equal(first.predict_proba(X), again.predict_proba(X))
    seen.clear()
    classifier(layer, engine="fused", random_state=1).fit(X, y)
    assert not np.isin(np.concatenate(seen), draws[0]).any()


def test_seed_of_a_layer_is_kept(images):
    X, y = images
    by_state = [
        classifier(flips_and_shifts(seed), random_state=3, engine=engine).fit(X, y).history_["loss"]
        for seed, engine in ((5, "fused"), (5, "keras"), (6, "fused"))
    ]
    np.testing.assert_allclose(by_state[0], by_state[1], rtol=1e-5)
    assert not np.allclose(by_state[0], by_state[2], rtol=1e-3)


def test_fits_share_one_program(images):
    X, y = images
    program_cache.clear()
    first = classifier(flips_and_shifts(), engine="fused").fit(X, y)
    n_programs = program_cache.info().misses
    again = classifier(flips_and_shifts(), engine="fused").fit(X, y)
    other = classifier(flips_and_shifts(), engine="fused", alpha_zero=0.05).fit(X, y)
    assert program_cache.info().misses == n_programs
    np.testing.assert_array_equal(first.predict_proba(X), again.predict_proba(X))
    assert not np.allclose(first.predict_proba(X), other.predict_proba(X))
    without = classifier(None, engine="fused").fit(X, y)
    assert program_cache.info().misses > n_programs
    assert without.history_["loss"] != first.history_["loss"]
    program_cache.clear()
    fresh = classifier(flips_and_shifts(), engine="fused").fit(X, y)
    np.testing.assert_array_equal(first.predict_proba(X), fresh.predict_proba(X))


@pytest.mark.parametrize("engine", ["fused", "keras"])
def test_callers_layer_and_model_stay_as_they_were(images, engine):
    X, y = images
    layer = flips_and_shifts()
    layer(X[:2].astype("float32"), training=False)
    before = [variable.numpy() for variable in layer.variables]
    assert len(before) == 2  # the states of two generators
    clf = classifier(layer, engine=engine).fit(X, y)
    for variable, value in zip(layer.variables, before, strict=True):
        np.testing.assert_array_equal(variable.numpy(), value)
    assert clf.augmentation is layer
    assert "train_step" not in vars(clf.model_)
    names = [type(layer).__name__ for layer in clf.model_.layers]
    assert names == ["InputLayer", "Rescaling", "Flatten", "Dense"]


def test_says_what_it_costs_xla(images):
    X, y = images
    flat = X.reshape(90, -1).astype("float32") / 255
    noise = keras.layers.GaussianNoise(0.1, seed=0)
    assert classifier(None, None).fit(flat, y).engine_details_["xla"]
    details = classifier(noise, None).fit(flat, y).engine_details_
    assert (details["xla"], details["xla_reason"]) == (False, "every batch is augmented")


def test_with_xla_where_it_is_asked_for(images):
    X, y = images

    def compiled(meta):
        model = network(meta)
        model.compile("sgd", "sparse_categorical_crossentropy", jit_compile=True)
        return model

    settings = {"alpha_zero": 0.01, "engine": "fused"}  # the rate that "sgd" has
    clf = classifier(flips_and_shifts(), compiled, **settings).fit(X, y)
    assert clf.engine_details_["xla"]
    plain = classifier(flips_and_shifts(), optimizer="sgd", **settings).fit(X, y)
    np.testing.assert_allclose(clf.history_["loss"], plain.history_["loss"], rtol=1e-4)


def test_clone_and_pickle(images):
    X, y = images
    layer = keras.layers.RandomFlip("horizontal", seed=4)
    for augmentation in (layer, flips_and_shifts(), lambda rows: rows):
        clf = classifier(augmentation, epochs=2, M=1, engine="fused")
        assert clone(clf).augmentation is augmentation or callable(clone(clf).augmentation)
        loaded = pickle.loads(pickle.dumps(clf.fit(X, y)))
        np.testing.assert_array_equal(loaded.predict_proba(X), clf.predict_proba(X))
        np.testing.assert_array_equal(loaded.fit(X, y).predict_proba(X), clf.predict_proba(X))


def test_more_cycles_and_refit(images):
    X, y = images
    clf = classifier(flips_and_shifts(), warm_start=True).fit(X, y)
    before = clf.history_["loss"]
    clf.set_params(M=3, epochs=6).fit(X, y)
    assert clf.history_["loss"][:4] == before
    assert len(clf.snapshots_) == 3
    refitted = classifier(flips_and_shifts(), refit=True).fit(X, y)
    assert refitted.score(X, y) > 0.8


def test_rows_of_numbers(digits):
    X, y = digits
    noise = keras.layers.GaussianNoise(0.1, seed=0)
    clf = classifier(noise, None, epochs=8).fit(X[:300], y[:300])
    assert clf.score(X[300:600], y[300:600]) > 0.7


class Unmakeable(keras.layers.Layer):
    """Has no configuration of its own."""

    def __init__(self, how, **kwargs):
        super().__init__(**kwargs)

    def call(self, x, training=False):
        return x


MUST = "augmentation must be a Keras layer or model, a function of a batch of rows, or None, got "


@pytest.mark.parametrize(
    ("augmentation", "error", "message"),
    [
        (
            "flip",
            TypeError,
            MUST + "'flip' instead: pass the layer itself, as in "
            "keras.layers.RandomFlip('horizontal').",
        ),
        (
            dict,
            TypeError,
            MUST + "<class 'dict'> instead: pass the layer itself, as in "
            "keras.layers.RandomFlip('horizontal').",
        ),
        (
            keras.layers.Rescaling(2.0, name="twice"),
            ValueError,
            "augmentation must be a layer that leaves rows as they are in prediction "
            "(training=False), got 'twice' instead: what prediction needs too, such as "
            "Normalization or Rescaling, belongs to the network; a layer that does not know of "
            "training is passed as a function, as in lambda X: layer(X).",
        ),
        (
            keras.layers.Resizing(3, 3),
            ValueError,
            "the result of augmentation must be of the shape that its rows had, (n, 6, 6, 3), got "
            "(n, 3, 3, 3) instead: a change of size, such as Resizing, belongs to the network.",
        ),
        (
            lambda rows: rows[:, 1:],
            ValueError,
            "the result of augmentation must be of the shape that its rows had, (n, 6, 6, 3), got "
            "(n, 5, 6, 3) instead: a change of size, such as Resizing, belongs to the network.",
        ),
        (
            keras.Sequential([keras.layers.RandomFlip(seed=0), keras.layers.MixUp(seed=0)]),
            ValueError,
            "augmentation must be a layer that leaves labels as they are, got MixUp instead: it "
            "mixes rows, and the labels would have to be mixed with them.",
        ),
        (
            standard_augmentation(seed=0),
            ValueError,
            "augmentation must be made for rows of shape (6, 6, 3), got a model for (32, 32, None) "
            "instead: image_size= of standard_augmentation, and input_size= of recipes.make, say "
            "which.",
        ),
        (
            Unmakeable(object()),
            TypeError,
            "augmentation must be a layer that Keras can make again from its configuration, got "
            "Unmakeable, which raises NotImplementedError instead: give its class a get_config "
            "with all that its constructor needs, or pass a function, as in lambda X: layer(X, "
            "training=True).",
        ),
        (
            lambda rows: np.asarray(rows)[:, ::-1],
            TypeError,
            "augmentation must be a function that TensorFlow can make part of a graph, got one "
            "that raises NotImplementedError there instead: use keras.ops in place of NumPy and of "
            "Python's if, or set run_eagerly=True.",
        ),
        (
            lambda rows: None,
            TypeError,
            "the result of augmentation must be a tensor, got None instead: return the changed "
            "rows.",
        ),
    ],
    ids=[
        "name",
        "class",
        "rescaling",
        "resizing",
        "function",
        "mixing",
        "other size",
        "no configuration",
        "NumPy",
        "nothing",
    ],
)
def test_refused(images, augmentation, error, message):
    clf = classifier(augmentation)
    before = dict(vars(clf))
    with pytest.raises(error) as caught:
        clf.fit(*images)
    assert str(caught.value) == message
    assert vars(clf) == before


def test_numpy_where_nothing_is_traced(images):
    clf = classifier(lambda rows: np.asarray(rows)[:, ::-1], run_eagerly=True, epochs=2)
    assert clf.fit(*images).engine_ == "keras"


def test_black_images_first(images):
    X, y = images
    X = np.concatenate([np.zeros_like(X[:3]), X])
    with pytest.raises(ValueError, match="leaves rows as they are in prediction"):
        classifier(keras.layers.Rescaling(2.0), shuffle=False).fit(X, np.append([0, 1, 2], y))


@pytest.mark.parametrize(
    "layer", [keras.layers.GaussianNoise(0.5, seed=0), keras.layers.RandomContrast(0.5, seed=0)]
)
def test_layers_that_take_floats_only(images, layer):
    assert classifier(layer, epochs=2).fit(*images).engine_ == "fused"


def test_errors_of_a_function_say_where_they_come_from(images):
    def fails(rows):
        raise KeyError("mine")

    with pytest.raises(KeyError, match="mine") as caught:
        classifier(fails).fit(*images)
    assert caught.value.__notes__ == [
        "raised when the first rows of X, of shape (2, 6, 6, 3) and dtype uint8, were run through "
        "augmentation"
    ]


def test_global_generators_are_left_alone(images):
    import random

    layer = flips_and_shifts()
    before = random.getstate(), np.random.get_state()[1].tolist()  # noqa: NPY002
    classifier(layer).fit(*images)
    assert (random.getstate(), np.random.get_state()[1].tolist()) == before  # noqa: NPY002
