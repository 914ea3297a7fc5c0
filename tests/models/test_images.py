"""Raw pixels, images of any size, any global setting of Keras."""

import keras
import numpy as np
import pytest

from skensemble.models import densenet

MEAN, STD = (125.3, 123.0, 113.9), (63.0, 62.1, 66.7)


@pytest.fixture
def raw():
    return np.random.default_rng(0).integers(0, 256, (5, 8, 8, 3)).astype("uint8")


def test_mean_and_std_normalise_raw_images(small, raw):
    build, parameters = small
    plain = build((8, 8, 3), 4, **parameters)
    model = build((8, 8, 3), 4, **parameters, mean=MEAN, std=STD)
    assert isinstance(model.layers[1], keras.layers.Normalization)
    model.set_weights(plain.get_weights())  # it has none more
    expected = plain(((raw - np.asarray(MEAN)) / STD).astype("float32"))
    np.testing.assert_allclose(model(raw), expected, atol=2e-6)


@pytest.mark.parametrize(
    ("channels", "mean", "std"),
    [(3, MEAN, STD), (3, np.array(MEAN), np.array(STD)), (3, 128, 64.0), (1, [33.0], 78)],
    ids=["tuples", "arrays", "numbers", "one channel"],
)
def test_forms_of_mean_and_std(channels, mean, std):
    model = densenet((8, 8, channels), 2, depth=7, growth_rate=2, mean=mean, std=std)
    pixels = np.random.default_rng(0).uniform(0, 255, (2, 8, 8, channels)).astype("float32")
    expected = (pixels - np.asarray(mean)) / np.asarray(std)
    np.testing.assert_allclose(model.layers[1](pixels), expected, atol=1e-6)


@pytest.mark.parametrize(
    ("image", "n_classes"),
    [((4, 4, 1), 2), (np.array([5, 18, 13]), np.int64(100))],
    ids=["smallest", "odd"],
)
def test_any_size_and_number_of_classes(small, image, n_classes):
    build, parameters = small
    model = build(image, n_classes, **parameters)
    assert model.input_shape == (None, *image)
    proba = model(np.ones((2, *image), "float32")).numpy()
    assert proba.shape == (2, n_classes)
    np.testing.assert_allclose(proba.sum(axis=1), 1, rtol=1e-5)


def test_takes_shape_and_classes_from_meta(small):
    build, parameters = small
    meta = {"X_shape_": (100, 8, 6, 3), "n_classes_": 4}
    model = build(meta=meta, **parameters)
    assert (model.input_shape, model.output_shape) == ((None, 8, 6, 3), (None, 4))
    assert not model.compiled


def test_arguments_win_over_meta():
    meta = {"X_shape_": (100, 8, 6, 3), "n_classes_": 4}
    model = densenet((16, 16, 1), 2, depth=7, growth_rate=2, meta=meta)
    assert (model.input_shape, model.output_shape) == ((None, 16, 16, 1), (None, 2))


def test_half_precision_ends_in_float32(small):
    build, parameters = small
    keras.config.set_dtype_policy("mixed_float16")
    try:
        model = build((8, 8, 3), 4, **parameters, mean=MEAN, std=STD)
    finally:
        keras.config.set_dtype_policy("float32")
    assert model.get_layer("stem_conv").compute_dtype == "float16"
    assert model.get_layer("normalization").compute_dtype == "float32"
    assert model.outputs[0].dtype == "float32"


def test_colours_come_last_with_every_setting_of_keras(small):
    build, parameters = small
    model = build((8, 12, 3), 4, **parameters)
    keras.config.set_image_data_format("channels_first")
    try:
        other = build((8, 12, 3), 4, **parameters)
    finally:
        keras.config.set_image_data_format("channels_last")
    other.set_weights(model.get_weights())
    X = np.random.default_rng(0).normal(size=(2, 8, 12, 3)).astype("float32")
    np.testing.assert_allclose(other(X), model(X), atol=1e-6)
