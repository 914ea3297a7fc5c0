import keras
import numpy as np
import pytest

from skensemble.ensemble.transfer import TransferSnapshotClassifier

PATH = "the path of a file ending in .weights.h5, .h5 or .keras"


def raised_by(kind, estimator, images):
    before = dict(vars(estimator))
    with pytest.raises(kind) as caught:
        estimator.fit(*images)
    assert vars(estimator) == before
    return str(caught.value)


@pytest.mark.parametrize(
    ("params", "kind", "message"),
    [
        (
            {"backbone": 3},
            TypeError,
            "backbone must be the name of a network in keras.applications, or a Keras model, got 3 "
            "instead: as in 'InceptionV3'.",
        ),
        (
            {"backbone": "Inception"},
            ValueError,
            "backbone must be the name of a network in keras.applications, or a Keras model, got "
            "'Inception' instead: did you mean InceptionV3 or Xception or InceptionResNetV2.",
        ),
        (
            {"weights": "imagenet"},
            ValueError,
            f"weights must be None or {PATH}, got 'imagenet' instead: a model keeps the weights "
            "that it has.",
        ),
        (
            {"weights": 1},
            TypeError,
            f"weights must be None or {PATH}, got 1 instead: None loads nothing.",
        ),
        (
            {"backbone": "VGG16", "weights": "ImageNet"},
            ValueError,
            f"weights must be 'imagenet', None or {PATH}, got 'ImageNet' instead: save the "
            "backbone with its save_weights.",
        ),
        (
            {"backbone": "VGG16", "weights": "nowhere.h5"},
            FileNotFoundError,
            f"weights must be 'imagenet', None or {PATH}, got 'nowhere.h5', where there is no file "
            "instead: check the path.",
        ),
        (
            {"image_size": 96},
            TypeError,
            "image_size must be (height, width) in pixels, got 96 instead: (96, 96) is the usual "
            "size, None leaves images as they are.",
        ),
        (
            {"image_size": (96, 0)},
            ValueError,
            "each of image_size must be an integer of at least 1, got 0 instead: (96, 96) is the "
            "usual size, None leaves images as they are.",
        ),
        (
            {"head_units": -1},
            ValueError,
            "head_units must be an integer of at least 0, got -1 instead: 1024 is the usual width, "
            "0 leaves the hidden layer out.",
        ),
        (
            {"unfreeze_from": 5},
            ValueError,
            "unfreeze_from must be the position of a layer of the backbone, from -5 to 4, got 5 "
            "instead: None freezes all layers.",
        ),
        (
            {"unfreeze_from": 1.5},
            ValueError,
            "unfreeze_from must be an integer, or a share from 0.0 to 1.0, got 1.5 instead: 0.8 "
            "trains the last fifth of the backbone's layers.",
        ),
        (
            {"unfreeze_from": True},
            TypeError,
            "unfreeze_from must be the position or the name of a layer, a share of the layers, or "
            "None, got True instead: 0.8 trains the last fifth of the backbone's layers.",
        ),
        (
            {"unfreeze_from": "lasst"},
            ValueError,
            "unfreeze_from must be the name of a layer of the backbone, got 'lasst' instead: did "
            "you mean last.",
        ),
        (
            {"unfreeze_from": "???"},
            ValueError,
            "unfreeze_from must be the name of a layer of the backbone, got '???' instead: the "
            "last one is last_norm.",
        ),
        (
            {"warmup_epochs": 0.5},
            TypeError,
            "warmup_epochs must be an integer of at least 0, got 0.5 instead: 0 leaves the first "
            "phase out.",
        ),
        (
            {"warmup_optimizer": "rmsdrop"},
            ValueError,
            "warmup_optimizer must be a Keras optimizer, its class or its name, got 'rmsdrop' "
            "instead: as in 'rmsprop' or keras.optimizers.RMSprop(1e-4).",
        ),
        (
            {"warmup_optimizer": None},
            TypeError,
            "warmup_optimizer must be a Keras optimizer, its class or its name, got None instead: "
            "as in 'rmsprop' or keras.optimizers.RMSprop(1e-4).",
        ),
        (
            {"M": 0},
            ValueError,
            "M must be an integer of at least 1, got 0 instead: 5 is the usual choice.",
        ),
    ],
    ids=lambda value: next(iter(value)) if isinstance(value, dict) else None,
)
def test_parameters(make, images, params, kind, message):
    backbone = params.pop("backbone", None) if "backbone" in params else None

    assert raised_by(kind, make(backbone, **params), images) == message


def test_a_schedule_for_the_warm_up(make, images):
    schedule = keras.optimizers.schedules.ExponentialDecay(0.1, 10, 0.9)
    optimizer = keras.optimizers.SGD(schedule)
    message = raised_by(ValueError, make(warmup_optimizer=optimizer), images)

    assert message.startswith(
        "warmup_optimizer must be an optimizer with a learning rate above 0, of which the warm-up "
        "makes one cosine, got <keras.src.optimizers.sgd.SGD object at "
    )


def test_rows_that_are_no_images(make, images):
    X, y = images

    assert raised_by(ValueError, make(), (X.reshape(len(X), -1), y)) == (
        "X must be made of images of shape (height, width, channels) or (height, width), got rows "
        "of shape (192,) instead: give each image its rows, columns and colours as axes."
    )


def test_a_model_of_two_inputs(images):
    a, b = keras.Input((4,)), keras.Input((4,))
    backbone = keras.Model([a, b], keras.layers.Add()([a, b]))

    assert raised_by(ValueError, TransferSnapshotClassifier(backbone), images) == (
        "backbone must be a model with one keras.Input and one output, got one of class Functional "
        "instead: build it with keras.Sequential or keras.Model(inputs, outputs)."
    )


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (
            {"classes": [0, 1, 2]},
            "input_shape must be given where classes is, got None instead: pass the shape of one "
            "row, or X_val and y_val instead.",
        ),
        (
            {"X_val": np.zeros((3, 8, 8, 3)), "y_val": [0, 1, 2], "input_shape": (8, 8, 3)},
            "input_shape must be None where classes is not given, got (8, 8, 3) instead: X_val "
            "tells the shape of a row.",
        ),
    ],
    ids=["classes", "input_shape"],
)
def test_from_snapshots(backbone, arguments, message):
    with pytest.raises(TypeError) as caught:
        TransferSnapshotClassifier.from_snapshots(backbone, [], weighting="uniform", **arguments)

    assert str(caught.value) == message
