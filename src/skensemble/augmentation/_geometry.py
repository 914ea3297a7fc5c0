"""Operations that move pixels: affine maps, nearest neighbour."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from keras import ops

from skensemble.augmentation._rows import gather

# Affine maps are (a, b, c, d, e, f): the pixel at (x, y) comes from (a x + b y + c, d x + e y + f).
IDENTITY = (1.0, 0.0, 0.0, 0.0, 1.0, 0.0)


def rotation(degrees: float, height: int, width: int) -> tuple[float, ...]:
    """Affine map of ``Image.rotate``, counterclockwise about the centre."""
    cos, sin = math.cos(math.radians(degrees)), math.sin(math.radians(degrees))
    x, y = width / 2, height / 2
    return cos, -sin, x - cos * x + sin * y, sin, cos, y - sin * x - cos * y


def sources(affine: Sequence[float], height: int, width: int) -> np.ndarray:
    """Return where each pixel comes from, as ``Image.transform`` has it."""
    a, b, c, d, e, f = affine
    # Pillow takes the centres of pixels and counts in 65536ths of a pixel.
    centred = np.array([a, b, c + (a + b) / 2, d, e, f + (d + e) / 2])
    a, b, c, d, e, f = np.floor(centred * 65536 + 0.5).astype(np.int64)
    y, x = np.mgrid[:height, :width]
    source_x, source_y = (a * x + b * y + c) >> 16, (d * x + e * y + f) >> 16
    is_inside = (source_x >= 0) & (source_x < width) & (source_y >= 0) & (source_y < height)
    places = np.where(is_inside, source_y * width + source_x, height * width)
    return places.ravel().astype("int32")


def moved(images, places, maps, fill):
    """Return the images, moved; what comes from outside is filled."""
    height, width, n_channels = images.shape[1:]
    n_images, n_pixels = ops.shape(images)[0], height * width
    # Each image gets one pixel more, the fill.
    fills = ops.broadcast_to(ops.convert_to_tensor(fill), (n_images, 1, n_channels))
    pixels = ops.reshape(images, (-1, n_pixels, n_channels))
    pixels = ops.reshape(ops.concatenate([pixels, fills], axis=1), (-1, n_channels))
    first = ops.arange(n_images, dtype="int32") * (n_pixels + 1)
    origins = gather(maps, places) + first[:, None]
    return ops.reshape(gather(pixels, origins), ops.shape(images))
