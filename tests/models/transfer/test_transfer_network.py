import keras
import numpy as np
import pytest

from skensemble.backends import seeded
from skensemble.models.transfer import split_network, transfer_network
from skensemble.models.transfer._backbone import first_unfrozen, freeze
from skensemble.networks import fingerprint_of_network

RNG = np.random.default_rng(0)


def convolutions(size=(8, 8), channels=3):
    with seeded(1):
        return keras.Sequential(
            [
                keras.Input((*size, channels)),
                keras.layers.Conv2D(4, 3, name="first"),
                keras.layers.BatchNormalization(name="norm"),
                keras.layers.Conv2D(5, 3, name="last"),
            ],
            name="convolutions",
        )


def pixels(*shape):
    return RNG.integers(0, 256, shape).astype("float32")


def small(backbone, shape=(8, 8, 3), **kwargs):
    return transfer_network(shape, 3, **{"backbone": backbone, "head_units": 6, **kwargs})


def softmax_of(features, network, head_units=6):
    """The head, by hand."""
    *hidden, kernel, bias = (np.asarray(w) for w in network.get_weights()[-4:])
    if head_units:
        features = np.maximum(features @ hidden[0] + hidden[1], 0)
    logits = features @ kernel + bias
    exp = np.exp(logits - logits.max(axis=1, keepdims=True))
    return exp / exp.sum(axis=1, keepdims=True)


def test_the_head_gets_pooled_features():
    backbone = convolutions()
    network = small(backbone)
    X = pixels(4, 8, 8, 3) / 255

    features = np.asarray(backbone(X)).mean(axis=(1, 2))
    np.testing.assert_allclose(network(X), softmax_of(features, network), rtol=1e-4)


def test_no_hidden_layer():
    network = small(convolutions(), head_units=0)

    assert network.output_shape == (None, 3)
    assert [w.path for w in network.weights][-2:] == [
        "transfer_probabilities/kernel",
        "transfer_probabilities/bias",
    ]
    assert network.count_params() == 3 * 3 * 3 * 4 + 4 + 4 * 4 + 3 * 3 * 4 * 5 + 5 + 5 * 3 + 3


def test_images_are_resized_to_the_size_of_the_backbone():
    backbone = convolutions()
    network = small(backbone, (20, 12, 3))
    X = pixels(4, 20, 12, 3) / 255

    resized = keras.ops.image.resize(X, (8, 8))
    features = np.asarray(backbone(resized)).mean(axis=(1, 2))
    np.testing.assert_allclose(network(X), softmax_of(features, network), rtol=1e-4)


@pytest.mark.parametrize("image_size", [(16, 10), None])
def test_a_backbone_of_any_size(image_size):
    backbone = convolutions((None, None))
    network = small(backbone, (12, 12, 3), image_size=image_size)

    X = pixels(4, 12, 12, 3) / 255
    images = X if image_size is None else keras.ops.image.resize(X, image_size)
    features = np.asarray(backbone(images)).mean(axis=(1, 2))
    np.testing.assert_allclose(network(X), softmax_of(features, network), rtol=1e-4)


@pytest.mark.parametrize("shape", [(8, 8), (8, 8, 1)])
def test_grey_images_get_three_colours(shape):
    backbone = convolutions()
    network = small(backbone, shape)
    X = pixels(4, 8, 8, 1) / 255

    features = np.asarray(backbone(np.repeat(X, 3, axis=3))).mean(axis=(1, 2))
    expected = softmax_of(features, network)
    np.testing.assert_allclose(network(X.reshape(4, *shape)), expected, rtol=1e-4)


def test_a_backbone_for_grey_images():
    network = small(convolutions(channels=1), (8, 8))

    assert network(pixels(4, 8, 8)).shape == (4, 3)


def test_features_are_not_pooled():
    backbone = keras.Sequential([keras.Input((5,)), keras.layers.Dense(4, name="dense")])
    network = small(backbone, (5,))
    X = RNG.random((4, 5), dtype=np.float32)

    np.testing.assert_allclose(network(X), softmax_of(np.asarray(backbone(X)), network), rtol=1e-4)


def test_sequences_are_pooled():
    backbone = keras.Sequential([keras.Input((7, 5)), keras.layers.Dense(4)])
    network = small(backbone, (7, 5))
    X = RNG.random((4, 7, 5), dtype=np.float32)

    features = np.asarray(backbone(X)).mean(axis=1)
    np.testing.assert_allclose(network(X), softmax_of(features, network), rtol=1e-4)


def test_takes_shape_and_classes_from_meta():
    meta = {"X_shape_": (50, 8, 8, 3), "n_classes_": 7}

    assert transfer_network(backbone=convolutions(), meta=meta).output_shape == (None, 7)


def test_split():
    network = small(convolutions())
    X = pixels(4, 8, 8, 3) / 255
    extractor, head, layers = split_network(network)

    np.testing.assert_allclose(head(extractor(X)), network(X), rtol=1e-5)
    assert [layer.name for layer in layers] == ["transfer_head", "transfer_probabilities"]
    assert all(mine is not theirs for mine, theirs in zip(head.layers, layers, strict=True))
    before = network.get_weights()
    head.set_weights([w + 1 for w in head.get_weights()])
    for mine, theirs in zip(network.get_weights(), before, strict=True):
        np.testing.assert_array_equal(mine, theirs)


def test_a_file_of_the_whole_network(tmp_path):
    network = small(convolutions(), (12, 12), unfreeze_from="last")
    network.save(tmp_path / "network.keras")
    loaded = keras.models.load_model(tmp_path / "network.keras")
    X = pixels(4, 12, 12) / 255

    np.testing.assert_array_equal(loaded(X), network(X))
    assert len(loaded.trainable_variables) == len(network.trainable_variables) == 6


def test_an_application_with_its_weights_from_a_file(tmp_path):
    with seeded(0):
        mobile = keras.applications.MobileNet(
            include_top=False, weights=None, input_shape=(32, 32, 3)
        )
    # With random weights, features are of the order of 1e-21.
    mobile.set_weights([7 * w if w.ndim == 4 else w for w in mobile.get_weights()])
    mobile.save_weights(tmp_path / "mobile.weights.h5")
    network = transfer_network(
        (28, 30),
        3,
        backbone="MobileNet",
        weights=tmp_path / "mobile.weights.h5",
        image_size=(32, 32),
        head_units=6,
        unfreeze_from=0.5,
    )
    X = pixels(3, 28, 30)

    images = np.repeat(keras.ops.image.resize(X[..., None], (32, 32)), 3, axis=3)
    features = np.asarray(mobile(keras.applications.mobilenet.preprocess_input(images)))
    assert features.std() > 0.01
    expected = softmax_of(features.mean(axis=(1, 2)), network)
    np.testing.assert_allclose(network(X), expected, rtol=1e-3)
    layers = network.get_layer("mobilenet_1.00_32").layers
    assert [layer.trainable for layer in layers] == [False] * 43 + [True] * 43
    assert fingerprint_of_network(network) is not None


def test_a_call_without_training_does_not_train():
    network = small(convolutions(), (20, 12, 3), unfreeze_from=0)
    before = network.get_weights()
    X = pixels(4, 20, 12, 3)

    np.testing.assert_array_equal(network(X), network(X, training=False))
    for mine, theirs in zip(network.get_weights(), before, strict=True):
        np.testing.assert_array_equal(mine, theirs)


@pytest.mark.parametrize("suffix", [".keras", ".h5", ".weights.h5"])
def test_files_of_weights(suffix, tmp_path):
    backbone, other = convolutions(), convolutions()
    other.set_weights([w + 1 for w in other.get_weights()])
    path = str(tmp_path / f"backbone{suffix}")
    (other.save_weights if suffix == ".weights.h5" else other.save)(path)

    network = small(backbone, weights=path)
    for mine, theirs in zip(network.get_weights(), other.get_weights(), strict=False):
        np.testing.assert_array_equal(mine, theirs)


def test_layers_of_keras_ensemble_cifar10_in_inception_v3():
    backbone = keras.applications.InceptionV3(
        include_top=False, weights=None, input_shape=(96, 96, 3)
    )
    layers = backbone.layers

    assert layers[248].name == "mixed8"
    for unfreeze_from in (249, 249 - len(layers), 0.8, layers[249].name):
        assert first_unfrozen(layers, unfreeze_from) == 249
    freeze(backbone, 249)
    trained = {v.path for v in backbone.trainable_variables}
    above = {v.path for layer in layers[249:] for v in layer.trainable_variables}
    assert trained == above
    assert len(trained) > 0


@pytest.mark.parametrize(
    ("unfreeze_from", "first"),
    [
        (None, 3),
        (0, 0),
        (2, 2),
        (-1, 2),
        (-3, 0),
        (np.int64(1), 1),
        (0.0, 0),
        (0.5, 2),
        (1.0, 3),
        (np.float32(0.7), 2),
        ("norm", 1),
    ],
)
def test_where_training_begins(unfreeze_from, first):
    backbone = convolutions()
    backbone.trainable = False

    freeze(backbone, unfreeze_from)
    assert [layer.trainable for layer in backbone.layers] == [i >= first for i in range(3)]
    counts = [2, 2, 2]
    assert len(backbone.trainable_variables) == sum(counts[first:])


def test_what_is_trained_is_part_of_the_fingerprint():
    prints = {
        fingerprint_of_network(small(convolutions(), unfreeze_from=first))
        for first in (None, 0, 1, 2)
    }

    assert None not in prints
    assert len(prints) == 4
    again = fingerprint_of_network(small(convolutions(), unfreeze_from="norm"))
    assert again in prints


def raised_by(kind, *args, **kwargs):
    with pytest.raises(kind) as caught:
        small(*args, **kwargs)
    return str(caught.value)


def test_the_image_is_too_small():
    assert raised_by(ValueError, "InceptionV3", image_size=(96, 74)) == (
        "image_size must be at least 75 × 75 pixels for InceptionV3, got 96 × 74 pixels instead: "
        "image_size=(96, 96) resizes them."
    )
    assert raised_by(ValueError, "InceptionV3", (32, 32, 3), image_size=None) == (
        "the size of images must be at least 75 × 75 pixels for InceptionV3, got 32 × 32 pixels "
        "instead: image_size=(96, 96) resizes them."
    )


def test_the_backbone_takes_another_size():
    assert raised_by(ValueError, convolutions(), image_size=(16, 16)) == (
        "image_size must be 8 × 8 pixels, as the backbone takes, got 16 × 16 pixels instead: "
        "image_size=(8, 8) resizes them."
    )
    assert raised_by(ValueError, convolutions(), (9, 8, 3), image_size=None) == (
        "the size of images must be 8 × 8 pixels, as the backbone takes, got 9 × 8 pixels instead: "
        "image_size=(8, 8) resizes them."
    )


@pytest.mark.parametrize(
    ("shape", "message"),
    [
        (
            (64,),
            "X must be made of images of shape (height, width, channels) or (height, width), got "
            "rows of shape (64,) instead: give each image its rows, columns and colours as axes.",
        ),
        (
            (8, 8, 4),
            "X must be made of images of 3 channels, or of 1 in grey, got images of 4 channels "
            "instead: the backbone takes no others.",
        ),
    ],
)
@pytest.mark.parametrize("backbone", ["MobileNet", "model"])
def test_rows_that_are_not_images(backbone, shape, message):
    backbone = convolutions() if backbone == "model" else backbone

    assert raised_by(ValueError, backbone, shape) == message


def test_rows_of_another_shape():
    backbone = keras.Sequential([keras.Input((5,)), keras.layers.Dense(4)])

    assert raised_by(ValueError, backbone, (4,)) == (
        "X must be made of rows of shape (5,), got rows of shape (4,) instead: prepare X as for "
        "the backbone."
    )


def test_an_output_that_cannot_be_pooled():
    backbone = keras.Sequential([keras.Input((4, 4, 4, 3)), keras.layers.Dense(2)])

    assert raised_by(ValueError, backbone, (4, 4, 4, 3)) == (
        "the output of backbone must be of shape (n, d), (n, length, d) or (n, height, width, d), "
        "got shape (None, 4, 4, 4, 2) instead: end it in the layer whose features the head is to "
        "get."
    )


def test_a_file_of_another_network(tmp_path):
    path = tmp_path / "other.weights.h5"
    convolutions(channels=1).save_weights(path)

    assert raised_by(ValueError, convolutions(), weights=path) == (
        f"weights must be a file of the weights of convolutions, without a top, got {str(path)!r}, "
        "which does not fit instead: build the same backbone, and save it with its save_weights."
    )


def test_images_with_colours_first(monkeypatch):
    backbone = convolutions()
    monkeypatch.setattr(keras.config, "image_data_format", lambda: "channels_first")

    assert raised_by(ValueError, backbone) == (
        "Keras's image_data_format must be 'channels_last', got 'channels_first' instead: "
        "keras.config.set_image_data_format changes it."
    )
