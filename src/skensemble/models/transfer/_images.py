"""Layers that give images the size and the channels that a backbone takes."""

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
    size = image_shape(shape)[:2] if image_size is None else tuple(image_size)
    smallest = application.smallest
    if min(size) < smallest:
        must = f"at least {_pixels((smallest, smallest))} for {application.name}"
        raise _wrong_size(image_size, size, must, tuple(max(n, smallest) for n in DEFAULT_SIZE))
    return int(size[0]), int(size[1])


def size_for_model(model, image_size, shape) -> tuple[int, int]:
    """Height and width to which images are resized for a model, which may take one size only."""
    given = image_shape(shape)[:2] if image_size is None else tuple(image_size)
    own = model.input_shape[1:3]
    size = tuple(n if n is not None else m for n, m in zip(own, given, strict=True))
    if given != size and (image_size is None or given != DEFAULT_SIZE):
        raise _wrong_size(image_size, given, f"{_pixels(size)}, as the backbone takes", size)
    return int(size[0]), int(size[1])


def _wrong_size(image_size, given, must: str, better) -> ValueError:
    what = "the size of images" if image_size is None else "image_size"
    return ValueError(
        must_be(what, must, Described(_pixels(given)), f"image_size={better} resizes them")
    )


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
