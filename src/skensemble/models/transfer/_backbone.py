"""Checks of a backbone and of its initial weights."""

import os
from typing import Any

import keras

from skensemble._validation import Described, must_be
from skensemble.models.transfer._applications import application_names, find_application

_SUFFIXES = (".h5", ".keras")  # .weights.h5 too


def takes_images(backbone) -> bool:
    """Whether the backbone takes images."""
    return not isinstance(backbone, keras.Model) or len(backbone.input_shape) == 4


def name_of(application) -> str:
    """Name of an application that is given by name or as a function."""
    return application if isinstance(application, str) else application.__name__


def check_backbone(backbone: Any) -> None:
    """Raise unless it is an application or a model that can be a backbone."""
    if isinstance(backbone, str):
        find_application(backbone)
    elif isinstance(backbone, keras.Model):
        _check_model(backbone)
    elif not any(backbone is getattr(keras.applications, name) for name in application_names()):
        must = "the name of a network in keras.applications, or a Keras model"
        raise TypeError(must_be("backbone", must, backbone, "as in 'InceptionV3'"))


def check_weights(weights: Any, backbone: Any) -> None:
    """Raise unless it can be the weights of this backbone; files are not read."""
    if weights is None:
        return
    is_model = isinstance(backbone, keras.Model)
    must = "the path of a file ending in .weights.h5, .h5 or .keras"
    must = f"None or {must}" if is_model else f"'imagenet', None or {must}"
    if weights == "imagenet":
        if is_model:
            fix = "a model keeps the weights that it has"
            raise ValueError(must_be("weights", must, weights, fix))
        return
    if not isinstance(weights, str | os.PathLike):
        raise TypeError(must_be("weights", must, weights, "None loads nothing"))
    path = str(os.fspath(weights))
    if not path.endswith(_SUFFIXES):
        fix = "save the backbone with its save_weights"
        raise ValueError(must_be("weights", must, path, fix))
    if not os.path.isfile(path):
        got = Described(f"{path!r}, where there is no file")
        raise FileNotFoundError(must_be("weights", must, got, "check the path"))


def load_weights(backbone, path) -> None:
    """Load a file of weights into the backbone."""
    try:
        backbone.load_weights(path)
    except Exception as error:
        must = f"a file of the weights of {backbone.name}, without a top"
        got = Described(f"{os.fspath(path)!r}, which does not fit")
        fix = "build the same backbone, and save it with its save_weights"
        raise ValueError(must_be("weights", must, got, fix)) from error


def _check_model(backbone) -> None:
    ends = [getattr(backbone, name, None) or () for name in ("inputs", "outputs")]
    if [len(end) for end in ends] != [1, 1]:
        got = Described(f"one of class {type(backbone).__name__}")
        must = "a model with one keras.Input and one output"
        fix = "build it with keras.Sequential or keras.Model(inputs, outputs)"
        raise ValueError(must_be("backbone", must, got, fix))
    if not 2 <= len(backbone.output_shape) <= 4:
        got = Described(f"shape {backbone.output_shape}")
        must = "of shape (n, d), (n, length, d) or (n, height, width, d)"
        fix = "end it in the layer whose features the head is to get"
        raise ValueError(must_be("the output of backbone", must, got, fix))
