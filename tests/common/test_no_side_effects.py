"""What fit leaves as it was: the process, the caller's objects, and, if it fails, the estimator."""

import copy
import os
import random

import keras
import numpy as np
import pytest
import tensorflow as tf
from joblib import Parallel, delayed
from sklearn.exceptions import NotFittedError
from tensorflow.python.framework.config import is_op_determinism_enabled

from builders import dense, fixed
from skensemble import SnapshotEnsembleClassifier

# Two epochs need not get anywhere.
pytestmark = [
    pytest.mark.filterwarnings("ignore:Cycle:sklearn.exceptions.ConvergenceWarning"),
    pytest.mark.filterwarnings("ignore::skensemble.exceptions.LearningRateWarning"),
]


def small(model=dense, **params):
    defaults = {"M": 2, "epochs": 2, "batch_size": 30, "random_state": 0}
    return SnapshotEnsembleClassifier(model, **{**defaults, **params})


def noisy(meta):
    """Draws from every generator there is, while it is built and while it trains."""
    random.random()
    scale = 1 + 0.1 * np.random.random() + 0.1 * float(tf.random.uniform([]))  # noqa: NPY002
    scale += 0.1 * float(keras.random.uniform([]))
    model = keras.Sequential(
        [
            keras.Input((meta["n_features_in_"],)),
            keras.layers.Rescaling(scale),
            keras.layers.Dense(8, activation="relu"),
            keras.layers.Dropout(0.5),
            keras.layers.GaussianNoise(0.1),
            keras.layers.Dense(meta["n_classes_"], activation="softmax"),
        ]
    )
    model.compile("sgd", "sparse_categorical_crossentropy")
    return model


class BadBuilderError(Exception):
    """What a builder raises."""


def failing(meta):
    noisy(meta)
    keras.config.floatx()
    raise BadBuilderError


class Interrupt(keras.callbacks.Callback):
    """Ctrl-C in the given epoch, counted from 0."""

    def __init__(self, epoch=0):
        super().__init__()
        self.epoch = epoch

    def on_epoch_end(self, epoch, logs=None):
        if epoch == self.epoch:
            raise KeyboardInterrupt


def fit(X, y):
    small(noisy).fit(X, y).predict(X)


def fit_with_a_bad_builder(X, y):
    with pytest.raises(BadBuilderError):
        small(failing).fit(X, y)


def fit_interrupted(X, y):
    with pytest.raises(KeyboardInterrupt):
        small(noisy, M=1, callbacks=[Interrupt()]).fit(X, y)


def fit_interrupted_after_a_cycle(X, y):
    with pytest.warns(UserWarning, match="Training was interrupted after 1 of 2 cycles"):
        small(noisy, callbacks=[Interrupt()]).fit(X, y)


def fit_again_interrupted(X, y):
    clf = small(noisy, warm_start=True).fit(X, y)
    clf.set_params(M=3, epochs=4, callbacks=[Interrupt(2)])
    with pytest.raises(KeyboardInterrupt):
        clf.fit(X, y)


FITS = [
    fit,
    fit_with_a_bad_builder,
    fit_interrupted,
    fit_interrupted_after_a_cycle,
    fit_again_interrupted,
]


# The process


def global_state():
    numpy_state = np.random.get_state()  # noqa: NPY002
    return {
        "random": random.getstate(),
        "numpy": (numpy_state[0], numpy_state[1].tolist(), *numpy_state[2:]),
        "floatx": keras.config.floatx(),
        "epsilon": keras.config.epsilon(),
        "policy": keras.config.dtype_policy().name,
        "image": keras.config.image_data_format(),
        "unsafe": keras.src.saving.serialization_lib.in_safe_mode(),
        "eager": tf.config.functions_run_eagerly(),
        "deterministic": is_op_determinism_enabled(),
        "environment": dict(os.environ),
        "registered": dict(keras.saving.get_custom_objects()),
    }


@pytest.mark.parametrize("action", FITS)
def test_fit_leaves_the_process_as_it_was(action, blobs):
    before = global_state()
    action(*blobs)
    assert global_state() == before


def draws(action):
    """Two draws from each global generator before ``action``, two after it."""
    keras.utils.set_random_seed(7)
    generators = [
        random.random,
        np.random.random,
        lambda: float(tf.random.uniform([])),
        lambda: float(keras.random.normal([])),
        lambda: keras.random.SeedGenerator().get_config()["seed"],
    ]
    early = [[draw(), draw()] for draw in generators]
    action()
    return early, [[draw(), draw()] for draw in generators]


@pytest.mark.parametrize("action", FITS)
def test_fit_draws_from_no_global_generator(action, blobs):
    assert draws(lambda: action(*blobs)) == draws(lambda: None)


def test_prediction_draws_from_no_global_generator(blobs):
    X, y = blobs
    clf = small(noisy).fit(X, y)

    def predict():
        clf.predict_proba(X)
        clf.member_predict_proba(X)
        list(clf.staged_predict_proba(X))
        copy.deepcopy(clf).predict(X)

    assert draws(predict) == draws(lambda: None)


def test_a_generator_that_does_not_exist_yet_is_not_made(blobs):
    keras.backend.clear_session()
    name = keras.src.random.seed_generator.GLOBAL_SEED_GENERATOR
    assert keras.src.backend.common.global_state.get_global_attribute(name) is None
    small(noisy).fit(*blobs)
    assert keras.src.backend.common.global_state.get_global_attribute(name) is None


# Reproducibility


def test_the_same_seed_gives_the_same_bits_whatever_the_process_has_drawn(blobs):
    X, y = blobs
    probas = []
    for seed in (1, 2):
        keras.utils.set_random_seed(seed)
        random.random()
        probas.append(small(noisy, random_state=3).fit(X, y).predict_proba(X))
    np.testing.assert_array_equal(*probas)
    other = small(noisy, random_state=4).fit(X, y).predict_proba(X)
    assert abs(other - probas[0]).max() > 1e-3


def test_no_seed_means_another_result_every_time(blobs):
    X, y = blobs
    probas = []
    for _ in range(2):
        keras.utils.set_random_seed(0)
        probas.append(small(random_state=None).fit(X, y).predict_proba(X))
    assert abs(probas[0] - probas[1]).max() > 1e-3


def test_fits_in_two_threads_give_the_same_bits_as_alone(blobs):
    X, y = blobs
    alone = [small(noisy, random_state=seed).fit(X, y).predict_proba(X) for seed in (0, 1)]
    together = Parallel(n_jobs=2, backend="threading")(
        delayed(lambda seed: small(noisy, random_state=seed).fit(X, y).predict_proba(X))(seed)
        for seed in (0, 1)
    )
    np.testing.assert_array_equal(together, alone)


def test_a_random_state_is_read_and_not_advanced(blobs):
    X, y = blobs
    rng = np.random.RandomState(5)
    state = rng.get_state()[1].tolist(), rng.get_state()[2:]
    clf = small(random_state=rng)
    first = clf.fit(X, y).predict_proba(X)
    assert clf.random_state is rng
    assert (rng.get_state()[1].tolist(), rng.get_state()[2:]) == state
    np.testing.assert_array_equal(clf.fit(X, y).predict_proba(X), first)
    rng.random_sample()
    assert abs(clf.fit(X, y).predict_proba(X) - first).max() > 1e-3


# The caller's objects


@pytest.mark.parametrize("order", ["C", "F"])
def test_arrays_stay_as_they_are(order, blobs):
    X = np.array(blobs[0], dtype=np.float64, order=order)
    y = blobs[1].copy()
    weight = np.linspace(0, 2, 90)
    X_val, y_val = X[::3].copy(), y[::3].copy()
    weighting = np.array([3.0, 1.0])
    arrays = [X, y, weight, X_val, y_val, weighting]
    before = [array.tobytes() for array in arrays]
    clf = small(class_weight={0: 1.0, 1: 5.0, 2: 1.0}, weighting=weighting)
    clf.fit(X, y, sample_weight=weight, X_val=X_val, y_val=y_val)
    clf.predict_proba(X)
    clf.score(X, y, sample_weight=weight)
    assert [array.tobytes() for array in arrays] == before
    assert clf.weights_.tolist() == [0.75, 0.25]
    assert all(array.flags.writeable for array in arrays)


@pytest.mark.parametrize("interrupted", [False, True])
def test_optimizer_metrics_and_loss_stay_as_they_are(interrupted, blobs):
    optimizer = keras.optimizers.Adam(0.05)
    metric = keras.metrics.SparseCategoricalAccuracy(name="hits")
    loss = keras.losses.SparseCategoricalCrossentropy()
    clf = small(
        optimizer=optimizer,
        metrics=[metric],
        loss=loss,
        alpha_zero=0.05,
        callbacks=[Interrupt()] if interrupted else None,
        M=1 if interrupted else 2,
    )
    before = clf.get_params(), optimizer.get_config(), loss.get_config()
    if interrupted:
        with pytest.raises(KeyboardInterrupt):
            clf.fit(*blobs)
    else:
        assert clf.fit(*blobs).history_["hits"][0] > 0
        assert clf.model_.optimizer is not optimizer
    assert not optimizer.built
    assert int(optimizer.iterations.numpy()) == 0
    assert [float(v.numpy()) for v in metric.variables] == [0.0, 0.0]
    assert (clf.get_params(), optimizer.get_config(), loss.get_config()) == before
    assert float(optimizer.learning_rate.numpy()) == pytest.approx(0.05)


def test_a_prebuilt_model_stays_as_it_is(blobs):
    X, y = blobs
    keras.utils.set_random_seed(0)
    model = fixed()
    metric = keras.metrics.SparseCategoricalAccuracy(name="hits")
    model.compile(
        keras.optimizers.SGD(0.03, momentum=0.9),
        "sparse_categorical_crossentropy",
        metrics=[metric],
    )
    model.fit(X, y, epochs=1, batch_size=30, verbose=0)
    optimizer, train_function = model.optimizer, model.train_function

    def state():
        variables = [*model.variables, *optimizer.variables, *metric.variables]
        return [variable.numpy().tobytes() for variable in variables], optimizer.get_config()

    before = state()
    clf = small(model, alpha_zero=0.03)
    first = clf.fit(X, y).predict_proba(X)
    assert model.optimizer is optimizer
    assert model.train_function is train_function
    assert clf.model_ is not model
    assert int(optimizer.iterations.numpy()) == 3
    assert state() == before
    # It starts from the weights that the model has, in every fit.
    assert abs(clf.snapshots_[0].weights[0] - model.get_weights()[0]).max() > 1e-3
    np.testing.assert_array_equal(clf.fit(X, y).predict_proba(X), first)
    # Training goes on.
    model.fit(X, y, epochs=1, batch_size=30, verbose=0)
    assert int(optimizer.iterations.numpy()) == 6


def test_parameters_stay_the_same_objects(blobs):
    given = {
        "model": dense,
        "callbacks": [keras.callbacks.EarlyStopping(monitor="loss", patience=9)],
        "metrics": ["accuracy"],
        "class_weight": {0: 1.0, 1: 2.0, 2: 3.0},
        "model__units": 4,
    }
    contents = {
        name: list(value) for name, value in given.items() if isinstance(value, dict | list)
    }
    clf = small(**given).fit(*blobs)
    for name, value in given.items():
        assert clf.get_params()[name] is value
    for name, value in contents.items():
        assert list(given[name]) == value


# The estimator, if fit fails


def attributes(clf):
    return {name: value for name, value in vars(clf).items() if name not in clf.get_params()}


@pytest.mark.parametrize(
    ("broken", "error"),
    [
        ({"model": failing}, BadBuilderError),
        ({"callbacks": [Interrupt()], "M": 1}, KeyboardInterrupt),
        ({"M": 0}, ValueError),
        ({"alpha_zero": 1e30, "optimizer__momentum": 0.0}, RuntimeError),
    ],
    ids=["builder", "interrupt", "parameter", "diverged"],
)
@pytest.mark.filterwarnings("ignore:The loss became:sklearn.exceptions.ConvergenceWarning")
def test_a_fitted_estimator_stays_as_fitted(broken, error, blobs):
    X, y = blobs
    clf = small().fit(X, y)
    before = attributes(clf)
    probas, weights = clf.predict_proba(X), [w.copy() for w in clf.model_.get_weights()]
    clf.set_params(**{name: value for name, value in broken.items() if "__" not in name})
    with pytest.raises(error):
        clf.fit(X[:60, :3], np.array(["a", "b"])[y[:60] % 2])
    after = attributes(clf)
    assert set(after) == set(before)
    for name, value in before.items():
        assert after[name] is value, name
    assert clf.classes_.tolist() == [0, 1, 2]
    assert clf.n_features_in_ == 4
    np.testing.assert_array_equal(clf.predict_proba(X), probas)
    for now, then in zip(clf.model_.get_weights(), weights, strict=True):
        np.testing.assert_array_equal(now, then)


@pytest.mark.parametrize(
    ("broken", "error"),
    [
        ({"model": failing}, BadBuilderError),
        ({"callbacks": [Interrupt()], "M": 1}, KeyboardInterrupt),
    ],
    ids=["builder", "interrupt"],
)
def test_an_unfitted_estimator_stays_unfitted(broken, error, blobs):
    X, y = blobs
    clf = small(**broken)
    before = set(vars(clf))
    with pytest.raises(error):
        clf.fit(X, y)
    assert set(vars(clf)) == before
    with pytest.raises(NotFittedError, match="This SnapshotEnsembleClassifier instance is not fit"):
        clf.predict(X)
    for name in ("model_", "classes_", "n_features_in_", "learning_rates_", "weights_"):
        assert not hasattr(clf, name), name


def continued(X, y, *, interrupted):
    clf = small(M=1, epochs=3, warm_start=True).fit(X, y)
    if interrupted:
        before = attributes(clf)
        state = [v.numpy() for v in [*clf.model_.variables, *clf.model_.optimizer.variables]]
        probas = clf.predict_proba(X)
        clf.set_params(M=2, epochs=6, callbacks=[Interrupt(4)])
        with pytest.raises(KeyboardInterrupt):
            clf.fit(X, y)
        for name, value in before.items():
            assert vars(clf)[name] is value, name
        now = [v.numpy() for v in [*clf.model_.variables, *clf.model_.optimizer.variables]]
        for variable, value in zip(now, state, strict=True):
            np.testing.assert_array_equal(variable, value)
        np.testing.assert_array_equal(clf.predict_proba(X), probas)
        assert len(clf.learning_rates_) == 9
        clf.set_params(callbacks=None)
    return clf.set_params(M=3, epochs=9).fit(X, y)


def test_an_interrupted_continuation_leaves_no_trace(blobs):
    X, y = blobs
    without, with_ = (continued(X, y, interrupted=interrupted) for interrupted in (False, True))
    assert [snapshot.cycle for snapshot in with_.snapshots_] == [1, 2, 3]
    np.testing.assert_array_equal(with_.learning_rates_, without.learning_rates_)
    np.testing.assert_array_equal(with_.member_predict_proba(X), without.member_predict_proba(X))
