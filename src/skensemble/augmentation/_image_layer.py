"""What AutoAugment and Cutout share: arguments, shapes of images, and a seed."""

from collections.abc import Sequence
from typing import Any

import keras
import numpy as np
from keras import ops

from skensemble._validation import Described, as_array, check_integer, must_be


class ImageLayer(keras.layers.Layer):
    """A layer that changes every image on its own in training, and nothing otherwise.

    Takes a batch or one image. A subclass implements ``_change``, from a batch of images in any
    dtype to one of the same shape.
    """

    def __init__(
        self, fill_value: float | list[float] | None, seed: int | None = None, **kwargs: Any
    ):
        super().__init__(**kwargs)
        self.fill_value = fill_value
        self.seed = check_seed(seed)
        self.seed_generator = keras.random.SeedGenerator(self.seed)

    def call(self, images, training=True):
        """Return the images, changed if training."""
        self._check_shape(images.shape)
        if not training:
            return ops.cast(images, self.compute_dtype)
        is_batch = len(images.shape) == 4
        out = ops.cast(self._change(images if is_batch else images[None]), self.compute_dtype)
        return out if is_batch else out[0]

    def compute_output_shape(self, input_shape):
        """Return the shape of the images, which does not change."""
        self._check_shape(input_shape)
        return input_shape

    def get_config(self) -> dict[str, Any]:
        """Return the arguments that make the same layer, at the start of its draws."""
        return {**super().get_config(), "fill_value": self.fill_value, "seed": self.seed}

    def _change(self, images):
        raise NotImplementedError

    def _check_shape(self, shape: Sequence[int | None]) -> None:
        got = Described(f"shape {tuple(shape)}")
        if len(shape) not in (3, 4):
            must = "of shape (rows, height, width, channels), or (height, width, channels)"
            fix = "give an image its axis of channels, as in X[..., np.newaxis]"
            raise ValueError(must_be("images", must, got, fix))
        if None in shape[-3:]:
            fix = "resize them, or set their shape, before this layer"
            raise ValueError(must_be("images", "of one size, known in advance", got, fix))
        if isinstance(self.fill_value, Sequence) and len(self.fill_value) != shape[-1]:
            must = f"a number, or {shape[-1]} of them, one per channel of the images"
            fix = "a single number serves all channels"
            raise ValueError(must_be("fill_value", must, list(self.fill_value), fix))


def check_seed(seed: Any) -> int | None:
    return seed if seed is None else check_integer("seed", seed, minimum=0, fix="None draws a seed")


def check_fill_value(value: Any, *, fix: str) -> float | list[float]:
    """Return a finite number, or a list of one per channel, as plain floats."""
    numbers = as_array(value)
    if numbers.dtype.kind not in "iuf":
        raise TypeError(must_be("fill_value", "a number, or one per channel", value, fix))
    if not numbers.size or not np.isfinite(numbers).all():
        raise ValueError(must_be("fill_value", "a finite number, or one per channel", value, fix))
    return (numbers.ravel() if numbers.ndim else numbers).astype(float).tolist()
