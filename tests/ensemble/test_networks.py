"""Networks of every common kind, and the data they are fed with."""

import functools
import pickle

import keras
import numpy as np
import pandas as pd
import pytest
import scipy.sparse as sp
from sklearn.metrics import log_loss

from builders import Subclassed, dense, fixed
from skensemble import SnapshotEnsembleClassifier
from skensemble.backends import seeded
from skensemble.exceptions import LearningRateWarning

SETTINGS = {"M": 2, "epochs": 10, "random_state": 0, "alpha_zero": 0.1}


@pytest.fixture(autouse=True)
def same_weights_for_models_of_the_tests():
    """Models that a test builds itself start from the same weights every time."""
    keras.utils.set_random_seed(0)


with seeded(0):
    PREBUILT = fixed()


def fit(model, X, y, **params):
    return SnapshotEnsembleClassifier(model, **{**SETTINGS, **params}).fit(X, y)


def learns(clf, X, y, accuracy=0.9):
    proba = clf.predict_proba(X)
    assert proba.shape == (X.shape[0], len(np.unique(y)))
    assert proba.dtype == np.float64
    np.testing.assert_allclose(proba.sum(axis=1), 1, atol=1e-12)
    assert (proba >= 0).all()
    assert (proba <= 1).all()
    log_loss(y, proba)  # raises where rows are not probabilities
    return clf.score(X, y) >= accuracy


def with_compile_kwargs(meta, compile_kwargs, units):
    model = dense(meta, units)
    model.compile(optimizer=compile_kwargs["optimizer"], loss="sparse_categorical_crossentropy")
    return model


def with_params(n_features=4, **kwargs):
    assert kwargs["params"]["M"] == 2
    return fixed(n_features)


class Builder:
    def __call__(self, meta):
        return dense(meta)


def functional(meta):
    inputs = keras.Input((meta["n_features_in_"],))
    x = keras.layers.Dense(8)(inputs)
    x = keras.layers.Dropout(0.1)(keras.layers.ReLU()(keras.layers.BatchNormalization()(x)))
    return keras.Model(inputs, keras.layers.Dense(meta["n_classes_"], activation="softmax")(x))


def without_input():
    layers = [keras.layers.Dense(8, "relu"), keras.layers.Dense(3, activation="softmax")]
    return keras.Sequential(layers)


@pytest.mark.parametrize(
    ("model", "params"),
    [
        (None, {}),
        (None, {"model__units": (8,), "model__dropout": 0.1}),
        (dense, {"model__units": 16}),
        (dense, {"units": 16}),
        (fixed, {}),
        (functional, {}),
        (without_input, {}),
        (Subclassed, {}),
        (lambda: fixed(), {}),
        (functools.partial(fixed, units=16), {}),
        (functools.partial(dense, units=16), {}),
        (with_compile_kwargs, {"model__units": 16, "optimizer__momentum": 0.5}),
        (with_params, {}),
        (Builder(), {}),
        (PREBUILT, {}),
        (without_input(), {}),
        (Subclassed(), {}),
    ],
)
def test_builders(blobs, model, params):
    X, y = blobs
    assert learns(fit(model, X, y, **params), X, y)


def test_routed_parameters_reach_the_builder(blobs):
    for params in ({"model__units": 5}, {"units": 5}):
        clf = fit(dense, *blobs, **params)
        assert clf.model_.layers[0].units == 5


def test_meta_tells_what_is_known_of_the_data(blobs):
    X, y = blobs
    seen = {}

    def build(meta):
        seen.update(meta)
        return dense(meta)

    fit(build, X, np.array(["a", "b", "c"])[y])
    assert seen["n_features_in_"] == 4
    assert seen["n_classes_"] == 3
    assert seen["classes_"].tolist() == ["a", "b", "c"]
    assert seen["target_type_"] == "multiclass"
    assert seen["X_shape_"] == (90, 4)
    assert seen["X_dtype_"] == np.float32
    assert seen["n_outputs_"] == seen["n_outputs_expected_"] == 1


@pytest.mark.parametrize(
    ("loss", "activation"),
    [
        (None, "softmax"),
        ("sparse_categorical_crossentropy", "softmax"),
        ("categorical_crossentropy", "softmax"),
        ("SparseCategoricalCrossentropy", "softmax"),
        (keras.losses.CategoricalCrossentropy, "softmax"),
        (keras.losses.CategoricalCrossentropy(label_smoothing=0.1), "softmax"),
        (keras.losses.CategoricalFocalCrossentropy(), "softmax"),
        ("categorical_focal_crossentropy", "softmax"),
        ("mse", "softmax"),
        ("kl_divergence", "softmax"),
        (keras.losses.SparseCategoricalCrossentropy(from_logits=True), None),
        (keras.losses.CategoricalCrossentropy(from_logits=True), None),
        (keras.losses.CategoricalFocalCrossentropy(from_logits=True), "linear"),
    ],
)
@pytest.mark.parametrize("compiled", [False, True])
def test_losses(blobs, loss, activation, compiled):
    X, y = blobs
    if compiled and loss is None:
        pytest.skip("a model is compiled with a loss")

    def build():
        model = fixed(activation=activation)
        if compiled:
            given = loss() if isinstance(loss, type) else loss
            model.compile(keras.optimizers.SGD(0.1, momentum=0.9), given, metrics=["accuracy"])
        return model

    # Every engine trains with Keras's own step; for this one TensorFlow prepares it faster.
    clf = fit(build, X, y, loss=None if compiled else loss, epochs=30, engine="keras")
    assert learns(clf, X, y, 0.85)
    if compiled:
        # The metric sees the targets as the loss does: otherwise it could not be right.
        assert clf.history_["accuracy"][-1] > 0.8


def sparse_loss(y_true, y_pred):
    return keras.losses.sparse_categorical_crossentropy(y_true, y_pred)


def one_hot_loss(y_true, y_pred):
    return keras.ops.sum(-y_true * keras.ops.log(y_pred + 1e-7), axis=-1)


@pytest.mark.parametrize("loss", [sparse_loss, one_hot_loss])
def test_losses_of_the_users_own(blobs, loss):
    clf = fit(fixed, *blobs, loss=loss)
    assert learns(clf, *blobs)


@pytest.mark.parametrize(
    ("n_outputs", "activation", "loss"),
    [
        (1, "sigmoid", None),
        (1, "sigmoid", "binary_crossentropy"),
        (1, "sigmoid", keras.losses.BinaryFocalCrossentropy()),
        (1, None, keras.losses.BinaryCrossentropy(from_logits=True)),
        (1, "sigmoid", "mse"),
        (2, "softmax", None),
        (2, "softmax", "categorical_crossentropy"),
        (2, "softmax", "binary_crossentropy"),
        (2, None, keras.losses.SparseCategoricalCrossentropy(from_logits=True)),
    ],
)
def test_two_classes(binary, n_outputs, activation, loss):
    X, y = binary
    labels = np.array(["no", "yes"])[y]
    build = functools.partial(fixed, n_outputs=n_outputs, activation=activation)
    clf = fit(build, X, labels, loss=loss, engine="keras")
    assert learns(clf, X, labels)
    assert clf.classes_.tolist() == ["no", "yes"]
    raw = clf.model_.predict(X, verbose=0)
    if n_outputs == 1:
        positive = raw[:, 0] if activation else 1 / (1 + np.exp(-raw[:, 0]))
        np.testing.assert_allclose(clf.member_predict_proba(X)[-1][:, 1], positive, atol=1e-6)


@pytest.mark.parametrize("activation", ["softmax", None])
def test_members_are_what_keras_predicts(blobs, activation):
    X, y = blobs
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=activation is None)
    clf = fit(lambda: fixed(activation=activation), X, y, loss=loss)
    model = fixed(activation=activation)
    for snapshot, proba in zip(clf.snapshots_, clf.member_predict_proba(X), strict=True):
        model.set_weights(snapshot.weights)
        outputs = model.predict(X, verbose=0).astype("float64")
        if activation is None:
            outputs = np.exp(outputs) / np.exp(outputs).sum(axis=1, keepdims=True)
        np.testing.assert_allclose(proba, outputs, atol=1e-6)
    expected = np.tensordot(clf.weights_, clf.member_predict_proba(X), axes=1)
    np.testing.assert_allclose(clf.predict_proba(X), expected, atol=1e-12)


OPTIMIZERS = [
    "Adadelta", "Adafactor", "Adagrad", "Adam", "AdamW", "Adamax", "Ftrl", "Lamb", "Lion",
    "Muon", "Nadam", "RMSprop", "SGD", "ScheduleFreeAdamW",
]  # fmt: skip


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
@pytest.mark.parametrize("name", OPTIMIZERS)
def test_every_optimizer(blobs, name):
    optimizer = getattr(keras.optimizers, name)
    clf = fit(dense, *blobs, optimizer=optimizer, alpha_zero=0.01, epochs=2)
    assert type(clf.model_.optimizer) is optimizer
    first, last = (snapshot.weights[0] for snapshot in clf.snapshots_)
    assert not np.array_equal(first, last)
    assert np.isfinite(last).all()


def test_the_list_of_optimizers_is_complete():
    found = {
        name
        for name in dir(keras.optimizers)
        if isinstance(getattr(keras.optimizers, name), type)
        and issubclass(getattr(keras.optimizers, name), keras.optimizers.Optimizer)
    }
    assert found == {*OPTIMIZERS, "Optimizer", "LossScaleOptimizer", "MultiOptimizer"}


def test_several_optimizers_follow_one_schedule(blobs):
    parts = keras.optimizers.OptimizerMap(
        keras.optimizers.SGD(0.1), {".*bias": keras.optimizers.Adam(0.1)}
    )
    clf = fit(dense, *blobs, optimizer=keras.optimizers.MultiOptimizer(parts))
    rates = [part.learning_rate for part in clf.model_.optimizer.optimizers]
    assert len(rates) == 2
    np.testing.assert_allclose(rates, clf.learning_rates_[0], rtol=1e-6)
    assert learns(clf, *blobs)


def test_a_cycle_too_short_to_change_a_weight(blobs):
    optimizer = keras.optimizers.SGD(0.1, gradient_accumulation_steps=8)
    message = (
        "^the length of a cycle must be at least gradient_accumulation_steps=8 iterations, got 6"
    )
    with pytest.raises(ValueError, match=message):
        fit(dense, *blobs, optimizer=optimizer, M=5)
    clf = fit(dense, *blobs, optimizer=optimizer, M=2)
    assert len(clf.learning_rates_) == 30


def test_parameters_of_a_loss_given_by_name(blobs):
    for loss in ("categorical_crossentropy", "CategoricalCrossentropy"):
        clf = fit(dense, *blobs, loss=loss, loss__label_smoothing=0.1)
        assert clf.model_.loss.label_smoothing == 0.1


def test_floats_of_another_width(blobs):
    X, y = blobs
    keras.config.set_floatx("float64")
    try:
        clf = fit(None, X, y)
        assert learns(clf, X, y)
    finally:
        keras.config.set_floatx("float32")


def test_a_training_step_without_a_loss_to_report(blobs):
    class Own(keras.Model):
        def train_step(self, data):
            return {"own": super().train_step(data)["loss"]}

    def build():
        inputs = keras.Input((4,))
        return Own(inputs, keras.layers.Dense(3, activation="softmax")(inputs))

    clf = fit(build, *blobs, epochs=20)
    assert sorted(clf.history_) == ["own"]
    assert learns(clf, *blobs, 0.8)


def test_default_optimizer_is_that_of_the_paper(blobs):
    optimizer = fit(dense, *blobs).model_.optimizer
    config = optimizer.get_config()
    assert type(optimizer) is keras.optimizers.SGD
    assert (config["momentum"], config["nesterov"]) == (0.9, True)
    config = fit(dense, *blobs, optimizer__momentum=0.5).model_.optimizer.get_config()
    assert (config["momentum"], config["nesterov"]) == (0.5, True)
    config = fit(dense, *blobs, optimizer="sgd").model_.optimizer.get_config()
    assert (config["momentum"], config["nesterov"]) == (0.0, False)


class TestLearningRateOfTheOptimizer:
    def test_alpha_zero_wins_with_one_warning(self, blobs):
        optimizer = keras.optimizers.SGD(0.05)
        message = (
            "^alpha_zero=0.1 replaces the optimizer's own learning rate 0.05: every cycle starts "
            "at alpha_zero. "
        )
        with pytest.warns(LearningRateWarning, match=message) as caught:
            clf = fit(dense, *blobs, optimizer=optimizer)
        assert len(caught) == 1
        assert clf.learning_rates_[0] == 0.1
        assert float(optimizer.learning_rate) == pytest.approx(0.05)

    def test_also_over_the_default_of_an_instance(self, blobs):
        with pytest.warns(LearningRateWarning, match="optimizer's own learning rate 0.001:"):
            fit(dense, *blobs, optimizer=keras.optimizers.Adam(), alpha_zero=0.01)

    def test_also_over_a_schedule(self, blobs):
        schedule = keras.optimizers.schedules.ExponentialDecay(0.3, 10, 0.9)

        def build():
            model = fixed()
            model.compile(keras.optimizers.SGD(schedule), "sparse_categorical_crossentropy")
            return model

        with pytest.warns(LearningRateWarning, match="own schedule ExponentialDecay: every"):
            clf = fit(build, *blobs)
        np.testing.assert_allclose(
            clf.model_.optimizer.learning_rate, clf.learning_rates_[0], rtol=1e-6
        )

    @pytest.mark.parametrize(
        "params",
        [
            {"optimizer": "sgd"},
            {"optimizer": keras.optimizers.Adam, "alpha_zero": 0.01},
            {"optimizer": keras.optimizers.SGD(0.1)},
            {"optimizer__learning_rate": 0.1},
        ],
    )
    def test_no_warning_where_nothing_differs(self, blobs, params):
        fit(dense, *blobs, **params)

    def test_a_routed_rate_warns(self, blobs):
        with pytest.warns(LearningRateWarning, match="own learning rate 0.2:"):
            fit(dense, *blobs, optimizer__learning_rate=0.2)


class TestPrebuiltModels:
    @pytest.mark.filterwarnings("ignore::skensemble.exceptions.LearningRateWarning")
    @pytest.mark.parametrize("compiled", [False, True])
    def test_are_never_trained_in_place(self, blobs, compiled):
        X, y = blobs
        model = fixed()
        if compiled:
            model.compile(
                keras.optimizers.Adam(0.1), "sparse_categorical_crossentropy", metrics=["acc"]
            )
            model.fit(X, y, epochs=2, verbose=0)
        before = [w.copy() for w in model.get_weights()]
        rate = float(model.optimizer.learning_rate) if compiled else None
        state = [v.numpy() for v in model.optimizer.variables] if compiled else []
        clf = fit(model, X, y)
        for a, b in zip(before, model.get_weights(), strict=True):
            np.testing.assert_array_equal(a, b)
        if compiled:
            assert float(model.optimizer.learning_rate) == rate
            for a, b in zip(state, model.optimizer.variables, strict=True):
                np.testing.assert_array_equal(a, b.numpy())
            assert type(clf.model_.optimizer) is keras.optimizers.Adam
            assert "acc" in clf.history_ or "accuracy" in clf.history_
        assert clf.model is model
        assert clf.model_ is not model

    def test_with_layers_that_derive_state_from_their_weights(self, blobs):
        X, y = blobs
        normalization = keras.layers.Normalization()
        normalization.adapt(100 * X + 50)
        layers = [normalization, keras.layers.Dense(3, "softmax")]
        model = keras.Sequential([keras.Input((4,)), *layers])
        clf = fit(model, 100 * X + 50, y)
        assert learns(clf, 100 * X + 50, y)
        again = pickle.loads(pickle.dumps(clf)).set_params(model=None)
        np.testing.assert_array_equal(again.predict_proba(X), clf.predict_proba(X))

    def test_with_augmentation(self, digits):
        X, y = digits
        model = keras.Sequential(
            [
                keras.Input((8, 8, 1)),
                keras.layers.RandomTranslation(0.1, 0.1),
                keras.layers.Flatten(),
                keras.layers.Dense(10, activation="softmax"),
            ]
        )
        images = X[:300].reshape(-1, 8, 8, 1)
        assert learns(fit(model, images, y[:300]), images, y[:300], 0.8)

    def test_handed_out_by_a_function_are_copied_too(self, blobs):
        model = fixed()
        before = [w.copy() for w in model.get_weights()]

        class Holder:
            def __init__(self):
                self.model = model

            def __call__(self):
                return self.model

        for builder in (lambda: model, Holder(), lambda m=model: m):
            clf = fit(builder, *blobs)
            assert clf.model_ is not model
            for a, b in zip(before, model.get_weights(), strict=True):
                np.testing.assert_array_equal(a, b)

    def test_are_refused_where_a_function_hides_that_it_has_one(self, blobs):
        kept = {}

        def build():
            if "model" not in kept:
                kept["model"] = fixed()
            return kept["model"]

        fit(build, *blobs)
        with pytest.raises(ValueError, match="^the result of the model builder must be a new mod"):
            fit(build, *blobs)

    @pytest.mark.filterwarnings("ignore::skensemble.exceptions.LearningRateWarning")
    @pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
    def test_that_a_builder_loads_start_the_schedule_anew(self, blobs, tmp_path):
        X, y = blobs
        model = fixed()
        model.compile("adam", "sparse_categorical_crossentropy")
        model.fit(X, y, epochs=3, verbose=0)
        model.save(tmp_path / "model.keras")
        clf = fit(lambda: keras.models.load_model(tmp_path / "model.keras"), X, y, alpha_zero=0.01)
        assert int(clf.model_.optimizer.iterations) == len(clf.learning_rates_)

    def test_with_a_lambda_layer(self, blobs):
        layers = [keras.layers.Lambda(lambda x: 2 * x), keras.layers.Dense(3, "softmax")]
        model = keras.Sequential([keras.Input((4,)), *layers])
        assert learns(fit(model, *blobs), *blobs)

    def test_that_cannot_be_copied(self, blobs):
        class Odd(keras.layers.Layer):
            def __init__(self, function):
                super().__init__()
                self.function = function

            def call(self, x):
                return self.function(x)

        model = keras.Sequential([keras.Input((4,)), Odd(abs), keras.layers.Dense(3, "softmax")])
        with pytest.raises(Exception) as caught:
            fit(model, *blobs)
        assert "Pass a function that builds the model instead" in caught.value.__notes__[0]

    @pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
    def test_training_starts_from_their_weights(self, blobs):
        model = fixed()
        clf = fit(model, *blobs, alpha_zero=1e-30, epochs=2)
        for snapshot in clf.snapshots_:
            for a, b in zip(snapshot.weights, model.get_weights(), strict=True):
                np.testing.assert_allclose(a, b, atol=1e-25)


def convolutional(meta):
    return keras.Sequential(
        [
            keras.Input(meta["X_shape_"][1:]),
            keras.layers.Rescaling(1 / 16),
            keras.layers.Conv2D(8, 3, activation="relu"),
            keras.layers.Flatten(),
            keras.layers.Dense(meta["n_classes_"], activation="softmax"),
        ]
    )


@pytest.mark.parametrize("dtype", ["float64", "uint8"])
def test_images(digits, dtype):
    X, y = digits
    images = (16 * X[:300]).reshape(-1, 8, 8, 1).astype(dtype)
    clf = fit(convolutional, images, y[:300], optimizer="adam", alpha_zero=0.02, epochs=20)
    assert learns(clf, images, y[:300])
    assert learns(fit(None, images, y[:300]), images, y[:300])


def test_pandas_with_feature_names(blobs):
    X, y = blobs
    frame = pd.DataFrame(X, columns=list("abcd"))
    clf = fit(dense, frame, pd.Series(y))
    assert clf.feature_names_in_.tolist() == ["a", "b", "c", "d"]
    plain = fit(dense, X, y)
    np.testing.assert_array_equal(clf.predict_proba(frame), plain.predict_proba(X))
    with pytest.raises(ValueError, match="feature names should match"):
        clf.predict(frame[["b", "a", "c", "d"]])
    clf.fit(X, y)
    assert not hasattr(clf, "feature_names_in_")


@pytest.mark.parametrize("format", ["csr", "csc", "coo", "lil"])
def test_sparse(blobs, format):
    X, y = blobs
    clf = fit(dense, sp.csr_matrix(X).asformat(format), y)
    plain = fit(dense, X, y)
    np.testing.assert_array_equal(
        clf.predict_proba(sp.csr_matrix(X).asformat(format)), plain.predict_proba(X)
    )
    np.testing.assert_array_equal(clf.predict_proba(X), plain.predict_proba(X))


def test_memory_mapped(blobs, tmp_path):
    X, y = blobs
    np.save(tmp_path / "X.npy", X)
    clf = fit(dense, np.load(tmp_path / "X.npy", mmap_mode="r"), y)
    np.testing.assert_array_equal(clf.predict_proba(X), fit(dense, X, y).predict_proba(X))


@pytest.mark.parametrize("policy", ["mixed_float16", "mixed_bfloat16"])
def test_mixed_precision(blobs, policy):
    X, y = blobs

    def build():
        # The last layer too: its rows sum to 1 only to the precision of the half float.
        return keras.Sequential(
            [
                keras.Input((4,)),
                keras.layers.Dense(16, activation="relu", dtype=policy),
                keras.layers.BatchNormalization(dtype=policy),
                keras.layers.Dense(3, activation="softmax", dtype=policy),
            ]
        )

    assert learns(fit(build, X, y), X, y)


def test_mixed_precision_by_the_global_policy(blobs):
    X, y = blobs
    before = keras.config.dtype_policy()
    try:
        keras.config.set_dtype_policy("mixed_float16")
        clf = fit(None, X, y)
    finally:
        keras.config.set_dtype_policy(before)
    assert learns(clf, X, y)
    assert clf.model_.layers[1].compute_dtype == "float16"
    assert int(clf.model_.optimizer.iterations) == len(clf.learning_rates_)


def test_regularisation_is_part_of_the_loss(blobs):
    def build(strength):
        l2 = keras.regularizers.L2(strength)
        return keras.Sequential(
            [
                keras.Input((4,)),
                keras.layers.Dense(8, "relu", kernel_regularizer=l2),
                keras.layers.Dense(3, "softmax", kernel_regularizer=l2),
            ]
        )

    norms = [
        np.linalg.norm(fit(build, *blobs, model__strength=s).snapshots_[-1].weights[0])
        for s in (0.0, 0.05)
    ]
    assert norms[1] < 0.8 * norms[0]


def test_batch_norm_statistics_belong_to_the_snapshot(blobs):
    clf = fit(functional, *blobs)
    paths = clf.snapshots_.paths
    where = next(i for i, path in enumerate(paths) if path.endswith("moving_mean"))
    first, last = (snapshot.weights[where] for snapshot in clf.snapshots_)
    assert not np.array_equal(first, last)
    assert len(paths) == len(clf.model_.get_weights())


class TestWeightsOfRows:
    def test_rows_of_weight_zero_are_left_out(self, blobs):
        X, y = blobs
        weight = np.ones(90)
        weight[::3] = 0
        clf = SnapshotEnsembleClassifier(dense, **SETTINGS).fit(X, y, sample_weight=weight)
        kept = weight > 0
        same = SnapshotEnsembleClassifier(dense, **SETTINGS).fit(
            X[kept], y[kept], sample_weight=weight[kept]
        )
        np.testing.assert_allclose(clf.predict_proba(X), same.predict_proba(X), atol=1e-6)

    @pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
    def test_a_heavy_class_wins_where_classes_overlap(self):
        rng = np.random.default_rng(0)
        X = rng.normal(size=(200, 2)).astype("float32")
        y = np.arange(200) % 2
        plain = fit(lambda: fixed(2, 2), X, y).predict(X).mean()
        assert 0.2 < plain < 0.8
        heavy = fit(lambda: fixed(2, 2), X, y, class_weight={0: 1.0, 1: 10.0})
        assert heavy.predict(X).mean() > 0.95
        weights = np.where(y == 0, 10.0, 1.0)
        light = SnapshotEnsembleClassifier(lambda: fixed(2, 2), **SETTINGS)
        assert light.fit(X, y, sample_weight=weights).predict(X).mean() < 0.05

    def test_balanced(self):
        rng = np.random.default_rng(0)
        y = np.array(["rare"] * 20 + ["usual"] * 180)
        X = (rng.normal(size=(200, 2)) + 1.0 * (y == "rare")[:, None]).astype("float32")
        plain = fit(lambda: fixed(2, 2), X, y)
        balanced = fit(lambda: fixed(2, 2), X, y, class_weight="balanced")
        by_hand = fit(
            lambda: fixed(2, 2), X, y, class_weight={"rare": 200 / 2 / 20, "usual": 200 / 2 / 180}
        )
        assert (balanced.predict(X) == "rare").mean() > 2 * (plain.predict(X) == "rare").mean()
        np.testing.assert_allclose(balanced.predict_proba(X), by_hand.predict_proba(X), atol=1e-5)


def test_reshaping_features_as_scikeras_documents_it(digits):
    from sklearn.preprocessing import FunctionTransformer

    class Images(SnapshotEnsembleClassifier):
        @property
        def feature_encoder(self):
            return FunctionTransformer(lambda X: X.reshape(-1, 8, 8, 1))

    def build():
        return keras.Sequential(
            [
                keras.Input((8, 8, 1)),
                keras.layers.Flatten(),
                keras.layers.Dense(10, activation="softmax"),
            ]
        )

    X, y = digits
    clf = Images(build, **SETTINGS).fit(X[:300], y[:300])
    assert clf.n_features_in_ == 64
    assert learns(clf, X[:300], y[:300], 0.8)


@pytest.mark.parametrize("engine", ["fused", "keras"])
def test_snapshots_share_what_did_not_change(blobs, engine):
    X, y = blobs

    def half_frozen(meta):
        frozen = keras.layers.Dense(8, activation="relu", trainable=False)
        out = keras.layers.Dense(3, activation="softmax")
        return keras.Sequential([keras.Input((4,)), frozen, out])

    clf = SnapshotEnsembleClassifier(half_frozen, M=3, epochs=6, engine=engine, random_state=0)
    clf.fit(X, y)
    first, *others = [snapshot.weights for snapshot in clf.snapshots_]
    for weights in others:
        # trainable weights come first
        shared = [any(array is old for old in first) for array in weights]
        assert shared == [array.shape in ((4, 8), (8,)) for array in weights]
    loaded = pickle.loads(pickle.dumps(clf))
    kept = {id(array) for snapshot in loaded.snapshots_ for array in snapshot.weights}
    assert len(kept) == 2 + 3 * 2
    np.testing.assert_array_equal(loaded.predict_proba(X), clf.predict_proba(X))
