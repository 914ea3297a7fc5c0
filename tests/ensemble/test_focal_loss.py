"""The focal loss of Keras, by name, class and object, in both engines."""

import keras
import numpy as np
import pytest
from sklearn.utils.class_weight import compute_class_weight

from builders import dense
from skensemble import SnapshotEnsembleClassifier

# One epoch need not get anywhere.
pytestmark = pytest.mark.filterwarnings("ignore:Cycle:sklearn.exceptions.ConvergenceWarning")

ALPHA, GAMMA, SMOOTHING = [0.1, 0.2, 0.7], 3.0, 0.1


def classifier(**params):
    settings = {"M": 1, "epochs": 1, "batch_size": 30, "weighting": "uniform", "random_state": 0}
    return SnapshotEnsembleClassifier(dense, **{**settings, "validation_fraction": None, **params})


def focal(y, p, alpha, gamma, smoothing=0.0):
    """Mean of equation 5 of Lin et al. (2017), summed over the classes of a smoothed target."""
    target = np.eye(p.shape[1])[y] * (1 - smoothing) + smoothing / p.shape[1]
    return -(target * np.asarray(alpha) * (1 - p) ** gamma * np.log(p)).sum(axis=1).mean()


@pytest.mark.parametrize("engine", ["fused", "keras"])
@pytest.mark.parametrize("smoothing", [0.0, SMOOTHING])
def test_is_that_of_the_paper(blobs, engine, smoothing):
    X, y = blobs
    clf = classifier(
        loss="categorical_focal_crossentropy",
        loss__alpha=ALPHA,
        loss__gamma=GAMMA,
        loss__label_smoothing=smoothing,
        alpha_zero=1e-12,  # the network stays what it was
        engine=engine,
    ).fit(X, y)
    p = clf.predict_proba(X)
    expected = focal(y, p, ALPHA, GAMMA, smoothing)
    assert clf.history_["loss"] == pytest.approx([expected], rel=1e-4)


@pytest.mark.parametrize("engine", ["fused", "keras"])
def test_name_class_and_object_are_the_same(blobs, engine):
    X, y = blobs
    parameters = {"alpha": ALPHA, "gamma": GAMMA, "label_smoothing": SMOOTHING}
    routed = {f"loss__{name}": value for name, value in parameters.items()}
    of_keras = keras.losses.CategoricalFocalCrossentropy
    given = [
        {"loss": "categorical_focal_crossentropy", **routed},
        {"loss": "CategoricalFocalCrossentropy", **routed},
        {"loss": of_keras, **routed},
        {"loss": of_keras(**parameters)},
    ]
    fitted = [classifier(epochs=3, engine=engine, **loss).fit(X, y) for loss in given]
    first = fitted[0].predict_proba(X)
    for clf in fitted[1:]:
        np.testing.assert_array_equal(clf.predict_proba(X), first)
    plain = classifier(epochs=3, engine=engine).fit(X, y)
    assert not np.allclose(plain.predict_proba(X), first, atol=1e-3)


def test_engines_agree(blobs):
    X, y = blobs
    loss = keras.losses.CategoricalFocalCrossentropy(alpha=ALPHA, gamma=GAMMA)
    fused, by_keras = (
        classifier(epochs=4, loss=loss, engine=engine).fit(X, y) for engine in ("fused", "keras")
    )
    np.testing.assert_allclose(fused.predict_proba(X), by_keras.predict_proba(X), atol=1e-5)


def test_defaults_of_the_name_are_those_of_keras(blobs):
    X, y = blobs
    clf = classifier(loss="categorical_focal_crossentropy", alpha_zero=1e-12).fit(X, y)
    expected = focal(y, clf.predict_proba(X), 0.25, 2.0)
    assert clf.history_["loss"] == pytest.approx([expected], rel=1e-4)


def test_inverse_frequency_is_class_weight_balanced(blobs):
    X, y = blobs
    few = np.concatenate(
        [np.flatnonzero(y == 0)[:5], np.flatnonzero(y == 1), np.flatnonzero(y == 2)]
    )
    X, y = X[few], y[few]
    balanced = compute_class_weight("balanced", classes=np.unique(y), y=y)
    np.testing.assert_allclose(balanced, len(y) / (3 * np.bincount(y)))
    of_keras = keras.losses.CategoricalFocalCrossentropy
    by_alpha = classifier(epochs=4, loss=of_keras(alpha=balanced.tolist())).fit(X, y)
    by_rows = classifier(epochs=4, loss=of_keras(alpha=1.0), class_weight="balanced").fit(X, y)
    np.testing.assert_allclose(by_alpha.predict_proba(X), by_rows.predict_proba(X), atol=1e-5)
    neither = classifier(epochs=4, loss=of_keras(alpha=1.0)).fit(X, y)
    assert not np.allclose(neither.predict_proba(X), by_rows.predict_proba(X), atol=1e-2)


def test_binary(binary):
    X, y = binary

    def one_unit(meta):
        return keras.Sequential([keras.Input((4,)), keras.layers.Dense(1, activation="sigmoid")])

    for engine in ("fused", "keras"):
        clf = SnapshotEnsembleClassifier(
            one_unit, M=1, epochs=5, loss="binary_focal_crossentropy", random_state=0, engine=engine
        ).fit(X, y)
        assert clf.score(X, y) > 0.9
