"""Recipes: estimators with the published settings."""

import random

import keras
import numpy as np
import pytest
from sklearn.base import clone

from skensemble import SnapshotEnsembleClassifier, TransferSnapshotClassifier, models, recipes

# name: builder, its parameters, M, epochs, alpha_zero, batch size; from the paper, the README of
# snapshot-ensembles, and the tables of keras_ensemble_cifar10.
WRN, DENSE, NEXT = models.wide_resnet, models.densenet, models.resnext
PUBLISHED = {
    "wrn-16-4": (WRN, {"depth": 16, "width": 4}, 5, 200, 0.1, 128),
    "wrn-28-8": (WRN, {"depth": 28, "width": 8}, 5, 200, 0.1, 128),
    "densenet-40-12": (DENSE, {"depth": 40, "growth_rate": 12}, 6, 300, 0.2, 64),
    "densenet-100-24": (DENSE, {"depth": 100, "growth_rate": 24}, 6, 300, 0.2, 64),
    "wrn-28-10": (WRN, {"depth": 28, "width": 10}, 5, 250, 0.1, 128),
    "densenet-bc-160-24": (
        DENSE,
        {"depth": 160, "growth_rate": 24, "bottleneck": True},
        5,
        250,
        0.1,
        64,
    ),
    "resnext-29-8x64d": (NEXT, {"depth": 29, "cardinality": 8, "width": 64}, 5, 250, 0.1, 120),
    "se-resnext-29-4x64d": (
        NEXT,
        {"depth": 29, "cardinality": 4, "width": 64, "se": True},
        5,
        250,
        0.1,
        120,
    ),
}
# Small enough to train here; all other settings are the published ones.
SMALL = {
    WRN: {"model__depth": 10, "model__width": 1},
    DENSE: {"model__depth": 10, "model__growth_rate": 4},
    NEXT: {"model__depth": 11, "model__cardinality": 1, "model__width": 4},
}


@pytest.fixture(scope="module")
def images():
    """Three classes, a colour each: uint8 (60, 8, 8, 3) and str labels."""
    rng = np.random.default_rng(0)
    y = np.repeat(np.arange(3), 20)
    X = rng.integers(0, 150, size=(60, 8, 8, 3), dtype=np.uint8)
    X[np.arange(60), :, :, y] += 80
    return X, np.array(["red", "green", "blue"])[y]


def test_names():
    focal = {f"{name}-focal" for name in list(PUBLISHED)[4:]}
    assert set(recipes.names()) == {*PUBLISHED, *focal, "inception-v3-transfer"}


@pytest.mark.parametrize("name", PUBLISHED)
def test_settings_are_the_published_ones(name):
    builder, parameters, M, epochs, alpha_zero, batch_size = PUBLISHED[name]
    clf = recipes.make(name)
    assert type(clf) is SnapshotEnsembleClassifier
    found = {p: v for p, v in clf.get_params(deep=False).items() if p.startswith("model__")}
    expected = {
        f"model__{p}": v
        for p, v in {
            **parameters,
            "mean": (125.3, 123.0, 113.9),
            "std": (63.0, 62.1, 66.7),
        }.items()
    }
    assert found == expected
    assert clf.model is builder
    assert (clf.M, clf.epochs, clf.alpha_zero, clf.batch_size) == (
        M,
        epochs,
        alpha_zero,
        batch_size,
    )
    assert clf.validation_fraction * 50_000 == pytest.approx(1_000)
    assert clf.optimizer is None  # SGD with Nesterov momentum 0.9
    assert clf.loss is None


@pytest.mark.parametrize("name", [name for name in recipes.names() if name.endswith("-focal")])
def test_focal_recipes_differ_in_the_loss_only(name):
    focal, plain = recipes.make(name), recipes.make(name.removesuffix("-focal"))
    assert isinstance(focal.loss, keras.losses.CategoricalFocalCrossentropy)
    assert (focal.loss.alpha, focal.loss.gamma) == (0.25, 2.0)
    ours, theirs = focal.get_params(deep=False), plain.get_params(deep=False)
    differ = {name for name in ours if ours[name] != theirs[name]}
    assert differ == {"loss", "augmentation"}  # two layers are never equal


def test_augmentation_of_either_source():
    X = np.arange(8 * 12 * 12 * 3, dtype="float32").reshape(8, 12, 12, 3) % 251 + 1
    for name, fills in (("wrn-16-4", True), ("wrn-28-10", False)):
        layer = recipes.make(name, input_size=(12, 12)).augmentation
        augmented = np.asarray(layer(X, training=True))
        assert not np.array_equal(augmented, X)
        # The paper pads with the mean; keras_ensemble_cifar10 fills by reflection.
        assert (augmented == np.float32(120.7)).any() == fills


def test_transfer_is_that_of_keras_ensemble_cifar10():
    clf = recipes.make("inception-v3-transfer", random_state=0)
    assert type(clf) is TransferSnapshotClassifier
    assert (clf.backbone, clf.weights, clf.image_size) == ("InceptionV3", "imagenet", (96, 96))
    assert (clf.head_units, clf.warmup_epochs, clf.unfreeze_from) == (1024, 100, 249)
    assert (clf.epochs, clf.alpha_zero) == (10, 1e-4)


@pytest.mark.parametrize("name", ["wrn-16-4", "densenet-40-12", "se-resnext-29-4x64d-focal"])
@pytest.mark.filterwarnings("ignore:Cycle:sklearn.exceptions.ConvergenceWarning")
def test_trains(images, name):
    X, y = images
    small = {
        "input_size": (8, 8),
        "epochs": 2,
        "M": 2,
        "batch_size": 20,
        "validation_fraction": 6,
        "engine": "keras",  # for which TensorFlow prepares a network faster
        "random_state": 0,
    }
    clf = recipes.make(name, **small, **SMALL[recipes.make(name).model])
    assert set(clone(clf).fit(X, y).predict(X)) <= {"red", "green", "blue"}
    assert clf.model__mean == (125.3, 123.0, 113.9)


def test_a_recipe_cannot_be_changed():
    with pytest.raises(TypeError):
        recipes.get("wrn-16-4").params["M"] = 99
    recipes.make("wrn-16-4").set_params(M=99)
    assert recipes.make("wrn-16-4").M == 5


def test_any_parameter_can_be_replaced():
    clf = recipes.make("wrn-16-4", M=3, augmentation=None, model=models.mlp, loss="mse")
    assert (clf.M, clf.augmentation, clf.model, clf.loss) == (3, None, models.mlp, "mse")
    assert recipes.make("wrn-16-4").M == 5


def test_names_its_source():
    for name in recipes.names():
        recipe = recipes.get(name)
        assert recipe.name == name
        assert recipe.summary
        assert recipe.source
        assert recipe.published
    assert recipes.get("wrn-28-10").published.startswith("96.50%")
    assert recipes.get("wrn-28-10-focal").published.startswith("95.50%")


def test_unknown():
    with pytest.raises(ValueError) as caught:
        recipes.get("wrn-28-12")
    assert str(caught.value).startswith("recipe must be one of 'wrn-16-4', 'wrn-28-8', ")
    assert str(caught.value).endswith(", got 'wrn-28-12' instead: did you mean 'wrn-28-10'.")
    with pytest.raises(ValueError, match=r"got 7 instead: skensemble.recipes.names\(\) lists them"):
        recipes.make(7)


def test_does_not_use_global_random_numbers():
    state = random.getstate()
    recipes.make("wrn-28-10-focal")
    assert random.getstate() == state
