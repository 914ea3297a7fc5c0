"""The image operations of Pillow, on a batch of uint8: each image with its own argument."""

import math
from collections.abc import Sequence

import keras
import numpy as np
from keras import ops

LEVELS = np.arange(256, dtype="uint8")


def look_up(images, tables):
    """Replace grey levels by the tables of each image, of shape (n, channels or 1, 256)."""
    n_images, n_tables = ops.shape(images)[0], tables.shape[1]
    first = ops.arange(n_images, dtype="int32")[:, None] * (n_tables * 256)
    places = _table_entries(images, n_tables) + first
    return ops.reshape(gather(ops.reshape(tables, (-1,)), places), ops.shape(images))


def _table_entries(images, n_tables: int):
    """Index of each pixel's entry in the tables of its image: int32 of shape (n, pixels)."""
    # Flat, because TensorFlow is slow where a broadcast ends in an axis of three.
    height, width, n_channels = images.shape[1:]
    first = np.tile(np.arange(n_channels) % n_tables * 256, height * width).astype("int32")
    return ops.cast(ops.reshape(images, (-1, first.size)), "int32") + first


def contrast(images, factors):
    """``ImageEnhance.Contrast``: a blend with the mean grey."""
    grey = _grey(ops.cast(images, "float32"))
    mean = ops.floor(ops.mean(grey, axis=(1, 2, 3)) + 0.5)
    levels = LEVELS.astype("float32")
    return look_up(images, _blend(mean[:, None, None], levels, factors[:, None, None]))


def autocontrast(images):
    """``ImageOps.autocontrast``: the levels of each channel stretched to all 256."""
    # Pillow calculates in double precision, which JAX does not have by default.
    precise = "float32" if keras.backend.backend() == "jax" else "float64"
    numbers = ops.cast(images, "float32")
    # One axis at a time is faster; without an initial value, Keras refuses an empty batch.
    low = ops.min(ops.min(numbers, axis=1, initial=255), axis=1, initial=255)
    high = ops.max(ops.max(numbers, axis=1, initial=0), axis=1, initial=0)
    low, high = ops.cast(low, precise)[..., None], ops.cast(high, precise)[..., None]
    levels = ops.convert_to_tensor(LEVELS.astype(precise))
    scale = 255 / ops.maximum(high - low, 1)
    stretched = ops.clip(levels * scale - low * scale, 0, 255)
    return look_up(images, ops.cast(ops.where(high > low, stretched, levels), "uint8"))


def equalize(images):
    """``ImageOps.equalize``: the pixels of each channel spread evenly over the levels."""
    n_channels = images.shape[-1]
    counts = count(_table_entries(images, n_channels), n_channels * 256)
    counts = ops.reshape(counts, (-1, n_channels, 256))
    below = ops.cumsum(counts, axis=-1) - counts
    # All pixels except those of the highest level present, spread over 255 steps.
    spread = ops.max(ops.where(counts > 0, below, 0.0), axis=-1, keepdims=True, initial=0)
    step = ops.floor(spread / 255)
    evened = ops.floor((ops.floor(step / 2) + below) / ops.maximum(step, 1))
    tables = ops.where(step > 0, ops.minimum(evened, 255), LEVELS.astype("float32"))
    return look_up(images, ops.cast(tables, "uint8"))


def color(images, factors):
    """``ImageEnhance.Color``: a blend with the grey image."""
    images = ops.cast(images, "float32")
    return _blend(_grey(images), images, factors[:, None, None, None])


def sharpness(images, factors):
    """``ImageEnhance.Sharpness``: a blend with the smoothed image."""
    images = ops.cast(images, "float32")
    return _blend(_smooth(images), images, factors[:, None, None, None])


def _blend(base, images, factors):
    """``Image.blend``, in float32 and in Pillow's order; cut to whole levels as there."""
    return ops.cast(ops.clip(base + factors * (images - base), 0, 255), "uint8")


def _grey(images):
    """Pillow's grey levels: float32 of shape (n, height, width, 1), whole numbers."""
    if images.shape[-1] == 1:
        return images
    red, green, blue = images[..., :1], images[..., 1:2], images[..., 2:]
    # The sum stays below 2²⁴, so float32 is exact.
    return ops.floor((19595 * red + 38470 * green + 7471 * blue + 32768) / 65536)


def _smooth(images):
    """``ImageFilter.SMOOTH``: weight 5 for the pixel, 1 for each neighbour; the border stays."""
    if min(images.shape[1:3]) < 3:
        return images
    rows = images[:, :-2] + images[:, 1:-1] + images[:, 2:]
    around = rows[:, :, :-2] + rows[:, :, 1:-1] + rows[:, :, 2:]
    inner = ops.floor((around + 4 * images[:, 1:-1, 1:-1]) / 13 + 0.5)
    middle = ops.concatenate([images[:, 1:-1, :1], inner, images[:, 1:-1, -1:]], axis=2)
    return ops.concatenate([images[:, :1], middle, images[:, -1:]], axis=1)


def rotation(degrees: float, height: int, width: int) -> tuple[float, ...]:
    """Affine map of ``Image.rotate``, counterclockwise about the centre."""
    cos, sin = math.cos(math.radians(degrees)), math.sin(math.radians(degrees))
    x, y = width / 2, height / 2
    return cos, -sin, x - cos * x + sin * y, sin, cos, y - sin * x - cos * y


def source_pixels(affine: Sequence[float], height: int, width: int) -> np.ndarray:
    """Number of the pixel that each comes from; ``height * width`` is outside of the image."""
    # The pixel at (x, y) comes from (a x + b y + c, d x + e y + f).
    a, b, c, d, e, f = affine
    # Pillow takes the centres of pixels and counts in 65536ths of a pixel.
    centred = np.array([a, b, c + (a + b) / 2, d, e, f + (d + e) / 2])
    a, b, c, d, e, f = np.floor(centred * 65536 + 0.5).astype(np.int64)
    y, x = np.mgrid[:height, :width]
    source_x, source_y = (a * x + b * y + c) >> 16, (d * x + e * y + f) >> 16
    is_inside = (source_x >= 0) & (source_x < width) & (source_y >= 0) & (source_y < height)
    places = np.where(is_inside, source_y * width + source_x, height * width)
    return places.ravel().astype("int32")


def move(images, map_indices, maps, fill):
    """Move the pixels of each image by its row of ``maps``; those from outside get ``fill``."""
    height, width, n_channels = images.shape[1:]
    n_images, n_pixels = ops.shape(images)[0], height * width
    # The fill is one more pixel at the end of each image.
    fills = ops.broadcast_to(ops.convert_to_tensor(fill), (n_images, 1, n_channels))
    pixels = ops.reshape(images, (-1, n_pixels, n_channels))
    pixels = ops.reshape(ops.concatenate([pixels, fills], axis=1), (-1, n_channels))
    first = ops.arange(n_images, dtype="int32") * (n_pixels + 1)
    origins = gather(maps, map_indices) + first[:, None]
    return ops.reshape(gather(pixels, origins), ops.shape(images))


def gather(tensor, places):
    """Return rows at indices that are not negative, which `keras.ops.take` would check first."""
    if keras.backend.backend() == "tensorflow":
        from skensemble.backends import gather_rows

        return gather_rows(tensor, places)
    return ops.take(tensor, places, axis=0)


def count(numbers, n_numbers: int):
    """Count each of 0, …, n_numbers - 1 in each row: int32 (n, m) to float32 (n, n_numbers)."""
    if keras.backend.backend() == "tensorflow":
        from skensemble.backends import count_numbers

        return count_numbers(numbers, n_numbers)
    n_rows = ops.shape(numbers)[0]
    first = ops.arange(n_rows, dtype="int32")[:, None] * n_numbers
    places = ops.reshape(numbers + first, (-1,))
    ones = ops.ones_like(places, dtype="float32")
    return ops.reshape(ops.segment_sum(ones, places, n_rows * n_numbers), (-1, n_numbers))
