"""Operations on single pixels: what becomes of each of the 256 grey levels."""

from __future__ import annotations

import keras
import numpy as np
from keras import ops

from skensemble.augmentation._blends import blend, luma
from skensemble.augmentation._rows import count, gather

LEVELS = np.arange(256, dtype="uint8")


def inverted() -> np.ndarray:
    """Table of ``ImageOps.invert``."""
    return 255 - LEVELS


def posterized(bits: int) -> np.ndarray:
    """Table of ``ImageOps.posterize``; no bits at all leave black."""
    return LEVELS >> (8 - bits) << (8 - bits) if bits else np.zeros_like(LEVELS)


def solarized(threshold: float) -> np.ndarray:
    """Table of ``ImageOps.solarize``."""
    return np.where(threshold > LEVELS, LEVELS, inverted())


def brightened(factor: float) -> np.ndarray:
    """Table of ``ImageEnhance.Brightness``: a blend with black."""
    return np.clip(np.float32(factor) * LEVELS.astype("float32"), 0, 255).astype("uint8")


def look_up(images, tables):
    """Return the images with each grey level replaced by what the image's table says."""
    n_images, n_tables = ops.shape(images)[0], tables.shape[1]
    first = ops.arange(n_images, dtype="int32")[:, None] * (n_tables * 256)
    places = _entries(images, n_tables) + first
    return ops.reshape(gather(ops.reshape(tables, (-1,)), places), ops.shape(images))


def contrasted(images, factors):
    """``ImageEnhance.Contrast``: a blend with the mean grey."""
    grey = luma(ops.cast(images, "float32"))
    mean = ops.floor(ops.mean(grey, axis=(1, 2, 3)) + 0.5)
    levels = LEVELS.astype("float32")
    return look_up(images, blend(mean[:, None, None], levels, factors[:, None, None]))


def autocontrasted(images):
    """``ImageOps.autocontrast``: the levels of each channel stretched to all 256."""
    # Pillow calculates in double precision, which JAX has not unless told to.
    precise = "float32" if keras.backend.backend() == "jax" else "float64"
    numbers = ops.cast(images, "float32")
    # Row by row is faster; without an initial value, Keras refuses to have no images.
    low = ops.min(ops.min(numbers, axis=1, initial=255), axis=1, initial=255)
    high = ops.max(ops.max(numbers, axis=1, initial=0), axis=1, initial=0)
    low, high = ops.cast(low, precise)[..., None], ops.cast(high, precise)[..., None]
    levels = ops.convert_to_tensor(LEVELS.astype(precise))
    scale = 255 / ops.maximum(high - low, 1)
    stretched = ops.clip(levels * scale - low * scale, 0, 255)
    return look_up(images, ops.cast(ops.where(high > low, stretched, levels), "uint8"))


def equalized(images):
    """``ImageOps.equalize``: the pixels of each channel spread evenly over the levels."""
    n_channels = images.shape[-1]
    counts = count(_entries(images, n_channels), n_channels * 256)
    counts = ops.reshape(counts, (-1, n_channels, 256))
    below = ops.cumsum(counts, axis=-1) - counts
    # All pixels but those of the highest level that there is, spread over 255 steps.
    spread = ops.max(ops.where(counts > 0, below, 0.0), axis=-1, keepdims=True, initial=0)
    step = ops.floor(spread / 255)
    evened = ops.floor((ops.floor(step / 2) + below) / ops.maximum(step, 1))
    levels = LEVELS.astype("float32")
    tables = ops.where(step > 0, ops.minimum(evened, 255), levels)
    return look_up(images, ops.cast(tables, "uint8"))


def _entries(images, n_tables: int):
    """Which entry of the tables of its image each pixel has: int32 of shape (n, pixels).

    Flat, because TensorFlow is slow where a broadcast ends in an axis of three.
    """
    height, width, n_channels = images.shape[1:]
    first = np.tile(np.arange(n_channels) % n_tables * 256, height * width).astype("int32")
    return ops.cast(ops.reshape(images, (-1, first.size)), "int32") + first
