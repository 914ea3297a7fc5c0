"""The usual augmentation of CIFAR, and usual augmentations by name."""

from collections.abc import Sequence
from typing import Any

import keras
import numpy as np

from skensemble._validation import (
    Described,
    check_flag,
    check_image_size,
    check_integer,
    check_real,
    check_statistics,
    must_be,
)
from skensemble.augmentation._layers import AutoAugment, Cutout, check_fill_value, check_seed


def standard_augmentation(
    padding: int = 4,
    flip: bool = True,
    shift: float = 0.0,
    mean: float | Sequence[float] | None = None,
    std: float | Sequence[float] | None = None,
    fill_value: float = 0.0,
    image_size: tuple[int, int] = (32, 32),
    seed: int | None = None,
):
    """Crop, flip, shift and normalise, with Keras's own layers.

    In this order, with new draws for each image:

    - a crop of its own size from the image with ``padding`` pixels of ``fill_value`` on each side.
      All (2 padding + 1)² crops are equally likely. `keras.layers.RandomCrop` would cut all
      images of a batch at the same place, so this is a `keras.layers.RandomTranslation` by whole
      pixels, which gives the same images;
    - a horizontal flip of every second image on average (`keras.layers.RandomFlip`);
    - a shift along both axes by up to a share of the height and width, filled by reflection, with
      bilinear interpolation (`keras.layers.RandomTranslation`);
    - normalisation to ``(x - mean) / std`` (`keras.layers.Normalization`).

    With ``training=False`` only the normalisation is done. The ``augmentation`` of an estimator
    must not change images at prediction: give ``mean`` and ``std`` to the network instead, as in
    ``SnapshotEnsembleClassifier(wide_resnet, model__mean=…, model__std=…)``.

    Parameters
    ----------
    padding : int, default=4
        Pixels on each side of the image before the crop; 0 for no crop.
    flip : bool, default=True
        Whether to flip.
    shift : float, default=0.0
        Share of the height and of the width, below 1; 0 for no shift.
    mean, std : float or sequence of float, optional
        Of the data, or of each channel, in the units of the images. Both or neither.
    fill_value : float, default=0.0
        Value of the padding, in the units of the images. The paper on snapshot ensembles pads
        with 0 after normalisation, hence with the mean of the data.
    image_size : tuple of int, default=(32, 32)
        Height and width of the images, in pixels.
    seed : int, optional
        Seed of all draws. Default: drawn by each layer.

    Returns
    -------
    keras.Model
        Takes images of shape ``(rows, height, width, channels)`` and returns the same shape.

    Raises
    ------
    TypeError, ValueError
        If a parameter is out of its range.

    References
    ----------
    G. Huang, Y. Li, G. Pleiss, Z. Liu, J. E. Hopcroft, K. Q. Weinberger, Snapshot Ensembles:
    Train 1, get M for free, ICLR 2017, section 4.

    Examples
    --------
    >>> import numpy as np
    >>> from skensemble.augmentation import standard_augmentation
    >>> augmentation = standard_augmentation(padding=2, image_size=(8, 8), seed=0)
    >>> [type(layer).__name__ for layer in augmentation.layers]
    ['InputLayer', 'RandomTranslation', 'RandomFlip']
    >>> X = np.ones((4, 8, 8, 3), dtype="float32")
    >>> augmentation(X, training=True).shape
    TensorShape([4, 8, 8, 3])
    """
    padding = check_integer("padding", padding, minimum=0, fix="the usual choice is 4")
    flip = check_flag("flip", flip, fix="True flips every second image")
    fix = "0.125 is an eighth of the image"
    shift = check_real("shift", shift, positive=False, below=1, fix=fix)
    height, width = check_image_size(image_size, fix="(32, 32) is that of CIFAR")
    if padding >= min(height, width):
        must = f"less than the {min(height, width)} pixels of image_size"
        fix = "give the size of the images as image_size"
        raise ValueError(must_be("padding", must, padding, fix))
    padding_value = check_fill_value(fill_value, fix="0.0 pads with black")
    if isinstance(padding_value, list):
        must, fix = "a single number", "Keras pads all channels alike"
        raise ValueError(must_be("fill_value", must, padding_value, fix))
    seed = check_seed(seed)
    # A seed for each layer: with the same seed, crops and flips would be correlated.
    seeds = [None] * 3 if seed is None else np.random.SeedSequence(seed).generate_state(3).tolist()
    statistics = check_statistics(mean, std, None)

    layers: list[Any] = []
    layout = {"data_format": "channels_last"}
    if padding:
        # Rounded to whole pixels, this is uniform from -padding to padding.
        reach = ((padding + 0.5) / height, (padding + 0.5) / width)
        fill = {"fill_mode": "constant", "fill_value": padding_value, "interpolation": "nearest"}
        layers.append(keras.layers.RandomTranslation(*reach, **fill, seed=seeds[0], **layout))
    if flip:
        layers.append(keras.layers.RandomFlip("horizontal", seed=seeds[1], **layout))
    if shift:
        reach = (shift, shift)
        layers.append(keras.layers.RandomTranslation(*reach, "reflect", seed=seeds[2], **layout))
    n_channels = None
    if statistics is not None:
        means, variances = statistics[0], [s * s for s in statistics[1]]
        if np.iterable(mean) or np.iterable(std):
            n_channels = len(means)
            layers.append(keras.layers.Normalization(-1, mean=means, variance=variances))
        else:
            layers.append(keras.layers.Normalization(None, mean=means[0], variance=variances[0]))
    # Not a Sequential, which takes images of any size and would crop them by too much.
    images = outputs = keras.Input((height, width, n_channels))
    for layer in layers or [keras.layers.Identity()]:
        outputs = layer(outputs)
    return keras.Model(images, outputs)


# In their order: the policy wants images without a border.
NAMES = ("autoaugment", "standard", "cutout")


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
        fill = sum(fill_values) / len(fill_values) if fill_values else 0.0
        layers += standard_augmentation(fill_value=fill, image_size=(height, width)).layers[1:]
    if "cutout" in names:
        length = max(2, min(16, height // 2, width // 2))
        layers.append(Cutout(length, fill_value=fill_values or 0.0))
    return keras.Sequential([keras.Input(tuple(image_shape)), *layers], name="_".join(names))
