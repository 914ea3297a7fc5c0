"""Usual augmentations by name, for images of the size at hand."""

from collections.abc import Sequence
from typing import Any

import keras

from skensemble._validation import Described, must_be
from skensemble.augmentation._autoaugment import AutoAugment
from skensemble.augmentation._cutout import Cutout
from skensemble.augmentation._standard import standard_augmentation

# In the order in which they are applied: the policy wants images without a border.
NAMES = ("autoaugment", "standard", "cutout")
_CUTOUT = 16


def check_names(names: Sequence[str]) -> list[str]:
    """Return names of augmentations in the order in which they are applied."""
    if not set(names) <= set(NAMES) or len(set(names)) < len(names):
        must = f"none, or some of {', '.join(NAMES)}, each once"
        fix = "standard is a crop out of the padded image and a flip"
        raise ValueError(must_be("augmentation", must, ",".join(names), fix))
    return [name for name in NAMES if name in names]


def check_images(shape: Sequence[int]) -> None:
    """Raise unless a shape is that of an image."""
    if len(shape) != 3:
        got = Described(f"rows of shape {tuple(shape)}")
        raise ValueError(must_be("X", "images, to be augmented", got, "leave the augmentation out"))


def augmentation_named(
    names: Sequence[str], image_shape: Sequence[int], mean: Sequence[float] | None = None
) -> Any:
    """Make one layer of usual augmentations.

    Parameters
    ----------
    names : sequence of str
        Some of ``"autoaugment"``, ``"standard"`` and ``"cutout"``; applied in this order.
    image_shape : (int, int, int)
        Height, width and channels.
    mean : sequence of float, optional
        Of each channel, where the network shifts by it: what lies outside of an image, and what is
        cut out of it, is 0 after that, as in the papers. The square of Cutout is 16 pixels wide,
        or half as wide as a smaller image.

    Returns
    -------
    keras.Sequential or None
        None without names.

    Examples
    --------
    >>> augmentation_named(["cutout", "standard"], (32, 32, 3)).name
    'standard_cutout'
    """
    names = check_names(names)
    if not names:
        return None
    check_images(image_shape)
    height, width = image_shape[:2]
    layers: list[Any] = []
    fill_values = None if mean is None else tuple(map(float, mean))
    if "autoaugment" in names:
        layers.append(AutoAugment(fill_value=fill_values))
    if "standard" in names:
        fill = 0.0 if fill_values is None else sum(fill_values) / len(fill_values)
        layers += standard_augmentation(fill_value=fill, image_size=(height, width)).layers[1:]
    if "cutout" in names:
        length = max(2, min(_CUTOUT, height // 2, width // 2))
        layers.append(Cutout(length, fill_value=fill_values or 0.0))
    return keras.Sequential([keras.Input(tuple(image_shape)), *layers], name="_".join(names))
