"""Each repair of scikeras, beside the flaw that it repairs."""

import os
import re

import keras
import numpy as np
import pytest
from scikeras.wrappers import BaseWrapper, KerasClassifier
from scipy.sparse import csr_matrix
from sklearn.base import clone, is_classifier
from sklearn.exceptions import NotFittedError
from sklearn.utils import get_tags
from tensorflow.python.framework.config import is_op_determinism_enabled

from builders import dense, fixed
from skensemble import SnapshotEnsembleClassifier

# Two epochs need not get anywhere.
pytestmark = [
    pytest.mark.filterwarnings("ignore:Cycle:sklearn.exceptions.ConvergenceWarning"),
    pytest.mark.filterwarnings("ignore::skensemble.exceptions.LearningRateWarning"),
]

LOSS = "sparse_categorical_crossentropy"


def plain(model=dense, **params):
    """What scikeras makes of the same network."""
    defaults = {"loss": LOSS, "epochs": 1, "batch_size": 30, "verbose": 0}
    return KerasClassifier(model, **{**defaults, **params})


def small(model=dense, **params):
    # No test here is about the engine; for this one, TensorFlow prepares a network faster.
    defaults = {"M": 2, "epochs": 2, "batch_size": 30, "random_state": 0, "engine": "keras"}
    return SnapshotEnsembleClassifier(model, **{**defaults, **params})


@pytest.fixture(scope="module")
def fitted(blobs):
    return small().fit(*blobs)


@pytest.fixture(scope="module")
def fitted_by_scikeras(blobs):
    return plain().fit(*blobs)


# Tags and types


def test_sklearn_tags():
    repaired = get_tags(small())
    assert repaired.estimator_type == "classifier"
    assert repaired.classifier_tags.multi_class
    assert repaired.target_tags.required
    assert repaired.input_tags.sparse
    assert repaired.input_tags.three_d_array
    assert repaired.input_tags.two_d_array
    assert is_classifier(small())


def test_classes_of_scikeras_are_left_alone():
    assert not issubclass(SnapshotEnsembleClassifier, KerasClassifier)
    assert "__sklearn_tags__" not in vars(BaseWrapper)


def test_images_and_sparse_rows_are_taken(blobs, fitted):
    X, y = blobs
    from_sparse = small().fit(csr_matrix(X), y)
    np.testing.assert_array_equal(from_sparse.predict_proba(X), fitted.predict_proba(X))
    np.testing.assert_array_equal(from_sparse.predict_proba(csr_matrix(X)), fitted.predict_proba(X))

    def flat(meta):
        return keras.Sequential([keras.Input((2, 2)), keras.layers.Flatten(), *dense(meta).layers])

    images = small(lambda meta: flat({**meta, "n_features_in_": 4})).fit(X.reshape(-1, 2, 2), y)
    assert images.predict_proba(X.reshape(-1, 2, 2)).shape == (90, 3)


# Parameters


def test_get_param_names():
    flawed, repaired = plain(), small(model__units=5)
    names = set(repaired.get_params())
    for clf in (flawed, repaired):
        clf.note = "an attribute"
    assert "note" in flawed.get_params()
    assert set(repaired.get_params()) == names
    assert "model__units" in names
    assert not hasattr(clone(repaired), "note")


def test_extra_param_names():
    clf = small(lambda meta, units: dense(meta, units), units=5).set_params(optimizer__momentum=0.5)
    extra = {"units": 5, "optimizer__momentum": 0.5}
    assert extra.items() <= clf.get_params().items()
    assert extra.items() <= clone(clf).get_params().items()


def test_repr():
    assert "build_fn=None" in repr(plain())
    assert repr(SnapshotEnsembleClassifier()) == "SnapshotEnsembleClassifier()"
    assert repr(SnapshotEnsembleClassifier(M=3, model__units=4)) == (
        "SnapshotEnsembleClassifier(M=3, model__units=4)"
    )


def test_sklearn_clone():
    class Undescribed(keras.Model):
        def __init__(self):
            super().__init__()
            self.out = keras.layers.Dense(3, activation="softmax")

        def call(self, x):
            return self.out(x)

        def get_config(self):
            raise NotImplementedError

    model = Undescribed()
    model(np.zeros((1, 4)))
    with pytest.raises(NotImplementedError):
        clone(plain(model))
    for registered in list(keras.saving.get_custom_objects()):
        if registered.endswith("Undescribed"):
            del keras.saving.get_custom_objects()[registered]
    assert clone(small(model)).model is model
    assert not any("Undescribed" in name for name in keras.saving.get_custom_objects())


# The builder


class Builder:
    def __call__(self, meta):
        return dense(meta)


def test_check_model_param_takes_any_callable(blobs, fitted):
    X, y = blobs
    with pytest.raises(TypeError, match="must be a callable"):
        plain(Builder()).fit(X, y)
    np.testing.assert_array_equal(
        small(Builder()).fit(X, y).predict_proba(X), fitted.predict_proba(X)
    )


def test_check_model_param_refuses_anything_else(blobs):
    message = (
        "model must be a function that builds a Keras model, a Keras model, or None, got 'dense' "
        "instead: pass the function itself, not its name."
    )
    with pytest.raises(TypeError, match=f"^{re.escape(message)}$"):
        small("dense").fit(*blobs)


def test_check_model_param_copies_a_model(blobs):
    X, y = blobs

    def prebuilt():
        keras.utils.set_random_seed(0)
        model = fixed()
        model.compile("sgd", LOSS)
        return model, [array.copy() for array in model.get_weights()]

    model, weights = prebuilt()
    flawed = plain(model, loss=None).fit(X, y)
    assert flawed.model_ is model
    assert abs(model.get_weights()[0] - weights[0]).max() > 1e-4

    model, weights = prebuilt()
    repaired = small(model).fit(X, y)
    assert repaired.model_ is not model
    for now, before in zip(model.get_weights(), weights, strict=True):
        np.testing.assert_array_equal(now, before)


def test_build_keras_model_names_the_builder_in_its_errors(blobs):
    def broken(meta):
        raise KeyError("units")

    with pytest.raises(KeyError, match="units") as caught:
        small(broken).fit(*blobs)
    assert caught.value.__notes__ == [f"raised while the network was built by model={broken!r}"]


def test_build_keras_model_refuses_what_is_no_model(blobs):
    message = "the result of the model builder must be a keras.Model, got None instead: return it."
    with pytest.raises(TypeError, match=f"^{re.escape(message)}$"):
        small(lambda meta: None).fit(*blobs)
    with pytest.raises(AttributeError):
        plain(lambda meta: None).fit(*blobs)


class Determinism(keras.callbacks.Callback):
    """Notes what scikeras does to the process while it trains."""

    def on_epoch_end(self, epoch, logs=None):
        self.seen = is_op_determinism_enabled(), os.environ.get("TF_DETERMINISTIC_OPS")


def test_build_keras_model_switches_op_determinism_not_on(blobs):
    X, y = blobs
    assert not is_op_determinism_enabled()
    seen = []
    for clf in (plain(random_state=0), small(random_state=0)):
        callback = Determinism()
        clf.set_params(callbacks=[callback]).fit(X, y)
        seen.append(callback.seen)
    assert seen == [(True, "1"), (False, None)]


def test_check_builder_parameters(blobs):
    X, y = blobs
    with pytest.raises(TypeError, match=r"^dense\(\) got an unexpected keyword argument 'nothing'"):
        plain(nothing=3).fit(X, y)
    message = (
        "parameter units must be one of the estimator or of its model builder, got 3 instead: "
        "leave it out."
    )
    with pytest.raises(TypeError, match=f"^{re.escape(message)}$"):
        small(lambda meta: dense(meta), units=3).fit(X, y)
    # What the builder knows, or may know, is no error.
    built = []

    def build(meta, units, **rest):
        built.append((units, rest["depth"]))
        return dense(meta, units)

    small(build, model__units=4, depth=2).fit(X, y)
    assert built == [(4, 2)]


# Compilation


def test_get_compile_kwargs_copies_optimizers_and_metrics(blobs):
    X, y = blobs
    objects = []
    for make in (plain, small):
        optimizer = keras.optimizers.SGD(0.1)
        metric = keras.metrics.SparseCategoricalAccuracy()
        make(optimizer=optimizer, metrics=[metric]).fit(X, y)
        objects.append((optimizer.built, float(metric.count.numpy()) > 0))
    assert objects == [(True, True), (False, False)]


def test_get_compile_kwargs_defaults_to_the_optimizer_of_the_paper(blobs):
    assert KerasClassifier().optimizer == "rmsprop"
    optimizer = small(alpha_zero=0.05).fit(*blobs).model_.optimizer
    assert type(optimizer) is keras.optimizers.SGD
    assert optimizer.momentum == 0.9
    assert optimizer.nesterov
    with_other = small(optimizer__momentum=0.5, alpha_zero=0.05).fit(*blobs).model_.optimizer
    assert with_other.momentum == 0.5
    assert with_other.nesterov


# Weights of rows


def test_weights_of_rows_leaves_sample_weight_alone(blobs):
    X, y = blobs
    class_weight = {0: 1.0, 1: 2.0, 2: 3.0}
    flawed, repaired = np.ones(90), np.ones(90)
    plain(class_weight=class_weight).fit(X, y, sample_weight=flawed)
    both = small(class_weight=class_weight).fit(X, y, sample_weight=repaired)
    assert sorted(set(flawed)) == [1.0, 2.0, 3.0]
    assert set(repaired) == {1.0}
    # The weights are the same ones.
    by_hand = small().fit(X, y, sample_weight=flawed)
    np.testing.assert_array_equal(both.predict_proba(X), by_hand.predict_proba(X))
    assert abs(by_hand.predict_proba(X) - small().fit(X, y).predict_proba(X)).max() > 1e-3


def test_weights_of_rows_are_those_of_the_labels(blobs):
    X, y = blobs
    words = np.array(["a", "b", "c"])[y]
    by_word = small(class_weight={"a": 1.0, "b": 2.0, "c": 3.0}).fit(X, words)
    by_number = small().fit(X, y, sample_weight=y + 1.0)
    np.testing.assert_array_equal(by_word.predict_proba(X), by_number.predict_proba(X))


def test_balanced_classes_with_a_holdout_that_lacks_one(blobs):
    X, y = blobs
    few = y < 2
    clf = small(class_weight="balanced", weighting="uniform").fit(X, y, X_val=X[few], y_val=y[few])
    assert clf.weights_.sum() == pytest.approx(1.0)
    # Three classes of 30: balanced weights are all 1.
    same = small(weighting="uniform").fit(X, y, X_val=X[few], y_val=y[few])
    np.testing.assert_array_equal(clf.predict_proba(X), same.predict_proba(X))


# Prediction and scores


def test_predict_proba_of_one_row(blobs, fitted, fitted_by_scikeras):
    X, _ = blobs
    np.testing.assert_allclose(
        fitted.predict_proba(X[:1]), fitted.predict_proba(X)[:1], rtol=0, atol=1e-6
    )
    assert fitted.predict(X[:1]).shape == (1,)
    assert fitted.predict_proba(X[:1]).shape == (1, 3)
    assert fitted.predict_proba(X[:1]).dtype == np.float64
    assert fitted_by_scikeras.predict_proba(X).dtype == np.float32


def test_predict_proba_of_one_row_of_a_sigmoid(binary):
    X, y = binary
    model = fixed(n_outputs=1, activation="sigmoid")
    flawed = plain(lambda: model, loss="binary_crossentropy", optimizer="sgd").fit(X, y)
    assert flawed.predict_proba(X[:1]).shape != (1, 2)
    repaired = small(lambda: fixed(n_outputs=1, activation="sigmoid"), epochs=10).fit(X, y)
    assert repaired.predict_proba(X[:1]).shape == (1, 2)


def test_score_of_longer_labels(blobs):
    X, y = blobs
    short = np.array(["a", "b", "c"])[y]
    longer = np.where(y == 0, "another", short)
    flawed, repaired = plain().fit(X, short), small(epochs=8).fit(X, short)
    with pytest.raises(ValueError, match="dtype"):
        flawed.score(X, longer)
    right = repaired.predict(X) == short
    assert right.mean() >= 0.9
    assert repaired.score(X, longer) == pytest.approx((right & (y != 0)).mean())
    weight = np.linspace(0, 1, 90)
    assert repaired.score(X, short, sample_weight=weight) == pytest.approx(
        (right * weight).sum() / weight.sum()
    )


def test_score_of_wider_integers(blobs):
    X, y = blobs
    flawed, repaired = plain().fit(X, y.astype(np.uint8)), small().fit(X, y.astype(np.uint8))
    with pytest.raises(ValueError, match="dtype"):
        flawed.score(X, y)
    assert repaired.score(X, y) == repaired.score(X, y.astype(np.uint8))


# Random states


def test_a_random_state_gives_the_seed_that_it_holds(blobs):
    X, y = blobs
    seeds = []
    for seed in (1, 2):
        flawed = plain(random_state=np.random.RandomState(seed))
        seeds.append(flawed.fit(X, y)._random_state)
    assert seeds == [0, 0]
    one, two = (
        small(random_state=np.random.RandomState(seed)).fit(X, y).predict_proba(X)
        for seed in (1, 2)
    )
    assert abs(one - two).max() > 1e-3


@pytest.mark.parametrize("random_state", [np.random, np.int64(3)])
def test_every_kind_of_random_state_is_taken(random_state, blobs):
    state = np.random.get_state()[1].tolist()  # noqa: NPY002
    assert small(random_state=random_state).fit(*blobs).weights_.shape == (2,)
    assert np.random.get_state()[1].tolist() == state  # noqa: NPY002


# What scikeras offers and an ensemble does not


def test_initialized(blobs, fitted):
    builds = []

    def build(meta):
        builds.append(1)
        return dense(meta)

    clf = small(build)
    assert clf.initialized_ is False
    assert builds == []
    assert fitted.initialized_ is True
    with pytest.raises(NotFittedError):
        clf.predict(blobs[0])


@pytest.mark.parametrize(
    ("name", "message"),
    [
        (
            "partial_fit",
            "A snapshot ensemble has no partial_fit: to train more cycles, set warm_start=True, "
            "raise M and epochs, and call fit again.",
        ),
        ("initialize", "A snapshot ensemble has no initialize: call fit."),
    ],
)
def test_methods_that_are_not_offered(name, message):
    assert hasattr(plain(), name)
    assert not hasattr(small(), name)
    with pytest.raises(AttributeError, match=f"^{re.escape(message)}$"):
        getattr(small(), name)
