"""The built-in network."""

import re

import keras
import numpy as np
import pytest

from skensemble.models import mlp


def test_is_two_blocks_and_a_softmax():
    model = mlp((20,), 5)
    kinds = [type(layer).__name__ for layer in model.layers]
    block = ["Dense", "BatchNormalization", "ReLU"]
    assert kinds == ["InputLayer", *block, *block, "Dense"]
    assert model.output_shape == (None, 5)
    # Dense without bias, scale and shift of the norm: trainable; its two statistics: not
    trainable = 20 * 64 + 2 * 64 + 64 * 64 + 2 * 64 + 64 * 5 + 5
    assert sum(v.numpy().size for v in model.trainable_variables) == trainable
    assert model.count_params() == trainable + 4 * 64
    assert not model.compiled


def test_takes_shape_and_classes_from_meta():
    model = mlp(meta={"X_shape_": (100, 8, 8, 3), "n_classes_": 4}, units=7, dropout=0.5)
    assert model.input_shape == (None, 8, 8, 3)
    assert model.output_shape == (None, 4)
    kinds = [type(layer) for layer in model.layers]
    assert kinds.count(keras.layers.Dropout) == kinds.count(keras.layers.ReLU) == 1


@pytest.mark.parametrize("shape", [(3,), (4, 4, 3)], ids=["table", "image"])
def test_shifts_and_scales_its_input(shape):
    mean, std = [1.0, -200.0, 0.001], [2.0, 50.0, 0.01]
    X = np.random.default_rng(0).normal(mean, std, (20, *shape)).astype(np.float32)
    scaled = mlp(shape, 2, units=(4,), mean=mean, std=std)
    plain = mlp(shape, 2, units=(4,))
    plain.set_weights(scaled.get_weights())
    expected = plain((X - np.float32(mean)) / np.float32(std))
    np.testing.assert_allclose(scaled(X), expected, atol=1e-5)
    assert len(plain.layers) == len(scaled.layers) - 1


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        (
            {},
            ValueError,
            "input_shape must be given where there is no meta, got None instead: pass the shape of "
            "one row, (64,) for rows of 64 features.",
        ),
        (
            {"input_shape": (3,), "n_classes": 1},
            ValueError,
            "n_classes must be an integer of at least 2, got 1 instead: pass the number of "
            "classes.",
        ),
        (
            {"input_shape": (3,), "n_classes": 3, "units": (8, 0)},
            ValueError,
            "units must be an integer of at least 1, got 0 instead: pass the width of each block, "
            "as in (64, 64).",
        ),
        (
            {"input_shape": (3,), "n_classes": 3, "dropout": 1.0},
            ValueError,
            "dropout must be below 1, got 1.0 instead: 0 drops nothing.",
        ),
        (
            {"input_shape": (3,), "n_classes": 3, "mean": 0.5},
            ValueError,
            "std must be given together with mean, got None instead: pass both, or neither.",
        ),
    ],
)
def test_refuses(arguments, error, message):
    with pytest.raises(error, match=f"^{re.escape(message)}$"):
        mlp(**arguments)
