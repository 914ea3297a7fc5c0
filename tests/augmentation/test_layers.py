"""Properties of all three layers: seeds, graphs, files, prediction."""

import random

import keras
import numpy as np
import pytest
import tensorflow as tf

from skensemble._validation import Described, must_be
from skensemble.augmentation import AutoAugment, Cutout, standard_augmentation
from skensemble.networks._fingerprint import fingerprint_of_network

SHAPE = (12, 10, 3)
MAKERS = {
    "AutoAugment": lambda seed=0: AutoAugment(seed=seed),
    "Cutout": lambda seed=0: Cutout(size=6, seed=seed),
    "standard": lambda seed=0: standard_augmentation(2, shift=0.1, image_size=(12, 10), seed=seed),
}
OWN = ["AutoAugment", "Cutout"]


@pytest.fixture(params=MAKERS)
def make(request):
    return MAKERS[request.param]


@pytest.fixture(scope="module")
def images():
    images = np.random.default_rng(0).integers(0, 256, (24, *SHAPE), dtype="uint8")
    images.setflags(write=False)
    return images


def train(layer, images):
    return np.asarray(layer(images, training=True))


def test_seeds(make, images):
    layer, twin, other = make(), make(), make(seed=1)
    first, second = train(layer, images), train(layer, images)
    assert not np.array_equal(first, second)
    np.testing.assert_array_equal(first, train(twin, images))
    np.testing.assert_array_equal(second, train(twin, images))
    assert not np.array_equal(first, train(other, images))
    # A layer made from the configuration starts from the beginning.
    again = type(layer).from_config(layer.get_config())
    np.testing.assert_array_equal(first, train(again, images))


def test_images_are_changed_differently(make, images):
    out = train(make(), np.repeat(images[:1], 24, axis=0))
    assert len({image.tobytes() for image in out}) > 8


def test_keeps_the_shape_and_gives_its_dtype(make, images):
    out = make()(images, training=True)
    assert tuple(out.shape) == images.shape
    assert keras.backend.standardize_dtype(out.dtype) == "float32"
    symbolic = make()(keras.Input(SHAPE, dtype="uint8"))
    assert symbolic.shape == (None, *SHAPE)
    assert symbolic.dtype == "float32"


@pytest.mark.parametrize("dtype", ["uint8", "float32", "int64"])
def test_does_nothing_at_prediction(make, images, dtype):
    layer = make()
    images = images.astype(dtype) + (np.float32(0.3) if dtype == "float32" else 0)
    np.testing.assert_array_equal(layer(images, training=False), images)
    model = keras.Sequential([keras.Input(SHAPE), layer])
    np.testing.assert_array_equal(model.predict(images, verbose=0), images.astype("float32"))
    # And draws nothing.
    np.testing.assert_array_equal(train(layer, images), train(make(), images))


@pytest.mark.parametrize("n_images", [0, 1])
def test_small_batches(make, images, n_images):
    assert train(make(), images[:n_images]).shape == (n_images, *SHAPE)


@pytest.mark.parametrize("name", OWN)
def test_one_image_without_rows(name, images):
    out = train(MAKERS[name](), images[0])
    np.testing.assert_array_equal(out, train(MAKERS[name](), images[:1])[0])


def test_every_run_of_a_graph_draws_again(make, images):
    layer = make()
    graph = tf.function(lambda x: layer(x, training=True))
    first, second = np.asarray(graph(images)), np.asarray(graph(images))
    assert not np.array_equal(first, second)
    twin = make()
    np.testing.assert_array_equal(first, train(twin, images))
    np.testing.assert_array_equal(second, train(twin, images))


def test_works_in_a_pipeline(make, images):
    layer = make()
    data = tf.data.Dataset.from_tensor_slices(images.astype("float32")).batch(12)
    first, second = data.map(lambda x: layer(x, training=True))
    both = np.concatenate([first, second])
    assert both.shape == images.shape
    assert not np.array_equal(both, images)


def test_works_in_fit_and_is_off_in_evaluate(make, images):
    model = keras.Sequential([keras.Input(SHAPE), make(), keras.layers.Flatten(), dense()])
    model.compile("sgd", "mse")
    y = images.reshape(len(images), -1)[:, :1].astype("float32") / 255
    model.fit(images, y, epochs=1, batch_size=12, verbose=0)
    assert model.evaluate(images, y, verbose=0) == model.evaluate(images, y, verbose=0)


def dense():
    return keras.layers.Dense(1, kernel_initializer="zeros")


def test_survives_a_file(make, images, tmp_path):
    model = keras.Sequential([keras.Input(SHAPE), make()])
    model.save(tmp_path / "model.keras")
    loaded = keras.saving.load_model(tmp_path / "model.keras")
    np.testing.assert_array_equal(train(loaded, images), train(make(), images))


def test_leaves_global_random_numbers_alone(make, images):
    random.seed(1), np.random.seed(1), keras.utils.set_random_seed(1)  # noqa: NPY002
    before = random.getstate(), np.random.get_state()[1].tolist()  # noqa: NPY002
    train(make(), images)
    assert (random.getstate(), np.random.get_state()[1].tolist()) == before  # noqa: NPY002


def test_leaves_the_images_alone(make, images):
    floats = images.astype("float32")
    train(make(), floats)
    np.testing.assert_array_equal(floats, images)


def test_fingerprints_of_networks_differ(make):
    def network(layer):
        return keras.Sequential([keras.Input(SHAPE), layer, keras.layers.Flatten()])

    fingerprint = fingerprint_of_network(network(make()))
    assert fingerprint is not None
    assert fingerprint == fingerprint_of_network(network(make(seed=1)))
    others = [AutoAugment("cifar10", "torchvision"), AutoAugment(fill_value=3), Cutout(4), Cutout()]
    others += [standard_augmentation(1, image_size=SHAPE[:2])]
    assert fingerprint not in [fingerprint_of_network(network(other)) for other in others]


@pytest.mark.parametrize("name", OWN)
@pytest.mark.parametrize("policy", ["mixed_bfloat16", "mixed_float16"])
def test_mixed_precision(name, policy, images):
    layer, plain = MAKERS[name](), MAKERS[name]()
    half = type(layer)(**{**layer.get_config(), "dtype": policy, "name": None})
    out = half(images, training=True)
    assert keras.backend.standardize_dtype(out.dtype) == policy.removeprefix("mixed_")
    np.testing.assert_array_equal(np.asarray(tf.cast(out, "float32")), train(plain, images))


@pytest.mark.parametrize("name", OWN)
@pytest.mark.parametrize(
    ("shape", "message"),
    [
        (
            (4, 8),
            must_be(
                "images",
                "of shape (rows, height, width, channels), or (height, width, channels)",
                Described("shape (4, 8)"),
                "give an image its axis of channels, as in X[..., np.newaxis]",
            ),
        ),
        (
            (2, None, 8, 3),
            must_be(
                "images",
                "of one size, known in advance",
                Described("shape (2, None, 8, 3)"),
                "resize them, or set their shape, before this layer",
            ),
        ),
    ],
)
def test_refuses_shapes(name, shape, message):
    with pytest.raises(ValueError) as error:
        MAKERS[name]()(keras.Input(batch_shape=shape))
    assert message in str(error.value)
