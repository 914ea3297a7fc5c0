"""Augmentation by name, for images of the size at hand."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from skensemble._validation import Described, must_be

# In the order in which they are applied: the policy wants images without a border.
NAMES = ("autoaugment", "standard", "cutout")
_CUTOUT = 16


def check_names(text: str) -> list[str]:
    """Return the names in the order in which they are applied; none for ``"none"``."""
    asked = [] if text == "none" else text.split(",")
    if not set(asked) <= set(NAMES) or len(set(asked)) < len(asked):
        must = f"none, or some of {', '.join(NAMES)} with commas, each once"
        fix = "standard is a crop out of the padded image and a flip"
        raise ValueError(must_be("--augmentation", must, text, fix))
    return [name for name in NAMES if name in asked]


def augmentation_named(text: str, shape: Sequence[int], mean: Sequence[float] | None) -> Any:
    """Make the layers that ``--augmentation`` names."""
    names = check_names(text)
    if not names:
        return None
    check_images(shape)
    import keras

    from skensemble.augmentation import AutoAugment, Cutout, standard_augmentation
    from skensemble.backends import seeded

    height, width = shape[:2]
    # Layers draw seeds that they are not given; those of a fit come from --seed.
    with seeded(0):
        layers: list[Any] = []
        fill_values = None if mean is None else tuple(map(float, mean))
        if "autoaugment" in names:
            layers.append(AutoAugment(fill_value=fill_values))
        if "standard" in names:
            fill = 0.0 if mean is None else float(np.mean(mean))
            size = (height, width)
            layers += standard_augmentation(fill_value=fill, image_size=size).layers[1:]
        if "cutout" in names:
            length = max(2, min(_CUTOUT, height // 2, width // 2))
            layers.append(Cutout(length, fill_value=fill_values or 0.0))
        return keras.Sequential([keras.Input(tuple(shape)), *layers], name="_".join(names))


def check_images(shape: Sequence[int]) -> None:
    """Raise unless a shape is that of an image."""
    if len(shape) != 3:
        got = Described(f"rows of shape {tuple(shape)}")
        fix = "leave --augmentation out, or pass --augmentation none"
        raise ValueError(must_be("--data", "images, to be augmented", got, fix))
