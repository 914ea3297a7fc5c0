"""The AutoAugment layer."""

import functools
from collections.abc import Sequence
from typing import Any

import keras
import numpy as np
from keras import ops

from skensemble._validation import check_choice, must_be
from skensemble.augmentation._image_layer import ImageLayer, check_fill_value
from skensemble.augmentation._policy import MAGNITUDES, POLICIES, Stage

# Where an image has moved away, torchvision leaves black and the authors' code the mean of the
# data; a mid grey is within a few levels of the mean of natural images.
_FILL_VALUES = {"reference": 128.0, "torchvision": 0.0}


@keras.saving.register_keras_serializable(package="skensemble")
class AutoAugment(ImageLayer):
    """AutoAugment with the policy found on CIFAR-10.

    Every image draws one of 25 sub-policies. Its two operations are done one after the other,
    each with its own probability and strength; shears, translations and rotations also draw a
    sign. The results equal those of Pillow to the grey level.

    With ``training=False`` the layer returns its input. It comes before everything else that
    changes the images: policy, crop, flip, `Cutout`.

    Parameters
    ----------
    policy : {"cifar10"}, default="cifar10"
        The 25 sub-policies.
    magnitudes : {"reference", "torchvision"}, default="reference"
        How levels become strengths: as in the authors' code, or as in torchvision.
    fill_value : float or sequence of float, optional
        Grey level, or one per channel, of pixels that come from outside the image; rounded.
        Default: 128 for "reference", whose authors take the mean of the data, and 0 for
        "torchvision".
    seed : int, optional
        Seed of the draws. Default: drawn, as Keras's layers do.
    **kwargs : dict
        Arguments of `keras.layers.Layer`, as in ``name="policy"``.

    Notes
    -----
    Takes ``(rows, height, width, channels)``, or one image without rows, of 1 or 3 channels, of
    any dtype, with grey levels **from 0 to 255**. Others are rounded and clipped, so that images
    scaled to [0, 1] come out black. Returns the same shape in the layer's compute dtype, whole
    grey levels. Height and width must be known when the layer is traced into a graph.

    An operation is computed only for the images that drew it; with JAX, whose shapes are fixed,
    for all of them. The graph holds 22 maps of where each pixel comes from: 0.1 MB for 32 × 32
    pixels, 4 MB for 224 × 224.

    References
    ----------
    E. D. Cubuk, B. Zoph, D. Mane, V. Vasudevan, Q. V. Le, AutoAugment: Learning Augmentation
    Strategies from Data, CVPR 2019, table 7.

    Examples
    --------
    >>> import numpy as np
    >>> from skensemble.augmentation import AutoAugment
    >>> X = np.random.default_rng(0).integers(0, 256, (8, 32, 32, 3), dtype="uint8")
    >>> layer = AutoAugment(seed=0)
    >>> layer(X).shape
    TensorShape([8, 32, 32, 3])
    >>> bool((np.asarray(layer(X, training=False)) == X).all())
    True
    """

    def __init__(
        self,
        policy: str = "cifar10",
        magnitudes: str = "reference",
        fill_value: float | Sequence[float] | None = None,
        seed: int | None = None,
        **kwargs: Any,
    ):
        if fill_value is not None:
            given, fix = fill_value, "128 is a mid grey"
            fill_value = check_fill_value(given, fix=fix)
            if np.min(fill_value) < 0 or np.max(fill_value) > 255:
                raise ValueError(must_be("fill_value", "from 0 to 255", given, fix))
        super().__init__(fill_value, seed, **kwargs)
        check_choice("policy", policy, POLICIES, fix="it is the only policy there is")
        fix = '"reference" has those of the paper\'s authors'
        check_choice("magnitudes", magnitudes, MAGNITUDES, fix=fix)
        self.policy = policy
        self.magnitudes = magnitudes

    def get_config(self) -> dict[str, Any]:
        """Return the arguments that make the same layer, at the start of its draws."""
        return {**super().get_config(), "policy": self.policy, "magnitudes": self.magnitudes}

    def _check_shape(self, shape) -> None:
        super()._check_shape(shape)
        if shape[-1] not in (1, 3):
            fix = "the operations are those of grey and of red, green and blue images"
            raise ValueError(must_be("channels of images", "1 or 3", shape[-1], fix))

    def _change(self, images):
        if keras.backend.standardize_dtype(images.dtype) != "uint8":
            images = ops.round(ops.clip(ops.cast(images, "float32"), 0, 255))
            images = ops.cast(images, "uint8")
        height, width, n_channels = images.shape[1:]
        value = _FILL_VALUES[self.magnitudes] if self.fill_value is None else self.fill_value
        fill = np.broadcast_to(np.round(value), (n_channels,)).astype("uint8")
        stages = _stages(self.policy, self.magnitudes, height, width)
        for stage, rows in zip(stages, self._draw(ops.shape(images)[0]), strict=True):
            images = stage.apply(images, rows, fill)
        return images

    def _draw(self, n_images) -> list[Any]:
        """Draw a row of each `Stage` for each image: int32 tensors of shape (n_images,)."""
        policy = POLICIES[self.policy]
        # For each image: its sub-policy, and for both operations whether it is done and its sign.
        draws = keras.random.uniform((n_images, 5), dtype="float32", seed=self.seed_generator)
        choice = ops.cast(draws[:, 0] * len(policy), "int32")
        rows = []
        for i in range(2):
            probabilities = np.array([steps[i][1] for steps in policy], dtype="float32")
            is_done = draws[:, 1 + 2 * i] < ops.take(probabilities, choice)
            is_negative = ops.cast(draws[:, 2 + 2 * i] < 0.5, "int32")
            rows.append(ops.where(is_done, 2 * choice + is_negative, 2 * len(policy)))
        return rows


@functools.lru_cache(maxsize=8)
def _stages(policy: str, magnitudes: str, height: int, width: int) -> tuple[Stage, ...]:
    steps = zip(*POLICIES[policy], strict=True)
    return tuple(Stage(step, MAGNITUDES[magnitudes], height, width) for step in steps)
