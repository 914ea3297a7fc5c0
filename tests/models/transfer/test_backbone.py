import keras
import numpy as np
import pytest

from skensemble.models.transfer._backbone import (
    Application,
    application_names,
    find_application,
    preprocessed,
)
from skensemble.networks import fingerprint_of_network

PIXELS = np.random.default_rng(0).integers(0, 256, (2, 5, 4, 3)).astype("float32")
# One network of each module, which its preprocessing is that of.
OF_EACH_MODULE = [
    "ConvNeXtBase",
    "DenseNet121",
    "EfficientNetB0",
    "EfficientNetV2B0",
    "InceptionResNetV2",
    "InceptionV3",
    "MobileNet",
    "MobileNetV2",
    "MobileNetV3Large",
    "NASNetLarge",
    "ResNet50",
    "ResNet50V2",
    "VGG16",
    "VGG19",
    "Xception",
]


def network_of(preprocess):
    images = keras.Input((5, 4, 3))
    return keras.Model(images, keras.layers.Flatten()(preprocessed(images, preprocess)))


@pytest.mark.parametrize("name", application_names())
def test_every_network_of_keras_is_found_with_its_preprocessing(name):
    application = find_application(name)

    assert application.name == name
    assert application.builder is getattr(keras.applications, name)
    assert application.preprocess.__module__ == application.builder.__module__
    assert application.preprocess.__name__ == "preprocess_input"


@pytest.mark.parametrize("name", application_names())
def test_the_smallest_image_is_that_of_keras(name):
    application = find_application(name)
    n = application.smallest

    with pytest.raises(ValueError, match=f"Input size must be at least {n}x{n}"):
        application.build((n, n - 1), None)


def test_networks_of_all_modules_are_found():
    modules = {getattr(keras.applications, name).__module__ for name in application_names()}
    listed = [getattr(keras.applications, name).__module__ for name in OF_EACH_MODULE]

    assert sorted(listed) == sorted(modules)


@pytest.mark.parametrize("name", OF_EACH_MODULE)
def test_preprocessing_is_that_of_keras(name):
    preprocess = find_application(name).preprocess
    network = network_of(preprocess)

    expected = preprocess(PIXELS.copy())
    np.testing.assert_allclose(
        network(PIXELS), expected.reshape(len(PIXELS), -1), rtol=1e-5, atol=1e-5
    )


@pytest.mark.parametrize("name", ["InceptionV3", "ResNet50", "DenseNet121"])
def test_preprocessing_can_be_saved_and_compared(name, tmp_path):
    preprocess = find_application(name).preprocess
    network = network_of(preprocess)
    fingerprint = fingerprint_of_network(network)
    assert fingerprint is not None
    assert fingerprint == fingerprint_of_network(network_of(preprocess))
    network.save(tmp_path / "network.keras")
    loaded = keras.models.load_model(tmp_path / "network.keras")
    np.testing.assert_array_equal(loaded(PIXELS), network(PIXELS))


def test_preprocessings_differ():
    prints = {
        fingerprint_of_network(network_of(find_application(name).preprocess))
        for name in ("InceptionV3", "ResNet50", "DenseNet121", "ConvNeXtBase")
    }

    assert len(prints) == 4


def test_nonlinear_preprocessing_is_called():
    network = network_of(lambda pixels: pixels**2)

    np.testing.assert_allclose(network(PIXELS), (PIXELS**2).reshape(len(PIXELS), -1))


@pytest.mark.parametrize(
    ("name", "fix"),
    [
        ("inceptionV3", "did you mean InceptionV3 or Xception or InceptionResNetV2"),
        ("ResNet18", "did you mean ResNet152 or ResNet101 or ResNet50"),
        ("###", f"there are {', '.join(application_names())}"),
    ],
    ids=["case", "number", "nothing near"],
)
def test_an_unknown_name(name, fix):
    with pytest.raises(ValueError) as caught:
        find_application(name)

    assert str(caught.value) == (
        "backbone must be the name of a network in keras.applications, or a Keras model, got "
        f"{name!r} instead: {fix}."
    )


def test_no_network():
    def builder(**_):
        raise Exception("URL fetch failure on https://x.org/a.h5: None -- no network")

    application = Application("Net", builder, None, 32)
    with pytest.raises(ConnectionError) as caught:
        application.build((96, 96), "imagenet")

    assert str(caught.value) == (
        "The ImageNet weights of Net cannot be downloaded: URL fetch failure on "
        "https://x.org/a.h5: None -- no network. Where there is no network, pass the file "
        "instead, weights='….h5', fetched elsewhere from that address."
    )
