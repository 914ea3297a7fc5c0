"""The Cutout layer."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import keras
from keras import ops

from skensemble._validation import check_integer
from skensemble.augmentation._checks import check_fits, check_seed, check_shape, check_values


@keras.saving.register_keras_serializable(package="skensemble")
class Cutout(keras.layers.Layer):
    """A square of every image blotted out.

    The centre (r, c) of the square is uniform over all pixels, drawn for each image; the square
    is what the image has of rows from ``r - size // 2`` to ``r + size // 2`` and of columns
    likewise, the ends excluded. So part of it may lie outside of the image, which is what
    distinguishes this layer from `keras.layers.RandomErasing`; and an odd size counts as the
    even one below it, as in the authors' code.

    With ``training=False`` the layer returns what it got.

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
    the same shape in the layer's compute dtype. Height and width must be known when a graph is
    made of the layer.

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
        super().__init__(**kwargs)
        fix = "the paper has 16 for images of 32 × 32 pixels"
        self.size = check_integer("size", size, minimum=2, fix=fix)
        fix = "the mean of the data is what normalisation makes 0"
        self.fill_value = check_values("fill_value", fill_value, fix=fix)
        self.seed = check_seed(seed)
        self.seed_generator = keras.random.SeedGenerator(self.seed)

    def call(self, images, training=True):
        """Return the images, each without its square if training."""
        self._check(images.shape)
        images = ops.cast(images, self.compute_dtype)
        if not training:
            return images
        n_images = ops.shape(images)[0] if len(images.shape) == 4 else 1
        out = self._cut(images, n_images)
        return out if len(images.shape) == 4 else out[0]

    def compute_output_shape(self, input_shape):
        """Return the shape of the images: it stays."""
        self._check(input_shape)
        return input_shape

    def get_config(self) -> dict[str, Any]:
        """Return the arguments that make the same layer, at the start of its draws."""
        own = {"size": self.size, "fill_value": self.fill_value, "seed": self.seed}
        return {**super().get_config(), **own}

    def _check(self, shape) -> None:
        check_shape(shape)
        check_fits(self.fill_value, shape[-1])

    def _cut(self, images, n_images):
        height, width = images.shape[-3:-1]
        draws = keras.random.uniform((n_images, 2), dtype="float32", seed=self.seed_generator)
        rows = self._covered(draws[:, 0], height)[:, :, None, None]
        columns = self._covered(draws[:, 1], width)[:, None, :, None]
        # Products, because a choice between broadcast tensors takes TensorFlow twice as long.
        square = ops.cast(rows & columns, images.dtype)
        fill = ops.cast(ops.convert_to_tensor(self.fill_value), images.dtype)
        return images * (1 - square) + square * fill

    def _covered(self, draws, length: int):
        """Which of the pixels along an axis the square covers: bool of shape (n, length)."""
        centres = ops.floor(draws * length)[:, None]
        pixels = ops.arange(length, dtype="float32")
        half = self.size // 2
        return (pixels >= centres - half) & (pixels < centres + half)
