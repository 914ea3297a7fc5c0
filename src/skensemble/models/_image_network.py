"""Layers that the networks for images share."""

import keras

from skensemble._validation import check_real, check_statistics
from skensemble.models._arguments import image_and_classes


def normalized(x, statistics: tuple[list[float], list[float]] | None):
    """Shift and scale each channel by its mean and standard deviation, if they are given."""
    if statistics is None:
        return x
    mean, std = statistics
    # In float32: half precision is too coarse for pixels from 0 to 255.
    return keras.layers.Normalization(
        mean=mean, variance=[s * s for s in std], dtype="float32", name="normalization"
    )(x)


class ImageNetwork:
    """The parts of a network for images, with its weight decay and its initialiser.

    Images are (height, width, channels), whatever Keras's global data format is. Each trainable
    weight w, also those of batch norm and biases, adds ``weight_decay / 2 * w ** 2`` to the loss.
    Kernels of convolutions are He normal, of variance 2 / ``fan`` ("fan_in" or "fan_out").
    """

    def __init__(self, input_shape, n_classes, meta, weight_decay, mean, std, *, fan: str):
        shape, self.n_classes = image_and_classes(input_shape, n_classes, meta)
        fix = "0 is none"
        self.weight_decay = check_real("weight_decay", weight_decay, positive=False, fix=fix)
        self.fan = fan
        self.inputs = keras.Input(shape, name="images")
        # What the first convolution sees.
        self.start = normalized(self.inputs, check_statistics(mean, std, shape[-1]))

    def conv(self, x, filters: int, size: int, *, name: str, strides: int = 1, groups: int = 1):
        """Convolve without bias; strides above 1 make the image as many times smaller.

        As in the papers' code, the first window is centred on the first pixel. With "same" padding
        and strides of 2, Keras centres it on the second where the size is even, which shifts the
        convolution against the shortcut around it.
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
        """Dropout, or nothing for a rate of 0."""
        return keras.layers.Dropout(rate, name=name)(x) if rate else x

    def dense(self, x, units: int, activation: str, *, name: str, dtype: str | None = None):
        """Dense layer with bias; He normal of the fan in, which starts a softmax near uniform."""
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
        """Return the model, which ends in the mean over the image and a softmax in float32."""
        x = keras.layers.GlobalAveragePooling2D(data_format="channels_last", name="head_pool")(x)
        outputs = self.dense(x, self.n_classes, "softmax", name="probabilities", dtype="float32")
        return keras.Model(self.inputs, outputs, name=name)

    def _penalty(self):
        # A new one for each weight: a copy of the network, whose weights do not share one, would
        # otherwise be taken for another network.
        return keras.regularizers.L2(self.weight_decay / 2) if self.weight_decay else None
