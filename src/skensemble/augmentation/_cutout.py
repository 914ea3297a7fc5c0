"""The Cutout layer."""

from collections.abc import Sequence
from typing import Any

import keras
from keras import ops

from skensemble._validation import check_integer
from skensemble.augmentation._image_layer import ImageLayer, check_fill_value


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
        """Whether the square covers each row or column: bool of shape (n, length)."""
        centres = ops.floor(draws * length)[:, None]
        pixels = ops.arange(length, dtype="float32")
        half = self.size // 2
        return (pixels >= centres - half) & (pixels < centres + half)
