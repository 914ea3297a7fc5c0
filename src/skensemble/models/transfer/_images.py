"""Layers that give images the size and the channels that a backbone takes."""

from __future__ import annotations

import keras

from skensemble._validation import Described, must_be

DEFAULT_SIZE = (96, 96)


def image_shape(shape) -> tuple[int, int, int]:
    """Height, width and channels of images of this shape, which may lack the channels."""
    if len(shape) not in (2, 3):
        must = "made of images of shape (height, width, channels) or (height, width)"
        fix = "give each image its rows, columns and colours as axes"
        raise ValueError(must_be("X", must, Described(f"rows of shape {tuple(shape)}"), fix))
    height, width, *channels = shape
    return height, width, channels[0] if channels else 1


def size_for(application, image_size, shape) -> tuple[int, int]:
    """Height and width to which images of this shape are resized for an application."""
    height, width = image_shape(shape)[:2] if image_size is None else image_size
    smallest = application.smallest
    if min(height, width) < smallest:
        larger = tuple(max(n, smallest) for n in DEFAULT_SIZE)
        what = "the size of images" if image_size is None else "image_size"
        must = f"at least {_pixels((smallest, smallest))} for {application.name}"
        fix = f"image_size={larger} resizes them"
        raise ValueError(must_be(what, must, Described(_pixels((height, width))), fix))
    return int(height), int(width)


def size_for_model(model, image_size, shape) -> tuple[int, int]:
    """Height and width to which images are resized for a model, which may take one size only."""
    given = image_shape(shape)[:2] if image_size is None else tuple(image_size)
    own = model.input_shape[1:3]
    height, width = (n if n is not None else m for n, m in zip(own, given, strict=True))
    if given != (height, width) and (image_size is None or given != DEFAULT_SIZE):
        what = "the size of images" if image_size is None else "image_size"
        must = f"{_pixels((height, width))}, as the backbone takes"
        fix = f"image_size={(height, width)} resizes them"
        raise ValueError(must_be(what, must, Described(_pixels(given)), fix))
    return int(height), int(width)


def resized(images, size: tuple[int, int]):
    """Resize symbolic images, and give grey ones an axis of colours."""
    height, width, channels = image_shape(images.shape[1:])
    if len(images.shape) == 3:
        images = keras.layers.Reshape((height, width, channels), name="transfer_channel")(images)
    if (height, width) == size:
        return images
    # Not the layer Resizing: after it, all layers run in training mode where a network is called
    # without the argument ``training``.
    return keras.ops.image.resize(images, size)


def coloured(images, wanted: int | None):
    """Repeat the one channel of grey images where the backbone takes several."""
    channels = images.shape[-1]
    if wanted is None or channels == wanted:
        return images
    if channels != 1:
        must = f"made of images of {wanted} channels, or of 1 in grey"
        fix = "the backbone takes no others"
        raise ValueError(must_be("X", must, Described(f"images of {channels} channels"), fix))
    return keras.layers.Concatenate(name="transfer_colours")([images] * wanted)


def _pixels(size) -> str:
    return f"{size[0]} × {size[1]} pixels"
