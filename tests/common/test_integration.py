"""The classifier among scikit-learn's tools."""

import functools
import re

import keras
import numpy as np
import pandas as pd
import pytest
import sklearn
from joblib.externals.loky import get_reusable_executor
from sklearn.base import clone, is_classifier
from sklearn.calibration import CalibratedClassifierCV
from sklearn.compose import make_column_transformer
from sklearn.ensemble import StackingClassifier
from sklearn.exceptions import DataConversionWarning, UnsetMetadataPassedError
from sklearn.frozen import FrozenEstimator
from sklearn.inspection import permutation_importance
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import (
    GridSearchCV,
    StratifiedKFold,
    cross_val_predict,
    cross_validate,
)
from sklearn.model_selection._split import check_cv
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler

from builders import dense, fixed
from skensemble import SnapshotEnsembleClassifier

pytestmark = pytest.mark.filterwarnings("ignore:Cycle:sklearn.exceptions.ConvergenceWarning")


def small(model=dense, **params):
    """Eight epochs of three iterations: enough for the blobs.

    No test here is about the engine; for this one, TensorFlow prepares a network faster.
    """
    defaults = {"M": 2, "epochs": 8, "batch_size": 30, "random_state": 0, "engine": "keras"}
    return SnapshotEnsembleClassifier(model, **{**defaults, **params})


@pytest.fixture(scope="module")
def fitted(blobs):
    return small().fit(*blobs)


@pytest.fixture
def routing():
    with sklearn.config_context(enable_metadata_routing=True):
        yield


# Cross-validation


def test_it_is_a_classifier_alone_and_in_a_pipeline():
    assert is_classifier(small())
    assert is_classifier(make_pipeline(StandardScaler(), small()))


def test_cross_validation_of_sorted_labels_is_stratified(blobs):
    X, y = blobs
    order = np.argsort(y, kind="stable")
    X, y = X[order], y[order]
    assert isinstance(check_cv(3, y, classifier=is_classifier(small())), StratifiedKFold)
    result = cross_validate(small(), X, y, cv=2, return_indices=True, error_score="raise")
    for test_rows in result["indices"]["test"]:
        assert np.bincount(y[test_rows]).tolist() == [15, 15, 15]
    # Folds of sorted rows would leave whole classes out of training.
    assert result["test_score"].min() >= 0.9


def test_cross_val_predict_gives_what_each_fold_predicts(blobs):
    X, y = blobs
    labels = np.array(["zinc", "iron", "gold"])[y]
    probas = cross_val_predict(small(), X, labels, cv=2, method="predict_proba")
    train, test = next(StratifiedKFold(2).split(X, labels))
    of_fold = small().fit(X[train], labels[train])
    np.testing.assert_array_equal(probas[test], of_fold.predict_proba(X[test]))
    assert probas.shape == (90, 3)
    np.testing.assert_allclose(probas.sum(axis=1), 1.0, atol=1e-12)
    # Columns in the order of the sorted labels.
    assert (np.array(["gold", "iron", "zinc"])[probas.argmax(axis=1)] == labels).mean() >= 0.9


GRID = [
    {"M": [1], "alpha_zero": [0.02], "model__units": [2], "optimizer__momentum": [0.0]},
    {"M": [2], "alpha_zero": [0.1], "model__units": [8], "optimizer__momentum": [0.9]},
]


def test_grid_search_is_the_same_in_one_process_and_in_two(blobs):
    X, y = blobs
    offset = 0
    # Neither function can be imported in another process.
    model = lambda meta, units: dense(meta, units=units + offset)  # noqa: E731
    searches = []
    for n_jobs in (1, 2):
        search = GridSearchCV(
            small(model, optimizer="sgd"),
            GRID,
            cv=2,
            n_jobs=n_jobs,
            scoring="neg_log_loss",
            error_score="raise",
        )
        searches.append(search.fit(X, y))
    get_reusable_executor().shutdown(wait=True)
    one, two = searches
    for fold in ("split0_test_score", "split1_test_score"):
        assert one.cv_results_[fold].tolist() == two.cv_results_[fold].tolist()
    np.testing.assert_array_equal(one.predict_proba(X), two.predict_proba(X))

    # The candidates were trained as they say.
    assert one.best_params_ == {name: value for name, (value,) in GRID[1].items()}
    best = one.best_estimator_
    assert [array.shape for array in best.snapshots_[0].weights] == [(4, 8), (8,), (8, 3), (3,)]
    assert len(best.snapshots_) == 2
    assert best.learning_rates_.max() == 0.1
    assert best.model_.optimizer.momentum == 0.9
    worse = small(model, optimizer="sgd").set_params(**one.cv_results_["params"][0]).fit(X, y)
    assert [array.shape for array in worse.snapshots_[0].weights] == [(4, 2), (2,), (2, 3), (3,)]
    assert worse.model_.optimizer.momentum == 0.0


# Parameters


class Builder:
    """A builder that is an object."""

    def __init__(self, units):
        self.units = units

    def __call__(self, meta):
        return dense(meta, units=self.units)


def weighted_loss(y_true, y_pred):
    return keras.losses.sparse_categorical_crossentropy(y_true, y_pred)


ARRAY = np.array([0.25, 0.75])
EVERY_KIND = {
    "augmentation": keras.layers.RandomFlip(seed=0),
    "model": dense,
    "M": 2,
    "alpha_zero": 0.03,
    "epochs": 7,
    "n_last": 1,
    "weighting": ARRAY,
    "validation_fraction": 12,
    "engine": "keras",
    "optimizer": keras.optimizers.Adam,
    "loss": weighted_loss,
    "metrics": ["accuracy"],
    "batch_size": 16,
    "callbacks": None,
    "class_weight": {0: 1.0, 1: 2.0, 2: 1.0},
    "shuffle": False,
    "min_weight": 0.01,
    "refit": True,
    "validation_split": 0.1,
    "validation_batch_size": 8,
    "run_eagerly": True,
    "warm_start": True,
    "random_state": 3,
    "verbose": 2,
    "model__units": 5,
    "optimizer__clipnorm": 1.0,
    "fit__validation_freq": 2,
    "units": 6,
}


def assert_same_params(left, right):
    assert list(left) == list(right)
    for name, value in left.items():
        if isinstance(value, np.ndarray):
            np.testing.assert_array_equal(value, right[name])
            assert value.dtype == right[name].dtype
        else:
            assert value == right[name], name


def test_every_parameter_is_stored_as_given():
    clf = SnapshotEnsembleClassifier(**EVERY_KIND)
    params = clf.get_params()
    assert set(params) == set(EVERY_KIND)
    for name, value in EVERY_KIND.items():
        assert params[name] is value, name


def test_clone_keeps_every_parameter(blobs):
    clf = SnapshotEnsembleClassifier(**EVERY_KIND)
    copy = clone(clf)
    assert_same_params(clf.get_params(), copy.get_params())
    assert copy.get_params()["weighting"] is not ARRAY
    assert_same_params(clf.get_params(), clone(copy).get_params())


@pytest.mark.parametrize(
    "model", [functools.partial(dense, units=5), Builder(5), lambda meta: dense(meta, units=5)]
)
def test_clone_of_a_callable_builds_the_same_network(model, blobs):
    copy = clone(clone(small(model, epochs=2))).fit(*blobs)
    assert copy.snapshots_[0].weights[0].shape == (4, 5)


def test_clone_keeps_the_settings_of_keras_objects():
    clf = small(
        optimizer=keras.optimizers.Adam(beta_1=0.8),
        loss=keras.losses.CategoricalCrossentropy(label_smoothing=0.2),
        metrics=[keras.metrics.SparseTopKCategoricalAccuracy(k=2, name="top2")],
        callbacks=[keras.callbacks.EarlyStopping(monitor="loss", patience=7)],
    )
    copy = clone(clf)
    for name in ("optimizer", "loss"):
        assert getattr(copy, name).get_config() == getattr(clf, name).get_config()
    assert copy.metrics[0].get_config() == clf.metrics[0].get_config()
    assert copy.callbacks[0].patience == 7


class DoubledLoss(keras.losses.Loss):
    """Twice the cross-entropy; not registered with Keras."""

    def call(self, y_true, y_pred):
        return 2 * keras.losses.sparse_categorical_crossentropy(y_true, y_pred)


class DoubledMetric(keras.metrics.MeanMetricWrapper):
    """The loss again; not registered with Keras."""

    def __init__(self, name="twice", dtype=None):
        super().__init__(DoubledLoss(), name=name, dtype=dtype)

    def get_config(self):
        return {"name": self.name, "dtype": self.dtype}


class Descent(keras.optimizers.SGD):
    """Not registered with Keras."""


@pytest.mark.parametrize(
    "params",
    [{"loss": DoubledLoss()}, {"metrics": [DoubledMetric()]}, {"optimizer": Descent(0.1)}],
    ids=["loss", "metric", "optimizer"],
)
def test_clone_of_keras_objects_of_your_own_trains_the_same(params, blobs):
    X, y = blobs
    clf = small(epochs=2, **params)
    copy = clone(clf)
    np.testing.assert_array_equal(copy.fit(X, y).predict_proba(X), clf.fit(X, y).predict_proba(X))


def test_clone_shares_a_prebuilt_model_and_registers_nothing():
    model = fixed()
    model.compile("sgd", "sparse_categorical_crossentropy")
    registered = set(keras.saving.get_custom_objects())
    copy = clone(small(model, model__units=3))
    assert copy.model is model
    assert copy.get_params() == small(model, model__units=3).get_params()
    assert set(keras.saving.get_custom_objects()) == registered


class Watcher(keras.callbacks.Callback):
    """Keras gives it the model."""


class Unserialisable(keras.Model):
    """Made of what no configuration can describe."""

    def __init__(self, n_classes):
        super().__init__()
        self.out = keras.layers.Dense(n_classes, activation="softmax")

    def call(self, x):
        return self.out(x)

    def get_config(self):
        raise NotImplementedError("no configuration")


@pytest.mark.parametrize("model", [dense, lambda meta: Unserialisable(meta["n_classes_"])])
def test_a_fitted_classifier_with_callbacks_can_be_cloned(model, blobs):
    clf = small(model, epochs=2, callbacks=[Watcher()]).fit(*blobs)
    registered = set(keras.saving.get_custom_objects())
    copy = clone(clf)
    assert type(copy.callbacks[0]) is Watcher
    assert copy.callbacks[0].model is None
    assert set(keras.saving.get_custom_objects()) == registered


def test_parameters_can_be_set_and_read_back():
    clf = small().set_params(M=3, model__units=9, optimizer__momentum=0.5, weighting=ARRAY)
    params = clf.get_params()
    assert (params["M"], params["model__units"], params["optimizer__momentum"]) == (3, 9, 0.5)
    assert params["weighting"] is ARRAY
    assert_same_params(small().set_params(**params).get_params(), params)
    in_pipeline = Pipeline([("clf", small())]).set_params(clf__M=4, clf__model__units=3)
    assert in_pipeline.get_params()["clf__M"] == 4
    assert in_pipeline.get_params()["clf__model__units"] == 3


@pytest.mark.parametrize(
    ("name", "close"),
    [
        ("alpha_zer", "alpha_zero"),
        ("epoch", "epochs"),
        ("random_seed", "random_state"),
        ("model__unit", "model__units"),
    ],
)
def test_a_typo_in_a_parameter_is_named_at_fit(name, close, blobs):
    clf = SnapshotEnsembleClassifier(dense, **{name: 3})
    message = (
        f"parameter {name} must be one of the estimator or of its model builder, got 3 instead: "
        f"did you mean {close}."
    )
    with pytest.raises(TypeError, match=f"^{re.escape(message)}$"):
        clf.fit(*blobs)


def test_a_typo_in_a_routing_prefix_is_named_at_fit(blobs):
    clf = SnapshotEnsembleClassifier(dense, epochs=2, M=1, optimzer__momentum=0.5)
    with pytest.raises(TypeError, match="^parameter optimzer__momentum must be one of the est"):
        clf.fit(*blobs)


def test_set_params_refuses_what_is_not_a_parameter():
    with pytest.raises(
        ValueError, match="^Invalid parameter 'epoch' for estimator SnapshotEnsemble"
    ):
        small().set_params(epoch=3)


# Data frames and pipelines


@pytest.fixture(scope="module")
def frame(binary):
    """A number that says nothing, and a word that says it all."""
    _, y = binary
    rng = np.random.default_rng(0)
    X = pd.DataFrame({"noise": rng.normal(size=60), "colour": np.array(["red", "blue"])[y]})
    return X, pd.Series(np.where(y == 1, "yes", "no"))


def test_a_data_frame_with_words_goes_through_a_column_transformer(frame):
    X, y = frame
    columns = make_column_transformer(
        (OneHotEncoder(), ["colour"]), (StandardScaler(), ["noise"]), sparse_threshold=0
    )
    pipeline = make_pipeline(columns, small(epochs=12)).fit(X, y)
    assert pipeline.classes_.tolist() == ["no", "yes"]
    assert pipeline[-1].n_features_in_ == 3
    new = pd.DataFrame({"noise": [0.0, 0.0], "colour": ["blue", "red"]})
    assert pipeline.predict(new).tolist() == ["yes", "no"]
    assert pipeline.score(X, y) == 1.0


def test_sparse_output_of_a_transformer_gives_the_same_as_dense(frame):
    X, y = frame
    probas = [
        make_pipeline(OneHotEncoder(sparse_output=sparse), small())
        .fit(X[["colour"]], y)
        .predict_proba(X[["colour"]])
        for sparse in (False, True)
    ]
    np.testing.assert_array_equal(*probas)


def test_set_output_changes_nothing_but_names(blobs):
    X, y = blobs
    plain = make_pipeline(StandardScaler(), small()).fit(X, y)
    framed = make_pipeline(StandardScaler(), small()).set_output(transform="pandas").fit(X, y)
    np.testing.assert_array_equal(framed.predict_proba(X), plain.predict_proba(X))
    assert type(framed.predict(X)) is np.ndarray
    assert framed[-1].feature_names_in_.tolist() == ["x0", "x1", "x2", "x3"]
    assert not hasattr(plain[-1], "feature_names_in_")


def test_feature_names_are_kept_and_held_against_later_frames(blobs):
    X, y = blobs
    frame = pd.DataFrame(X, columns=list("abcd"))
    clf = small(epochs=2).fit(frame, y)
    assert clf.feature_names_in_.tolist() == list("abcd")
    assert clf.n_features_in_ == 4
    for method in ("predict", "predict_proba", "member_predict_proba"):
        with pytest.raises(ValueError, match="The feature names should match those that were pas"):
            getattr(clf, method)(frame.rename(columns={"a": "z"}))
    with pytest.raises(ValueError, match="Feature names must be in the same order"):
        clf.predict(frame[list("dcba")])
    with pytest.warns(UserWarning, match="X does not have valid feature names, but Snapshot"):
        unnamed = clf.predict_proba(X)
    np.testing.assert_array_equal(unnamed, clf.predict_proba(frame))


def test_rows_of_another_width_are_refused(blobs, fitted):
    X, _ = blobs
    message = "X has 3 features, but SnapshotEnsembleClassifier is expecting 4 features as input."
    with pytest.raises(ValueError, match=f"^{message}$"):
        fitted.predict(X[:, :3])


def test_rows_of_a_frame_are_taken_by_position(blobs, fitted):
    X, y = blobs
    index = np.random.default_rng(0).permutation(90)
    clf = small().fit(pd.DataFrame(X, index=index), pd.Series(y, index=index[::-1]))
    np.testing.assert_array_equal(
        clf.predict_proba(pd.DataFrame(X, index=index)), fitted.predict_proba(X)
    )


# Meta-estimators


def test_calibration_by_cross_validation(blobs):
    X, y = blobs
    calibrated = CalibratedClassifierCV(small(), cv=2).fit(X, y)
    assert [len(c.estimator.snapshots_) for c in calibrated.calibrated_classifiers_] == [2, 2]
    probas = calibrated.predict_proba(X)
    np.testing.assert_allclose(probas.sum(axis=1), 1.0, atol=1e-12)
    assert calibrated.score(X, y) >= 0.9


def test_calibration_of_a_frozen_ensemble_trains_nothing(blobs, fitted):
    X, y = blobs
    before = fitted.predict_proba(X)
    snapshots = fitted.snapshots_
    calibrated = CalibratedClassifierCV(FrozenEstimator(fitted)).fit(X, y)
    assert is_classifier(FrozenEstimator(fitted))
    assert all(c.estimator.estimator is fitted for c in calibrated.calibrated_classifiers_)
    assert fitted.snapshots_ is snapshots
    np.testing.assert_array_equal(fitted.predict_proba(X), before)
    assert calibrated.score(X, y) >= 0.9
    assert not np.array_equal(calibrated.predict_proba(X), before)


def test_stacking(blobs):
    X, y = blobs
    stack = StackingClassifier(
        [("nets", small()), ("line", LogisticRegression())], LogisticRegression(), cv=2
    ).fit(X, y)
    assert stack.stack_method_ == ["predict_proba", "predict_proba"]
    expected = small().fit(X, y).predict_proba(X)
    np.testing.assert_array_equal(stack.transform(X)[:, :3], expected)
    assert stack.score(X, y) >= 0.9


def test_permutation_importance_finds_the_feature_that_matters(binary):
    _, y = binary
    noise = np.random.default_rng(0).normal(size=(60, 2))
    X = np.column_stack([noise[:, 0], 2.0 * y - 1.0, noise[:, 1]])
    clf = small(epochs=12).fit(X, y)
    importances = permutation_importance(clf, X, y, n_repeats=3, random_state=0).importances_mean
    assert importances[1] >= 0.3
    assert abs(importances[[0, 2]]).max() <= 0.1


# Metadata


def zero_weight_of(y, label):
    return (y != label).astype(float)


def test_weights_reach_the_classifier_in_a_pipeline(blobs, routing):
    X, y = blobs
    clf = small().set_fit_request(sample_weight=True)
    scaler = StandardScaler().set_fit_request(sample_weight=False)
    pipeline = make_pipeline(scaler, clf)
    weight = zero_weight_of(y, 2)
    of_class_2 = [
        (pipeline.fit(X, y, **arguments).predict(X) == 2).mean()
        for arguments in ({}, {"sample_weight": weight})
    ]
    assert of_class_2[0] >= 0.3
    assert of_class_2[1] <= 0.1
    by_hand = small().fit(StandardScaler().fit_transform(X), y, sample_weight=weight)
    np.testing.assert_array_equal(
        pipeline.predict_proba(X), by_hand.predict_proba(StandardScaler().fit_transform(X))
    )
    deaf = make_pipeline(clone(scaler), small().set_fit_request(sample_weight=False))
    with pytest.raises(TypeError, match="got unexpected argument.*sample_weight"):
        deaf.fit(X, y, sample_weight=zero_weight_of(y, 2))
    unsaid = make_pipeline(clone(scaler), small())
    with pytest.raises(UnsetMetadataPassedError, match="SnapshotEnsembleClassifier.fit"):
        unsaid.fit(X, y, sample_weight=zero_weight_of(y, 2))


def test_weights_reach_the_candidates_of_a_grid_search(blobs, routing):
    X, y = blobs
    clf = small().set_fit_request(sample_weight=True).set_score_request(sample_weight=True)
    search = GridSearchCV(clf, {"M": [1]}, cv=2, error_score="raise")
    search.fit(X, y, sample_weight=zero_weight_of(y, 2))
    assert (search.predict(X) == 2).mean() <= 0.1
    # Without their weights, the rows of class 2 would all count as errors.
    assert search.best_score_ >= 0.9


def test_a_holdout_of_the_callers_goes_through_the_steps_before(blobs, routing):
    X, y = blobs
    scaled = X * [1, 10, 100, 1000] + 5
    clf = small().set_fit_request(X_val=True, y_val=True)
    pipeline = Pipeline([("scale", StandardScaler()), ("clf", clf)], transform_input=["X_val"])
    pipeline.fit(scaled[::2], y[::2], X_val=scaled[1::2], y_val=y[1::2])
    scaler = StandardScaler().fit(scaled[::2])
    by_hand = small().fit(
        scaler.transform(scaled[::2]),
        y[::2],
        X_val=scaler.transform(scaled[1::2]),
        y_val=y[1::2],
    )
    assert pipeline["clf"].snapshot_scores_ == by_hand.snapshot_scores_
    assert pipeline["clf"].weighting_.n_samples == 45


# Labels


@pytest.mark.parametrize(
    "labels",
    [
        ["a", "bcd", "ef"],
        np.array(["a", "bcd", "ef"], dtype=object),
        [3, 40, 500],
        [-1, 0, 1],
        np.array([7, 8, 9], dtype=np.uint8),
        [1.0, 2.0, 3.0],
    ],
    ids=["str", "object", "gaps", "negative", "uint8", "float"],
)
def test_labels_come_back_as_they_were(labels, blobs, fitted):
    X, y = blobs
    labels = np.asarray(labels)
    clf = small().fit(X, labels[y])
    np.testing.assert_array_equal(clf.classes_, labels)
    predicted = clf.predict(X)
    assert predicted.dtype == labels.dtype
    np.testing.assert_array_equal(predicted, labels[fitted.predict(X)])
    np.testing.assert_array_equal(clf.predict_proba(X), fitted.predict_proba(X))
    assert clf.score(X, labels[y]) == fitted.score(X, y)


def test_bools_come_back_as_bools(binary):
    X, y = binary
    clf = small().fit(X, y == 1)
    assert clf.classes_.tolist() == [False, True]
    assert clf.predict(X).dtype == bool
    assert clf.score(X, y == 1) >= 0.9
    assert clf.score(X, y == 0) <= 0.1


def test_a_column_of_labels_is_taken_with_a_warning(blobs, fitted):
    X, y = blobs
    with pytest.warns(DataConversionWarning, match="A column-vector y was passed when a 1d array"):
        clf = small().fit(X, y[:, None])
    assert clf.predict(X).shape == (90,)
    np.testing.assert_array_equal(clf.predict_proba(X), fitted.predict_proba(X))


@pytest.mark.parametrize(
    "container", [np.array, lambda y: y.astype(np.float32), pd.DataFrame], ids=["int", "float", "f"]
)
def test_one_hot_rows_come_back_as_one_hot_rows(container, blobs, fitted):
    X, y = blobs
    one_hot = container(np.eye(3, dtype=int)[y])
    clf = small().fit(X, one_hot)
    assert clf.classes_.tolist() == [0, 1, 2]
    np.testing.assert_array_equal(clf.predict_proba(X), fitted.predict_proba(X))
    np.testing.assert_array_equal(clf.predict(X), np.eye(3)[fitted.predict(X)])
    assert clf.score(X, one_hot) == fitted.score(X, y)


def test_several_labels_for_a_row_are_refused(blobs):
    X, y = blobs
    several = np.eye(3, dtype=int)[y]
    several[0] = [1, 1, 0]
    with pytest.raises(ValueError, match="y should be a 1d array, got an array of shape"):
        small().fit(X, several)
