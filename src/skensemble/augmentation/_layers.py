"""The layers Cutout and AutoAugment, and what they share."""

import functools
from collections.abc import Sequence
from typing import Any

import keras
import numpy as np
from keras import ops

from skensemble._validation import Described, as_array, check_choice, check_integer, must_be
from skensemble.augmentation._policy import MAGNITUDES, POLICIES, Stage

# Where an image has moved away, torchvision leaves black and the authors' code the mean of the
# data; a mid grey is within a few levels of the mean of natural images.
_FILL_VALUES = {"reference": 128.0, "torchvision": 0.0}


class ImageLayer(keras.layers.Layer):
    """A layer whose ``_change`` gets batches of images in training, also where given one image."""

    def __init__(self, fill_value: float | list[float] | None, seed: Any, **kwargs: Any):
        super().__init__(**kwargs)
        self.fill_value = fill_value
        self.seed = check_seed(seed)
        self.seed_generator = keras.random.SeedGenerator(self.seed)

    def call(self, images, training=True):
        """Return the images, changed if training."""
        self._check_shape(images.shape)
        if not training:
            return ops.cast(images, self.compute_dtype)
        is_batch = len(images.shape) == 4
        out = ops.cast(self._change(images if is_batch else images[None]), self.compute_dtype)
        return out if is_batch else out[0]

    def compute_output_shape(self, input_shape):
        """Return the shape of the images, which does not change."""
        self._check_shape(input_shape)
        return input_shape

    def get_config(self) -> dict[str, Any]:
        """Return the arguments that make the same layer, at the start of its draws."""
        return {**super().get_config(), "fill_value": self.fill_value, "seed": self.seed}

    def _check_shape(self, shape: Sequence[int | None]) -> None:
        got = Described(f"shape {tuple(shape)}")
        if len(shape) not in (3, 4):
            must = "of shape (rows, height, width, channels), or (height, width, channels)"
            fix = "give an image its axis of channels, as in X[..., np.newaxis]"
            raise ValueError(must_be("images", must, got, fix))
        if None in shape[-3:]:
            fix = "resize them, or set their shape, before this layer"
            raise ValueError(must_be("images", "of one size, known in advance", got, fix))
        if isinstance(self.fill_value, Sequence) and len(self.fill_value) != shape[-1]:
            must = f"a number, or {shape[-1]} of them, one per channel of the images"
            fix = "a single number serves all channels"
            raise ValueError(must_be("fill_value", must, list(self.fill_value), fix))


@keras.saving.register_keras_serializable(package="skensemble")
class Cutout(ImageLayer):
    """Fill a random square of every image.

    The centre (r, c) of the square is drawn for each image, uniformly from all pixels. The square
    has the rows from ``r - size // 2`` up to but not including ``r + size // 2``, and the columns
    likewise, as far as they are in the image: unlike in `keras.layers.RandomErasing`, part of it
    may lie outside. An odd size counts as the even one below it, as in the authors' code.

    With ``training=False`` the layer returns its input.

    Parameters
    ----------
    size : int, default=16
        Side of the square in pixels, at least 2. The paper has 16 on CIFAR-10 and 8 on CIFAR-100.
    fill_value : float or sequence of float, default=0.0
        Value of the pixels of the square, or one per channel. The paper's is 0 after
        normalisation: where the network itself normalises, the mean of the data.
    seed : int, optional
        Seed of the draws. Default: drawn, as Keras's layers do.
    **kwargs : dict
        Arguments of `keras.layers.Layer`, as in ``name="cutout"``.

    Notes
    -----
    Takes ``(rows, height, width, channels)``, or one image without rows, of any dtype; returns
    the same shape in the layer's compute dtype. Height and width must be known when the layer is
    traced into a graph.

    References
    ----------
    T. DeVries, G. W. Taylor, Improved Regularization of Convolutional Neural Networks with
    Cutout, arXiv:1708.04552, 2017.

    Examples
    --------
    >>> import numpy as np
    >>> from skensemble.augmentation import Cutout
    >>> X = np.ones((2, 4, 4, 1))
    >>> out = np.asarray(Cutout(size=2, seed=1)(X))
    >>> out[0, :, :, 0]
    array([[1., 1., 1., 1.],
           [1., 1., 1., 1.],
           [0., 0., 1., 1.],
           [0., 0., 1., 1.]], dtype=float32)
    """

    def __init__(
        self,
        size: int = 16,
        fill_value: float | Sequence[float] = 0.0,
        seed: int | None = None,
        **kwargs: Any,
    ):
        fix = "the mean of the data is what normalisation makes 0"
        super().__init__(check_fill_value(fill_value, fix=fix), seed, **kwargs)
        fix = "the paper has 16 for images of 32 × 32 pixels"
        self.size = check_integer("size", size, minimum=2, fix=fix)

    def get_config(self) -> dict[str, Any]:
        """Return the arguments that make the same layer, at the start of its draws."""
        return {**super().get_config(), "size": self.size}

    def _change(self, images):
        images = ops.cast(images, self.compute_dtype)
        n_images = ops.shape(images)[0]
        height, width = images.shape[-3:-1]
        draws = keras.random.uniform((n_images, 2), dtype="float32", seed=self.seed_generator)
        rows = self._covered(draws[:, 0], height)[:, :, None, None]
        columns = self._covered(draws[:, 1], width)[:, None, :, None]
        # Products, because ops.where with broadcast tensors takes TensorFlow twice as long.
        square = ops.cast(rows & columns, images.dtype)
        fill = ops.cast(ops.convert_to_tensor(self.fill_value), images.dtype)
        return images * (1 - square) + square * fill

    def _covered(self, draws, length: int):
        centres = ops.floor(draws * length)[:, None]
        pixels = ops.arange(length, dtype="float32")
        half = self.size // 2
        return (pixels >= centres - half) & (pixels < centres + half)


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


def check_seed(seed: Any) -> int | None:
    return seed if seed is None else check_integer("seed", seed, minimum=0, fix="None draws a seed")


def check_fill_value(value: Any, *, fix: str) -> float | list[float]:
    """Return a finite number, or a list of one per channel, as plain floats."""
    numbers = as_array(value)
    if numbers.dtype.kind not in "iuf":
        raise TypeError(must_be("fill_value", "a number, or one per channel", value, fix))
    if not numbers.size or not np.isfinite(numbers).all():
        raise ValueError(must_be("fill_value", "a finite number, or one per channel", value, fix))
    return (numbers.ravel() if numbers.ndim else numbers).astype(float).tolist()
