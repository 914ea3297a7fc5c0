"""Checks and layers that the networks share."""

from collections.abc import Sequence

import keras
import numpy as np

from skensemble._validation import check_integer, check_real, check_statistics, is_integer, must_be


def shape_and_classes(input_shape, n_classes, meta, *, fix: str) -> tuple[Sequence[int], int]:
    if meta is not None:
        input_shape = meta["X_shape_"][1:] if input_shape is None else input_shape
        n_classes = meta["n_classes_"] if n_classes is None else n_classes
    if input_shape is None:
        raise ValueError(must_be("input_shape", "given where there is no meta", None, fix))
    n_classes = check_integer("n_classes", n_classes, minimum=2, fix="pass the number of classes")
    return input_shape, n_classes


def _image_and_classes(input_shape, n_classes, meta) -> tuple[tuple[int, ...], int]:
    layout = "colours come last, as in (32, 32, 3), or (32, 32, 1) for grey images"
    input_shape, n_classes = shape_and_classes(input_shape, n_classes, meta, fix=layout)
    sizes = tuple(input_shape) if np.iterable(input_shape) else ()
    if len(sizes) != 3 or not all(is_integer(size) and size > 0 for size in sizes):
        must = "the (height, width, channels) of an image"
        raise ValueError(must_be("input_shape", must, input_shape, layout))
    if min(sizes[:2]) < 4:
        must = "of at least 4 x 4 pixels"
        fix = "the network halves its images twice; enlarge them, and see that " + layout
        raise ValueError(must_be("input_shape", must, input_shape, fix))
    return tuple(map(int, sizes)), n_classes


def blocks_of(depth, *, per_block: int, others: int) -> int:
    """Return the n of at least 1 with ``depth == per_block * n + others``, or raise."""
    must = f"{per_block} n + {others}"
    smallest = per_block + others
    if not is_integer(depth):
        fix = f"{smallest} and {smallest + per_block} are the smallest"
        raise TypeError(must_be("depth", must, depth, fix))
    n, rest = divmod(int(depth) - others, per_block)
    if n < 1 or rest:
        below = per_block * n + others
        nearest = f"the nearest are {below} and {below + per_block}"
        fix = nearest if n >= 1 else f"{smallest} is the smallest"
        raise ValueError(must_be("depth", must, depth, fix))
    return n


def normalized(x, statistics: tuple[list[float], list[float]] | None):
    if statistics is None:
        return x
    mean, variance = statistics[0], [s * s for s in statistics[1]]
    options = {"mean": mean, "variance": variance, "name": "normalization"}
    # Half precision is too coarse for pixels from 0 to 255.
    return keras.layers.Normalization(dtype="float32", **options)(x)


class ImageNetwork:
    """The parts of a network for images; kernels of convolutions are He normal of the ``fan``."""

    def __init__(self, input_shape, n_classes, meta, weight_decay, mean, std, *, fan: str):
        shape, self.n_classes = _image_and_classes(input_shape, n_classes, meta)
        fix = "0 is none"
        self.weight_decay = check_real("weight_decay", weight_decay, positive=False, fix=fix)
        self.fan = fan
        self.inputs = keras.Input(shape, name="images")
        # What the first convolution sees.
        self.start = normalized(self.inputs, check_statistics(mean, std, shape[-1]))

    def conv(self, x, filters: int, size: int, *, name: str, strides: int = 1, groups: int = 1):
        # As in the papers' code, the first window is centred on the first pixel. With "same"
        # padding and strides of 2, Keras centres it on the second where the size is even, which
        # shifts the convolution against the shortcut around it.
        padding = "same"
        if strides > 1 and size > 1:
            around = {"data_format": "channels_last", "name": f"{name}_pad"}
            x, padding = keras.layers.ZeroPadding2D(size // 2, **around)(x), "valid"
        return keras.layers.Conv2D(
            filters,
            size,
            strides=strides,
            padding=padding,
            groups=groups,
            use_bias=False,
            data_format="channels_last",
            kernel_initializer=keras.initializers.VarianceScaling(2.0, self.fan),
            kernel_regularizer=self._penalty(),
            name=name,
        )(x)

    def norm(self, x, name: str):
        """With the momentum and epsilon of the papers' code."""
        return keras.layers.BatchNormalization(
            momentum=0.9,
            epsilon=1e-5,
            beta_regularizer=self._penalty(),
            gamma_regularizer=self._penalty(),
            name=name,
        )(x)

    def norm_relu(self, x, prefix: str, number: int | str = ""):
        x = self.norm(x, f"{prefix}_bn{number}")
        return keras.layers.ReLU(name=f"{prefix}_relu{number}")(x)

    def dropout(self, x, rate: float, name: str):
        return keras.layers.Dropout(rate, name=name)(x) if rate else x

    def dense(self, x, units: int, activation: str, *, name: str, dtype: str | None = None):
        """He normal of the fan in starts a softmax near uniform."""
        return keras.layers.Dense(
            units,
            activation=activation,
            kernel_initializer="he_normal",
            kernel_regularizer=self._penalty(),
            bias_regularizer=self._penalty(),
            dtype=dtype,
            name=name,
        )(x)

    def classifier(self, x, *, name: str) -> keras.Model:
        x = keras.layers.GlobalAveragePooling2D(data_format="channels_last", name="head_pool")(x)
        outputs = self.dense(x, self.n_classes, "softmax", name="probabilities", dtype="float32")
        return keras.Model(self.inputs, outputs, name=name)

    def _penalty(self):
        # A new one for each weight: a copy of the network, whose weights do not share one, would
        # otherwise be taken for another network.
        return keras.regularizers.L2(self.weight_decay / 2) if self.weight_decay else None
