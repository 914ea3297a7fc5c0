"""Backbones: the networks of ``keras.applications`` and Keras models, and their initial weights."""

import difflib
import inspect
import os
import sys
import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from numbers import Integral, Real
from typing import Any

import keras
import numpy as np

from skensemble._validation import Described, must_be

# Smallest height and width in pixels, which Keras has only in the code of its builders.
_SMALLEST = {"InceptionResNetV2": 75, "InceptionV3": 75, "Xception": 71}  # of others, 32


@dataclass(frozen=True)
class Application:
    """One of the networks of ``keras.applications``."""

    name: str
    builder: Callable[..., Any]
    preprocess: Callable[[Any], Any]  # its ``preprocess_input``, for pixels from 0 to 255
    smallest: int  # height and width in pixels of the smallest image that it takes

    def build(self, size: tuple[int, int], weights: str | None):
        """Build it without its top, for colour images of one size."""
        try:
            with warnings.catch_warnings():
                # Two of them warn about images of another size than ImageNet's.
                warnings.filterwarnings("ignore", "`input_shape` is undefined or non-square")
                return self.builder(include_top=False, weights=weights, input_shape=(*size, 3))
        except Exception as error:
            if "URL fetch failure" not in str(error):
                raise
            raise ConnectionError(
                f"The ImageNet weights of {self.name} cannot be downloaded: {error}. Where there "
                "is no network, pass the file instead, weights='….h5', fetched elsewhere from "
                "that address."
            ) from error


def application_names() -> list[str]:
    return [name for name, value in vars(keras.applications).items() if inspect.isfunction(value)]


def find_application(backbone: Any) -> Application:
    """Return a network of ``keras.applications`` by its name or its function."""
    names = application_names()
    must = "the name of a network in keras.applications, or a Keras model"
    if not isinstance(backbone, str):
        given, backbone = backbone, getattr(backbone, "__name__", None)
        if backbone not in names or given is not getattr(keras.applications, backbone):
            raise TypeError(must_be("backbone", must, given, "as in 'InceptionV3'"))
    if backbone not in names:
        lower = {name.lower(): name for name in names}
        close = difflib.get_close_matches(backbone.lower(), lower, 3, cutoff=0.4)
        did_you_mean = f"did you mean {' or '.join(lower[name] for name in close)}"
        fix = did_you_mean if close else f"there are {', '.join(names)}"
        raise ValueError(must_be("backbone", must, backbone, fix))
    builder = getattr(keras.applications, backbone)
    preprocess = sys.modules[builder.__module__].preprocess_input
    return Application(backbone, builder, preprocess, _SMALLEST.get(backbone, 32))


def preprocessed(images, preprocess):
    """Apply ``preprocess_input`` of an application to symbolic colour images, as layers."""
    # All of Keras's treat every pixel alike: an order of the colours, a factor and an offset.
    # Layers, unlike operations on constants, can be saved, exported and shared.

    def of(*colour):
        return preprocess(np.array(colour, dtype=np.float64).reshape(1, 1, 1, 3)).ravel()

    offset = of(0, 0, 0)
    scale = (of(255, 255, 255) - offset) / 255
    is_reversed = of(255, 0, 0)[0] == offset[0]
    some = np.array([17.0, 101.0, 230.0])
    in_order = some[::-1] if is_reversed else some
    if not np.allclose(of(*some), scale * in_order + offset):
        return preprocess(images)
    if is_reversed:
        images = keras.ops.flip(images, axis=-1)
    if np.all(scale == 1) and not np.any(offset):
        return images
    return keras.layers.Rescaling(
        scale.tolist(), offset.tolist(), dtype=keras.config.floatx(), name="transfer_preprocessing"
    )(images)


def takes_images(backbone) -> bool:
    return not isinstance(backbone, keras.Model) or len(backbone.input_shape) == 4


def check_backbone(backbone: Any) -> None:
    if not isinstance(backbone, keras.Model):
        find_application(backbone)
        return
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


def check_weights(weights: Any, backbone: Any) -> None:
    is_model = isinstance(backbone, keras.Model)
    if weights is None or (weights == "imagenet" and not is_model):
        return
    others = "None" if is_model else "'imagenet', None"
    must = f"{others} or the path of a file ending in .weights.h5, .h5 or .keras"
    if not isinstance(weights, str | os.PathLike):
        raise TypeError(must_be("weights", must, weights, "None loads nothing"))
    path = str(os.fspath(weights))
    if not path.endswith((".h5", ".keras")):
        keeps = "a model keeps the weights that it has"
        fix = keeps if path == "imagenet" else "save the backbone with its save_weights"
        raise ValueError(must_be("weights", must, path, fix))
    if not os.path.isfile(path):
        got = Described(f"{path!r}, where there is no file")
        raise FileNotFoundError(must_be("weights", must, got, "check the path"))


def load_weights(backbone, path) -> None:
    try:
        backbone.load_weights(path)
    except Exception as error:
        must = f"a file of the weights of {backbone.name}, without a top"
        got = Described(f"{os.fspath(path)!r}, which does not fit")
        fix = "build the same backbone, and save it with its save_weights"
        raise ValueError(must_be("weights", must, got, fix)) from error


def check_unfreeze_from(value) -> None:
    if value is None or isinstance(value, str):
        return
    fix = "0.8 trains the last fifth of the backbone's layers"
    if isinstance(value, bool) or not isinstance(value, Real):
        must = "the position or the name of a layer, a share of the layers, or None"
        raise TypeError(must_be("unfreeze_from", must, value, fix))
    if not isinstance(value, Integral) and not 0 <= float(value) <= 1:
        must = "an integer, or a share from 0.0 to 1.0"
        raise ValueError(must_be("unfreeze_from", must, value, fix))


def first_unfrozen(layers: Sequence[Any], unfreeze_from) -> int:
    """Position of the first layer to train; ``len(layers)`` if all are frozen."""
    n, names = len(layers), [layer.name for layer in layers]
    if unfreeze_from is None:
        return n
    if unfreeze_from in names:
        return names.index(unfreeze_from)
    if isinstance(unfreeze_from, str):
        close = difflib.get_close_matches(unfreeze_from, names, 3)
        fix = f"did you mean {' or '.join(close)}" if close else f"the last one is {names[-1]}"
        must = "the name of a layer of the backbone"
        raise ValueError(must_be("unfreeze_from", must, unfreeze_from, fix))
    if not isinstance(unfreeze_from, Integral):
        return round(float(unfreeze_from) * n)
    position = int(unfreeze_from)
    if not -n <= position < n:
        must = f"the position of a layer of the backbone, from {-n} to {n - 1}"
        raise ValueError(must_be("unfreeze_from", must, unfreeze_from, "None freezes all layers"))
    return position % n


def freeze(backbone, unfreeze_from) -> None:
    first = first_unfrozen(backbone.layers, unfreeze_from)
    backbone.trainable = True
    for position, layer in enumerate(backbone.layers):
        layer.trainable = position >= first
