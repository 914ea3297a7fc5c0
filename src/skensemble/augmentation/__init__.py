"""Keras layers that change training images, each image by its own draws."""

from skensemble.augmentation._autoaugment import AutoAugment
from skensemble.augmentation._cutout import Cutout
from skensemble.augmentation._standard import standard_augmentation

__all__ = ["AutoAugment", "Cutout", "standard_augmentation"]
