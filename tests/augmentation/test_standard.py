import numpy as np
import pytest
from scipy import stats

from skensemble._validation import must_be
from skensemble.augmentation import standard_augmentation

SIZE = (6, 9)


def make_images(n_images, size=SIZE):
    """The same image, no two pixels of it alike: float32 of shape (n, *size, 1)."""
    image = np.arange(1, np.prod(size) + 1, dtype="float32").reshape(*size, 1)
    return np.repeat(image[None], n_images, axis=0)


def augment(images, **arguments):
    layer = standard_augmentation(image_size=images.shape[1:3], seed=0, **arguments)
    return np.asarray(layer(images, training=True))


@pytest.mark.parametrize("padding", [1, 2])
def test_crops_are_uniform(padding):
    n = 2500
    images = make_images(n)
    edges = ((padding, padding), (padding, padding), (0, 0))
    padded = np.pad(images[0], edges, constant_values=-5)
    side = 2 * padding + 1
    crops = {
        padded[top : top + SIZE[0], left : left + SIZE[1]].tobytes(): 0
        for top, left in np.ndindex(side, side)
    }
    for image in augment(images, padding=padding, flip=False, fill_value=-5):
        crops[image.tobytes()] += 1  # a KeyError for what is no crop
    low, high = stats.binom.interval(1 - 1e-6, n, 1 / side**2)
    assert all(low <= count <= high for count in crops.values())


def test_every_second_image_is_flipped():
    n = 1000
    images = make_images(n)
    out = augment(images, padding=0)
    is_flipped = (out == images[:, :, ::-1]).all(axis=(1, 2, 3))
    assert (is_flipped | (out == images).all(axis=(1, 2, 3))).all()
    low, high = stats.binom.interval(1 - 1e-6, n, 0.5)
    assert low <= is_flipped.sum() <= high


def test_crops_and_flips_are_independent():
    n = 2000
    out = augment(make_images(n, (8, 8)), padding=1)
    # A flip shows in the order of the middle columns, a move to the side in their values.
    is_flipped = out[:, 4, 3, 0] > out[:, 4, 4, 0]
    columns = np.sort((out[:, 4, 3:5, 0] - 1) % 8, axis=1)[:, 0]
    for move in (2, 3, 4):
        chosen = columns == move
        low, high = stats.binom.interval(1 - 1e-6, chosen.sum(), 0.5)
        assert low <= is_flipped[chosen].sum() <= high


def test_shifts_reach_the_share_of_the_image():
    n, size = 400, (16, 24)
    rows = np.broadcast_to(np.arange(16.0)[:, None, None], (*size, 1))
    columns = np.broadcast_to(np.arange(24.0)[None, :, None], (*size, 1))
    image = np.concatenate([rows, columns], axis=-1).astype("float32")
    out = augment(np.repeat(image[None], n, axis=0), padding=0, flip=False, shift=0.125)
    # In the middle, the value of a pixel is its old position.
    moves = out[:, 8, 12] - [8, 12]
    for axis, reach in enumerate((2, 3)):
        assert np.abs(moves[:, axis]).max() <= reach + 1e-4
        assert stats.kstest(moves[:, axis], "uniform", (-reach, 2 * reach)).pvalue > 1e-6
    # What comes from outside is the reflected edge (d c b a | a b c d): nothing is below 0.
    assert out.min() >= 0


def test_normalises_by_channel_in_training_and_prediction():
    images = np.random.default_rng(0).integers(0, 256, (4, *SIZE, 3)).astype("float32")
    mean, std = np.float32([125.3, 123.0, 113.9]), np.float32([63.0, 62.1, 66.7])
    layer = standard_augmentation(0, False, mean=mean, std=std, image_size=SIZE)
    for training in (True, False):
        np.testing.assert_allclose(
            layer(images, training=training), (images - mean) / std, rtol=1e-5, atol=1e-5
        )
    layer = standard_augmentation(0, False, mean=100, std=mean, image_size=SIZE)
    np.testing.assert_allclose(layer(images), (images - 100) / mean, rtol=1e-5, atol=1e-5)
    layer = standard_augmentation(0, False, mean=100, std=50, image_size=SIZE)
    np.testing.assert_allclose(layer(images), (images - 100) / 50, rtol=1e-5, atol=1e-5)


def test_consists_of_keras_layers():
    layer = standard_augmentation(shift=0.125, mean=100, std=50)
    names = ["InputLayer", "RandomTranslation", "RandomFlip", "RandomTranslation", "Normalization"]
    assert [type(part).__name__ for part in layer.layers] == names
    assert all(type(part).__module__.startswith("keras.") for part in layer.layers)
    assert type(layer).__module__.startswith("keras.")


def test_without_operations_images_stay_the_same():
    images = make_images(3)
    np.testing.assert_array_equal(augment(images, padding=0, flip=False), images)


def test_refuses_images_of_another_size():
    layer = standard_augmentation(image_size=(8, 8))
    with pytest.raises(ValueError, match=r"expected shape=\(None, 8, 8, None\)"):
        layer(np.zeros((2, 16, 16, 3), dtype="float32"), training=True)


FIX_SIZE = "(32, 32) is that of CIFAR"


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        (
            {"padding": -1},
            ValueError,
            must_be("padding", "an integer of at least 0", -1, "the usual choice is 4"),
        ),
        (
            {"padding": 8, "image_size": (8, 10)},
            ValueError,
            must_be(
                "padding",
                "less than the 8 pixels of image_size",
                8,
                "give the size of the images as image_size",
            ),
        ),
        (
            {"flip": 1},
            TypeError,
            must_be("flip", "True or False", 1, "True flips every second image"),
        ),
        (
            {"shift": 1.0},
            ValueError,
            must_be("shift", "below 1", 1.0, "0.125 is an eighth of the image"),
        ),
        (
            {"mean": 1.0},
            ValueError,
            must_be("std", "given together with mean", None, "pass both, or neither"),
        ),
        (
            {"mean": (1.0, 2.0), "std": (1.0, 2.0, 3.0)},
            ValueError,
            must_be(
                "std",
                "positive and finite, one number for all or one for each of the 2 channels",
                (1.0, 2.0, 3.0),
                "X.std(axis=(0, 1, 2)) has them, in the units of X",
            ),
        ),
        (
            {"mean": 1.0, "std": 0.0},
            ValueError,
            must_be(
                "std",
                "positive and finite, one number for all or one for the channel",
                0.0,
                "X.std(axis=(0, 1, 2)) has them, in the units of X",
            ),
        ),
        (
            {"fill_value": (1, 2, 3)},
            ValueError,
            must_be(
                "fill_value", "a single number", [1.0, 2.0, 3.0], "Keras pads all channels alike"
            ),
        ),
        (
            {"image_size": 32},
            TypeError,
            must_be("image_size", "(height, width) in pixels", 32, FIX_SIZE),
        ),
        (
            {"image_size": (32, 0)},
            ValueError,
            must_be("each of image_size", "an integer of at least 1", 0, FIX_SIZE),
        ),
    ],
)
def test_refuses_arguments(arguments, error, message):
    with pytest.raises(error) as caught:
        standard_augmentation(**arguments)
    assert str(caught.value) == message
