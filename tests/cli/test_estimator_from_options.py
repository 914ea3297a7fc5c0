"""From options to an estimator: nothing is trained here."""

from dataclasses import fields
from types import SimpleNamespace

import keras
import numpy as np
import pytest

from skensemble import models
from skensemble.cli._architectures import check_same_architecture
from skensemble.cli._estimator_from_options import (
    EstimatorOptions,
    check_options,
    make_estimator,
    read_parameters,
)
from skensemble.cli._option_groups import NetworkFlags, NetworkOptions, TrainingOptions

IMAGES = np.random.default_rng(0).integers(0, 256, (50, 8, 8, 3)).astype(np.uint8)
TABLE = np.random.default_rng(1).normal(3, [1, 2, 50], (50, 3)).astype(np.float32)


def options_of(given):
    """Groups of options, each with those of its fields that are given."""
    groups = [
        kind(**{field.name: given[field.name] for field in fields(kind) if field.name in given})
        for kind in (NetworkOptions, TrainingOptions, NetworkFlags)
    ]
    return EstimatorOptions(*groups)


def made(X=IMAGES, **given):
    clf, model, notes = make_estimator(options_of(given), X)
    return SimpleNamespace(estimator=clf, model=model, notes=notes)


@pytest.mark.parametrize(
    ("model", "builder", "parameters", "batch_size"),
    [
        ("wrn", models.wide_resnet, {"depth": 16, "width": 4}, 128),
        ("dn", models.densenet, {"depth": 40, "growth_rate": 12}, 64),
        ("resnext", models.resnext, {"depth": 29, "cardinality": 8, "width": 64}, 120),
        ("senet", models.resnext, {"depth": 29, "cardinality": 4, "width": 64, "se": True}, 120),
    ],
)
def test_networks_for_images(model, builder, parameters, batch_size):
    prepared = made(model=model)
    clf = prepared.estimator
    assert clf.model is builder
    params = clf.get_params()
    assert {name: params[f"model__{name}"] for name in parameters} == parameters
    assert prepared.model["parameters"] == parameters
    assert (clf.M, clf.epochs, clf.alpha_zero, clf.batch_size) == (5, 200, 0.1, batch_size)


def test_defaults_follow_the_rows():
    assert made(IMAGES).model["name"] == "wrn"
    prepared = made(TABLE)
    assert prepared.model["name"] == "mlp"
    assert (prepared.estimator.epochs, prepared.estimator.batch_size) == (50, 32)


def test_both_spellings_of_snapshot_ensembles():
    old = made(model="wrn", wrn_N=4, wrn_k=10, dn_depth=100)
    new = made(model="wrn", depth=28, width=10)
    assert old.model["parameters"] == new.model["parameters"] == {"depth": 28, "width": 10}
    assert old.notes == ["--dn_depth is not for --model wrn: it is left aside"]
    assert new.notes == []
    old = made(model="dn", dn_depth=100, dn_growth_rate=24, wrn_k=4)
    assert old.model["parameters"] == {"depth": 100, "growth_rate": 24}
    assert old.notes == ["--wrn_k is not for --model dn: it is left aside"]


def test_recipes_and_what_changes_them():
    prepared = made(recipe="wrn-28-10", epochs=3, width=2, dropout=0.3)
    clf = prepared.estimator
    assert (clf.M, clf.epochs, clf.batch_size, clf.validation_fraction) == (5, 3, 128, 0.02)
    params = clf.get_params()
    assert [params[f"model__{name}"] for name in ("depth", "width", "dropout")] == [28, 2, 0.3]
    assert params["model__mean"] == (125.3, 123.0, 113.9)
    assert prepared.model["name"] == "wrn"
    assert prepared.model["recipe"] == "wrn-28-10"
    assert prepared.model["parameters"] == {"depth": 28, "width": 2, "dropout": 0.3}
    # The augmentation is one for images of this size.
    assert clf.augmentation.input_shape[1:3] == (8, 8)
    assert made(recipe="wrn-28-10", augmentation="none").estimator.augmentation is None
    names = {"se-resnext-29-4x64d": "senet", "densenet-40-12": "dn"}
    for recipe, name in names.items():
        assert made(recipe=recipe).model["name"] == name


def test_a_default_of_the_network_changes_a_recipe():
    prepared = made(recipe="wrn-28-10", depth=16, width=4)
    params = prepared.estimator.get_params()
    assert (params["model__depth"], params["model__width"]) == (16, 4)
    assert prepared.model["parameters"]["depth"] == 16


def test_the_recipe_of_a_backbone():
    prepared = made(recipe="inception-v3-transfer", set=["weights=None", "head_units=8"])
    clf = prepared.estimator
    assert type(clf).__name__ == "TransferSnapshotClassifier"
    assert (clf.weights, clf.head_units, clf.unfreeze_from) == (None, 8, 249)
    assert prepared.model["name"] == "transfer"
    assert prepared.model["parameters"]["head_units"] == 8


def test_statistics_of_the_recipe_or_of_the_data():
    mean = IMAGES.reshape(-1, 3).mean(axis=0)
    for options in ({}, {"recipe": "wrn-16-4", "normalize": "data"}):
        prepared = made(**options)
        np.testing.assert_allclose(prepared.estimator.get_params()["model__mean"], mean)
        np.testing.assert_allclose(prepared.model["mean"], mean)
    assert made(recipe="wrn-16-4", normalize="none").estimator.get_params()["model__std"] is None
    assert made(normalize="none").model["mean"] is None


def test_a_table_is_scaled_in_the_network():
    prepared = made(TABLE)
    assert prepared.estimator.model is models.mlp
    mean = TABLE.mean(axis=0, dtype=float)
    np.testing.assert_allclose(prepared.estimator.get_params()["model__mean"], mean)


@pytest.mark.parametrize(
    ("given", "expected"),
    [("0.2", 0.2), ("1e-1", 0.1), ("200", 200), ("none", None)],
)
def test_validation_fractions(given, expected):
    found = made(validation_fraction=given).estimator.validation_fraction
    assert found == expected
    assert type(found) is type(expected)


def test_weightings():
    assert made(weighting="greedy").estimator.weighting == "greedy"
    assert made(weighting="0.2,0.3,0.5").estimator.weighting == [0.2, 0.3, 0.5]
    assert made().estimator.weighting == "log_loss"
    # Without rows to learn on, weights are equal unless others are asked for.
    assert made(validation_fraction="none").estimator.weighting == "uniform"
    assert made(validation_fraction="none", recipe="wrn-16-4").estimator.weighting == "uniform"
    asked = made(validation_fraction="none", weighting="greedy").estimator
    assert (asked.weighting, asked.validation_fraction) == ("greedy", None)


def test_losses():
    assert made().estimator.loss is None
    assert made(loss="cross-entropy").estimator.loss is None
    focal = made(loss="focal", label_smoothing=0.1).estimator.loss
    assert isinstance(focal, keras.losses.CategoricalFocalCrossentropy)
    assert (focal.alpha, focal.gamma, focal.label_smoothing) == (0.25, 2.0, 0.1)
    smooth = made(label_smoothing=0.2).estimator.loss
    assert isinstance(smooth, keras.losses.CategoricalCrossentropy)
    assert smooth.label_smoothing == 0.2
    assert made(loss="kl_divergence").estimator.loss == "kl_divergence"


def test_the_loss_of_a_recipe():
    focal = made(recipe="wrn-28-10-focal", label_smoothing=0.1).estimator.loss
    assert isinstance(focal, keras.losses.CategoricalFocalCrossentropy)
    assert focal.label_smoothing == 0.1
    assert made(recipe="wrn-28-10-focal", loss="cross-entropy").estimator.loss is None


def test_augmentations():
    layer = made(augmentation="cutout,autoaugment,standard", normalize="data").estimator
    kinds = [type(found).__name__ for found in layer.augmentation.layers]
    assert kinds == ["AutoAugment", "RandomTranslation", "RandomFlip", "Cutout"]
    cutout = layer.augmentation.layers[-1]
    assert cutout.size == 4  # half of a small image
    np.testing.assert_allclose(cutout.fill_value, IMAGES.reshape(-1, 3).mean(axis=0))
    assert made(augmentation="none").estimator.augmentation is None


def test_other_parameters():
    given = ["n_last=2", "optimizer=adam", "optimizer__beta_1=0.8", "model__units=(8, 8)"]
    assert read_parameters(given) == {
        "n_last": 2,
        "optimizer": "adam",
        "optimizer__beta_1": 0.8,
        "model__units": (8, 8),
    }
    assert made(TABLE, set=given).estimator.get_params()["optimizer__beta_1"] == 0.8


@pytest.mark.parametrize(("model", "builder"), [("wrn", "wide_resnet"), ("resnext", "resnext")])
@pytest.mark.parametrize("depth", [1, 12, 17])
def test_depths_are_refused_as_the_builder_refuses_them(model, builder, depth):
    build = getattr(models, builder)
    with pytest.raises(ValueError) as expected:
        build((32, 32, 3), 10, depth=depth)
    with pytest.raises(ValueError) as caught:
        check_options(options_of({"model": model, "depth": depth}))
    assert str(caught.value) == str(expected.value)


@pytest.mark.parametrize("bottleneck", [False, True])
def test_depths_of_densenet(bottleneck):
    for depth in (12, 14, 20):
        with pytest.raises(ValueError) as expected:
            models.densenet((32, 32, 3), 10, depth=depth, bottleneck=bottleneck)
        given = {"model": "dn", "depth": depth, "bottleneck": bottleneck}
        with pytest.raises(ValueError) as caught:
            check_options(options_of(given))
        assert str(caught.value) == str(expected.value)


def test_training_is_checked_without_a_network():
    with pytest.raises(ValueError, match="^M must be an integer of at least 1, got 0 instead"):
        check_options(options_of({"depth": 16, "snapshots": 0, "set": ["model__width=2"]}))
    check_options(options_of({"depth": 16, "set": ["model__width=2"]}))


WRN = {"name": "wrn", "parameters": {"depth": 10, "width": 1}}


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"model": "dn"}, "RUN r must be a run of --model dn, got one of --model wrn"),
        ({"wrn_N": 2}, "depth of the network of r must be 16, got 10"),
        ({"model": "wrn", "wrn_k": 4}, "width of the network of r must be 4, got 1"),
        ({"growth_rate": 12}, "growth_rate of the network of r must be 12, got None"),
    ],
)
def test_a_run_of_another_architecture(given, message):
    options = options_of(given)
    with pytest.raises(ValueError) as caught:
        check_same_architecture("r", WRN, options.network, options.flags)
    fix = "leave the option out, or give the run that was trained so"
    assert str(caught.value) == f"{message} instead: {fix}."


def test_a_run_of_the_same_architecture():
    given = {"model": "wrn", "wrn_N": 1, "wrn_k": 1, "dn_depth": 40, "dn_growth_rate": 12}
    options = options_of(given)
    check_same_architecture("r", WRN, options.network, options.flags)
