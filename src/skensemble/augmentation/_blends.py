"""Operations that blend an image with a duller version of itself."""

from __future__ import annotations

from keras import ops


def blend(dull, bright, factors):
    """``Image.blend``: 0 gives the dull one, 1 the bright one, more goes beyond.

    In float32, in Pillow's order, and cut to whole levels as there.
    """
    return ops.cast(ops.clip(dull + factors * (bright - dull), 0, 255), "uint8")


def luma(images):
    """Pillow's grey levels of images: float32 of shape (n, height, width, 1), whole numbers."""
    if images.shape[-1] == 1:
        return images
    red, green, blue = images[..., :1], images[..., 1:2], images[..., 2:]
    # The sum stays below 2²⁴, so float32 has all its digits.
    return ops.floor((19595 * red + 38470 * green + 7471 * blue + 32768) / 65536)


def colored(images, factors):
    """``ImageEnhance.Color``: a blend with the grey image."""
    images = ops.cast(images, "float32")
    return blend(luma(images), images, factors[:, None, None, None])


def sharpened(images, factors):
    """``ImageEnhance.Sharpness``: a blend with the image, smoothed but for its border."""
    images = ops.cast(images, "float32")
    return blend(_smoothed(images), images, factors[:, None, None, None])


def _smoothed(images):
    """``ImageFilter.SMOOTH``: 5 parts of the pixel and 1 of each of its 8 neighbours."""
    if min(images.shape[1:3]) < 3:
        return images
    rows = images[:, :-2] + images[:, 1:-1] + images[:, 2:]
    around = rows[:, :, :-2] + rows[:, :, 1:-1] + rows[:, :, 2:]
    inner = ops.floor((around + 4 * images[:, 1:-1, 1:-1]) / 13 + 0.5)
    middle = ops.concatenate([images[:, 1:-1, :1], inner, images[:, 1:-1, -1:]], axis=2)
    return ops.concatenate([images[:, :1], middle, images[:, -1:]], axis=1)
