"""The networks, the same for all contestants that run on Keras."""

import keras
import numpy as np
from keras import layers

DROPOUT = {"mlp": 0.0, "mlp_dropout": 0.2}
FILTERS = (16, 32, 64)


def build(network, shape, n_classes, width=64):
    """Return an uncompiled network for rows of a shape.

    Parameters
    ----------
    network : {"mlp", "mlp_dropout", "cnn"}
        Name of the network.
    shape : tuple of int
        Shape of one row.
    n_classes : int
        Units of the softmax.
    width : int, default=64
        Units of the hidden layer of the MLPs.
    """
    hidden = _convolutions() if network == "cnn" else _dense(width, DROPOUT[network])
    softmax = layers.Dense(n_classes, activation="softmax")
    return keras.Sequential([keras.Input(shape), *hidden, softmax])


def compiled(network, shape, n_classes, width=64, jit_compile="auto"):
    """Return a network as `build` does, compiled with SGD with Nesterov momentum 0.9."""
    model = build(network, shape, n_classes, width)
    model.compile(
        keras.optimizers.SGD(momentum=0.9, nesterov=True),
        "sparse_categorical_crossentropy",
        jit_compile=jit_compile,
    )
    return model


def _dense(width, dropout):
    yield layers.Dense(width, activation="relu")
    if dropout:
        yield layers.Dropout(dropout)


def _convolutions():
    for filters in FILTERS:
        yield layers.Conv2D(filters, 3, padding="same")
        yield layers.BatchNormalization()
        yield layers.ReLU()
        yield layers.MaxPooling2D()
    yield layers.GlobalAveragePooling2D()


def flops_per_row(model):
    """Floating point operations of the products in one forward pass of one row.

    A kernel of k numbers takes 2k operations at each of the places that it is applied to.
    """
    return sum(
        2 * int(np.prod(layer.kernel.shape)) * int(np.prod(layer.output.shape[1:-1]))
        for layer in model.layers
        if hasattr(layer, "kernel")
    )
