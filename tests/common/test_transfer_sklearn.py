"""scikit-learn's own checks, on a backbone that takes rows of any number of features."""

import warnings
from types import SimpleNamespace

import joblib
import keras
import pytest
from sklearn.exceptions import SkipTestWarning
from sklearn.utils import estimator_checks

from skensemble.backends import seeded
from skensemble.ensemble.transfer import TransferSnapshotClassifier

# The checks fit a handful of rows, some of them noise.
pytestmark = [
    pytest.mark.filterwarnings("ignore::skensemble.exceptions.HoldoutWarning"),
    pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning"),
]

# These ask how data are read and weighed, which the base class does, and each trains several
# networks for it: they run on that class, in test_sklearn.py.
OF_THE_BASE_CLASS = {
    "check_class_weight_classifiers",
    "check_classifier_data_not_an_array",
    "check_classifiers_classes",
    "check_classifiers_train",
    "check_classifiers_train(readonly_memmap=True)",
    "check_classifiers_train(readonly_memmap=True-X_dtype=float32)",
    "check_dtype_object",
    "check_estimator_sparse_array",
    "check_estimator_sparse_matrix",
    "check_estimator_sparse_tag",
    "check_estimators_dtypes",
    "check_fit2d_1feature",
    "check_positive_only_tag_during_fit",
    "check_sample_weight_equivalence_on_dense_data",
    "check_sample_weight_equivalence_on_sparse_data",
    "check_sample_weights_list",
    "check_sample_weights_pandas_series",
}


def of_any_width():
    """A row as an image one pixel wide, which is resized to eight pixels: built-in layers only."""
    with seeded(0):
        row = keras.Input((None,))
        pixels = keras.ops.image.resize(keras.layers.Reshape((-1, 1, 1))(row), (8, 1))
        hidden = keras.layers.Dense(8, activation="tanh")(keras.layers.Reshape((8,))(pixels))
        return keras.Model(row, keras.layers.BatchNormalization(momentum=0.9)(hidden), name="any")


def small(**params):
    settings = {
        "head_units": 0,
        "warmup_epochs": 1,
        "unfreeze_from": -2,
        "M": 2,
        "epochs": 8,
        "alpha_zero": 0.1,
    }
    return TransferSnapshotClassifier(of_any_width(), **{**settings, **params})


def checks_of(estimator):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", SkipTestWarning)
        return list(estimator_checks.estimator_checks_generator(estimator))


def name_of(check):
    """Name, and the arguments that make it another check."""
    arguments = "-".join(f"{key}={value}" for key, value in check.keywords.items())
    return f"{check.func.__name__}({arguments})" if arguments else check.func.__name__


@pytest.fixture(autouse=True)
def hash_of_models(monkeypatch):
    """Keras writes the time into what it pickles: let a model be what ``fit`` may change."""

    def hash_of(value):
        if isinstance(value, keras.Model):
            layers = [(layer.name, layer.trainable, layer.get_weights()) for layer in value.layers]
            value = value.name, value.compiled, layers
        return joblib.hash(value)

    monkeypatch.setattr(estimator_checks, "joblib", SimpleNamespace(hash=hash_of))


CHECKS = {name_of(check): (estimator, check) for estimator, check in checks_of(small())}


@pytest.mark.parametrize("name", sorted(CHECKS.keys() - OF_THE_BASE_CLASS))
def test_check_of_scikit_learn(name):
    estimator, check = CHECKS[name]
    check(estimator)


def test_what_is_left_out_exists():
    assert CHECKS.keys() >= OF_THE_BASE_CLASS
