"""The networks of ``keras.applications``, by name, with their preprocessing."""

from __future__ import annotations

import difflib
import inspect
import sys
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import keras
import numpy as np

from skensemble._validation import must_be

# Pixels of the smallest image that each can take. Keras has them in the code of its builders.
_SMALLEST = {"InceptionResNetV2": 75, "InceptionV3": 75, "Xception": 71}
_SMALLEST_OF_OTHERS = 32


@dataclass(frozen=True)
class Application:
    """One of the networks that Keras brings along."""

    name: str
    builder: Callable[..., Any]
    preprocess: Callable[[Any], Any]
    smallest: int

    def build(self, size: tuple[int, int], weights: str | None):
        """Build it without its top, for colour images of one size."""
        try:
            with warnings.catch_warnings():
                # Two warn that images are not as large as those of ImageNet: as is meant here.
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
    """List the names of all networks that Keras brings along."""
    return [name for name, value in vars(keras.applications).items() if inspect.isfunction(value)]


def find_application(name: str) -> Application:
    """Return a network of Keras's by its name."""
    names = application_names()
    if name not in names:
        lower = {known.lower(): known for known in names}
        close = [lower[n] for n in difflib.get_close_matches(name.lower(), lower, 3, cutoff=0.4)]
        fix = f"did you mean {' or '.join(close)}" if close else f"there are {', '.join(names)}"
        must = "the name of a network in keras.applications, or a Keras model"
        raise ValueError(must_be("backbone", must, name, fix))
    builder = getattr(keras.applications, name)
    module = sys.modules[builder.__module__]
    smallest = _SMALLEST.get(name, _SMALLEST_OF_OTHERS)
    return Application(name, builder, module.preprocess_input, smallest)


def preprocessed(images, preprocess):
    """Apply the preprocessing of an application to symbolic colour images.

    All of Keras's are the same for every pixel: a change of the order of colours, a factor and an
    offset. As layers they can be saved, exported and shared where operations on constants cannot.
    """
    order, scale, offset = _as_layers(preprocess)
    if scale is None:
        return preprocess(images)
    if order == "reversed":
        images = keras.ops.flip(images, axis=-1)
    if np.all(scale == 1) and not np.any(offset):
        return images
    return keras.layers.Rescaling(
        scale.tolist(), offset.tolist(), dtype=keras.config.floatx(), name="transfer_preprocessing"
    )(images)


def _as_layers(preprocess):
    """Find order, factors and offsets of the colours; a factor of None where there are none."""

    def of(colour):
        return preprocess(np.array(colour, dtype=np.float64).reshape(1, 1, 1, 3)).ravel()

    offset = of([0, 0, 0])
    # Row i: what a unit of colour i adds to each of the results.
    matrix = np.stack([(of(255 * unit) - offset) / 255 for unit in np.eye(3)])
    some = np.array([17.0, 101.0, 230.0])
    if np.allclose(of(some), some @ matrix + offset):
        for order, in_order in (("kept", matrix), ("reversed", matrix[::-1])):
            scale = np.diag(in_order)
            if np.array_equal(in_order, np.diag(scale)):
                return order, scale, offset
    return "kept", None, None
