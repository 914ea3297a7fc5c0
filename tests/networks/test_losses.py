"""What a loss wants to be given."""

import functools

import keras
import pytest

from skensemble.networks._losses import losses_differ, only, takes_logits, takes_one_hot

SPARSE = [
    "sparse_categorical_crossentropy",
    "SparseCategoricalCrossentropy",
    keras.losses.sparse_categorical_crossentropy,
    keras.losses.SparseCategoricalCrossentropy,
    keras.losses.SparseCategoricalCrossentropy(),
    functools.partial(keras.losses.sparse_categorical_crossentropy, from_logits=True),
    lambda y, p: keras.losses.sparse_categorical_crossentropy(y, p),
]
ONE_HOT = [
    "categorical_crossentropy",
    "categorical_focal_crossentropy",
    "mse",
    "kl_divergence",
    "categorical_hinge",
    "poisson",
    keras.losses.CategoricalFocalCrossentropy(),
    keras.losses.CategoricalGeneralizedCrossEntropy(),
    functools.partial(keras.losses.categorical_crossentropy, label_smoothing=0.1),
    lambda y, p: keras.losses.categorical_crossentropy(y, p),
]


@pytest.mark.parametrize("n_units", [2, 3, 10])
def test_targets(n_units):
    for loss in SPARSE:
        assert not takes_one_hot(loss, n_units), loss
    for loss in ONE_HOT[:-1] + ONE_HOT[-1:]:
        if getattr(loss, "name", "") == "categorical_generalized_cross_entropy":
            continue  # takes class indices, in spite of its name
        assert takes_one_hot(loss, n_units), loss


def test_logits():
    yes = [
        keras.losses.SparseCategoricalCrossentropy(from_logits=True),
        keras.losses.BinaryCrossentropy(from_logits=True),
        functools.partial(keras.losses.categorical_crossentropy, from_logits=True),
    ]
    no = ["mse", keras.losses.SparseCategoricalCrossentropy(), keras.losses.kl_divergence]
    assert [takes_logits(loss) for loss in yes + no] == [True] * 3 + [False] * 3


def test_names():
    same = ["sparse_categorical_crossentropy", keras.losses.SparseCategoricalCrossentropy()]
    assert not losses_differ(*same)
    assert not losses_differ("mse", keras.losses.MeanSquaredError)
    assert losses_differ("mse", "mae")
    # A partial has no name: nothing is sure.
    assert not losses_differ("mse", functools.partial(keras.losses.mean_absolute_error))


def test_single_losses_in_containers():
    assert only(["mse"]) == only({"out": "mse"}) == only("mse") == "mse"
