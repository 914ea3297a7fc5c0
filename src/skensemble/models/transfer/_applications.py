"""The networks of ``keras.applications``, by name, with their preprocessing."""

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

# Smallest height and width in pixels, which Keras has only in the code of its builders.
_SMALLEST = {"InceptionResNetV2": 75, "InceptionV3": 75, "Xception": 71}
_SMALLEST_OF_OTHERS = 32


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
    """List the names of all networks in ``keras.applications``."""
    return [name for name, value in vars(keras.applications).items() if inspect.isfunction(value)]


def find_application(name: str) -> Application:
    """Return a network of ``keras.applications`` by its name."""
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
    """Apply ``preprocess_input`` of an application to symbolic colour images, as layers.

    All of Keras's treat every pixel alike: an order of the colours, a factor and an offset. Layers,
    unlike operations on constants, can be saved, exported and shared.
    """
    order, scale, offset = _linear_form(preprocess)
    if scale is None:
        return preprocess(images)
    if order == "reversed":
        images = keras.ops.flip(images, axis=-1)
    if np.all(scale == 1) and not np.any(offset):
        return images
    return keras.layers.Rescaling(
        scale.tolist(), offset.tolist(), dtype=keras.config.floatx(), name="transfer_preprocessing"
    )(images)


def _linear_form(preprocess):
    """Find the order, factors and offsets of the colours; factors of None if it is not linear."""

    def of(colour):
        return preprocess(np.array(colour, dtype=np.float64).reshape(1, 1, 1, 3)).ravel()

    offset = of([0, 0, 0])
    # Row i: how much one grey level of colour i adds to each output.
    matrix = np.stack([(of(255 * unit) - offset) / 255 for unit in np.eye(3)])
    some = np.array([17.0, 101.0, 230.0])
    if np.allclose(of(some), some @ matrix + offset):
        for order, in_order in (("kept", matrix), ("reversed", matrix[::-1])):
            scale = np.diag(in_order)
            if np.array_equal(in_order, np.diag(scale)):
                return order, scale, offset
    return "kept", None, None
