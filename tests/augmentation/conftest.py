"""The oracle: Pillow, one image and one operation at a time."""

import numpy as np
import pytest

FILL = 128


def _pillow(operation, image, value):
    from PIL import Image, ImageEnhance, ImageOps

    n_channels = image.shape[-1]
    picture = Image.fromarray(image if n_channels == 3 else image[..., 0])
    fill = (FILL,) * 3 if n_channels == 3 else FILL
    if operation in ("AutoContrast", "Equalize", "Invert"):
        out = getattr(ImageOps, operation.lower())(picture)
    elif operation in ("Color", "Contrast", "Brightness", "Sharpness"):
        out = getattr(ImageEnhance, operation)(picture).enhance(value)
    elif operation == "Posterize":  # Pillow refuses 0 bits
        out = ImageOps.posterize(picture, value) if value else picture.point(lambda _: 0)
    elif operation == "Solarize":
        out = ImageOps.solarize(picture, value)
    elif operation == "Rotate":
        out = picture.rotate(value, fillcolor=fill)
    else:
        affine = {
            "ShearX": (1, value, 0, 0, 1, 0),
            "ShearY": (1, 0, 0, value, 1, 0),
            "TranslateX": (1, 0, value, 0, 1, 0),
            "TranslateY": (1, 0, 0, 0, 1, value),
        }[operation]
        out = picture.transform(picture.size, Image.Transform.AFFINE, affine, fillcolor=fill)
    return np.asarray(out).reshape(image.shape)


@pytest.fixture(scope="session")
def pillow():
    """``pillow(operation, image, value)``: a uint8 array; pixels from outside are 128."""
    pytest.importorskip("PIL")
    return _pillow
