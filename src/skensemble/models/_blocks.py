"""Layers that the networks for images have in common."""

from __future__ import annotations

from collections.abc import Sequence

import keras


def normalized(x, statistics: tuple[list[float], list[float]] | None):
    """Shift and scale by mean and standard deviation of each channel, where they are given."""
    if statistics is None:
        return x
    mean, std = statistics
    # Half precision has no room for the differences between large numbers, as pixels of 0 to 255.
    return keras.layers.Normalization(
        mean=mean, variance=[s * s for s in std], dtype="float32", name="normalization"
    )(x)


class Blocks:
    """Layers of one network: with its weight decay, its initialiser, and names to find them by.

    Images are (height, width, channels) whatever Keras's global data format is.
    """

    def __init__(self, weight_decay: float, fan: str):
        self.weight_decay, self.fan = weight_decay, fan

    def images(self, shape: Sequence[int], statistics: tuple[list[float], list[float]] | None):
        """Return the input of the network, and what its first convolution is to see."""
        inputs = keras.Input(tuple(shape), name="images")
        return inputs, normalized(inputs, statistics)

    def conv(self, x, filters: int, size: int, *, name: str, strides: int = 1, groups: int = 1):
        """Convolve, without bias; the image stays as large, or becomes ``strides`` times smaller.

        As in the papers' code, the first window is centred on the first pixel. "same" padding
        would centre it on the second where it halves an even size, and shift the convolution
        against the shortcut around it.
        """
        padding = "same"
        if strides > 1 and size > 1:
            pad = keras.layers.ZeroPadding2D(
                size // 2, data_format="channels_last", name=f"{name}_pad"
            )
            x, padding = pad(x), "valid"
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
        """Batch norm with the momentum and epsilon of the papers' code."""
        return keras.layers.BatchNormalization(
            momentum=0.9,
            epsilon=1e-5,
            beta_regularizer=self._penalty(),
            gamma_regularizer=self._penalty(),
            name=name,
        )(x)

    def norm_relu(self, x, prefix: str, number: int | str = ""):
        """Batch norm and ReLU, called ``{prefix}_bn{number}`` and ``{prefix}_relu{number}``."""
        x = self.norm(x, f"{prefix}_bn{number}")
        return keras.layers.ReLU(name=f"{prefix}_relu{number}")(x)

    def dropout(self, x, rate: float, name: str):
        """Drop units, if any."""
        return keras.layers.Dropout(rate, name=name)(x) if rate else x

    def dense(self, x, units: int, activation: str, *, name: str, dtype: str | None = None):
        """Dense layer with a bias; He normal of the fan in, which keeps a softmax undecided."""
        return keras.layers.Dense(
            units,
            activation=activation,
            kernel_initializer="he_normal",
            kernel_regularizer=self._penalty(),
            bias_regularizer=self._penalty(),
            dtype=dtype,
            name=name,
        )(x)

    def classifier(self, inputs, x, n_classes: int, *, name: str) -> keras.Model:
        """Return the model that ends in the mean over the image and a softmax in float32."""
        x = keras.layers.GlobalAveragePooling2D(data_format="channels_last", name="head_pool")(x)
        outputs = self.dense(x, n_classes, "softmax", name="probabilities", dtype="float32")
        return keras.Model(inputs, outputs, name=name)

    def _penalty(self):
        # One for each weight: what shares an object is told apart from its copy, which does not.
        return keras.regularizers.L2(self.weight_decay / 2) if self.weight_decay else None
