"""Keras layers that change training images, each image by its own draws."""

from skensemble.augmentation._layers import AutoAugment, Cutout
from skensemble.augmentation._standard import (
    augmentation_named,
    check_images,
    check_names,
    standard_augmentation,
)

__all__ = [
    "AutoAugment",
    "Cutout",
    "augmentation_named",
    "check_images",
    "check_names",
    "standard_augmentation",
]
