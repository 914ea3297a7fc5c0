"""A pretrained backbone with a new head."""

import os
from collections.abc import Mapping, Sequence
from typing import Any

import keras

from skensemble._validation import Described, check_image_size, check_integer, must_be
from skensemble.models._parts import shape_and_classes
from skensemble.models.transfer._backbone import (
    Application,
    check_backbone,
    check_unfreeze_from,
    check_weights,
    find_application,
    first_unfrozen,
    freeze,
    load_weights,
    preprocessed,
    takes_images,
)

DEFAULT_SIZE = (96, 96)
_HEAD, _OUTPUT = "transfer_head", "transfer_probabilities"
_POOLING = {3: keras.layers.GlobalAveragePooling1D, 4: keras.layers.GlobalAveragePooling2D}


def transfer_network(
    input_shape: Sequence[int] | None = None,
    n_classes: int | None = None,
    *,
    backbone: Any = "InceptionV3",
    weights: str | os.PathLike | None = None,
    image_size: tuple[int, int] | None = DEFAULT_SIZE,
    head_units: int = 1024,
    unfreeze_from: int | float | str | None = 0.8,
    meta: Mapping[str, Any] | None = None,
):
    """A partly frozen backbone, global average pooling, a hidden layer and a softmax.

    The network has layers that resize images and do the backbone's own preprocessing, so it takes
    raw pixels.

    Parameters
    ----------
    input_shape : sequence of int, optional
        Shape of one row. Images are (height, width, channels) or (height, width), of pixels from
        0 to 255, with 3 channels or 1. Default: from ``meta``.
    n_classes : int, optional
        Width of the softmax, at least 2. Default: from ``meta``.
    backbone : str, function of keras.applications or keras.Model, default="InceptionV3"
        Any network of ``keras.applications``, by name; it comes with its preprocessing. Or a model
        with one input and one output: features of shape (n, d), or (n, length, d) or (n, height,
        width, d), which are pooled. Nothing is preprocessed for a model. It becomes a layer of the
        network, and is not copied.
    weights : "imagenet", str, path or None, default=None
        ``"imagenet"`` downloads Keras's ImageNet weights, once. A path is a file with the weights
        of the backbone without its top (``.weights.h5``, ``.h5`` or ``.keras``). None loads
        nothing: an application starts from random weights, a model keeps its own.
    image_size : (int, int) or None, default=(96, 96)
        Height and width in pixels to which images are resized; None does not resize them. A model
        that takes images of one size only gets that size.
    head_units : int, default=1024
        Width of the hidden layer; 0 leaves it out.
    unfreeze_from : int, float, str or None, default=0.8
        The first layer of the backbone to train: its position in ``backbone.layers`` (from the end
        if negative), its name, or the share of the layers that stay frozen, from 0.0 to 1.0. None
        freezes all of them.
    meta : mapping, optional
        What the estimator knows of the data; given where this is used as its ``model``.

    Returns
    -------
    keras.Model
        Functional, not compiled.

    Raises
    ------
    ConnectionError
        If weights are to be downloaded and cannot be.
    FileNotFoundError
        If there is no such file of weights.
    TypeError, ValueError
        If a parameter is invalid, or does not fit the backbone or the images.

    Notes
    -----
    The frozen layers are not trained; their batch normalisation uses its stored statistics and
    does not update them. Batch normalisation in the other layers learns, as usual in Keras.

    Examples
    --------
    >>> import keras
    >>> from skensemble.models import transfer_network
    >>> backbone = keras.Sequential(
    ...     [keras.Input((8, 8, 3)), keras.layers.Conv2D(4, 3), keras.layers.Conv2D(6, 3)]
    ... )
    >>> model = transfer_network((32, 32, 3), 10, backbone=backbone, unfreeze_from=1, head_units=5)
    >>> model.output_shape, [layer.trainable for layer in backbone.layers]
    ((None, 10), [False, True])
    """
    check_transfer(backbone, weights, image_size, head_units, unfreeze_from)
    layout = "images are (height, width, 3), or (height, width, 1) in grey"
    input_shape, n_classes = shape_and_classes(input_shape, n_classes, meta, fix=layout)
    rows = keras.Input(tuple(input_shape), name="transfer_rows")
    if not isinstance(backbone, keras.Model):
        application = find_application(backbone)
        images = _images(rows, image_size, application, 3)
        x = preprocessed(images, application.preprocess)
        download = "imagenet" if weights == "imagenet" else None
        backbone = application.build(images.shape[1:3], download)
    elif takes_images(backbone):
        x = _images(rows, image_size, backbone, backbone.input_shape[3])
    else:
        x = rows
        _check_rows(rows.shape[1:], backbone.input_shape[1:])
    if weights is not None and weights != "imagenet":
        load_weights(backbone, weights)
    freeze(backbone, unfreeze_from)
    x = backbone(x)
    if len(x.shape) in _POOLING:
        x = _POOLING[len(x.shape)](name="transfer_pooling")(x)
    if head_units:
        x = keras.layers.Dense(head_units, activation="relu", name=_HEAD)(x)
    outputs = keras.layers.Dense(n_classes, activation="softmax", dtype="float32", name=_OUTPUT)(x)
    return keras.Model(rows, outputs)


def check_transfer(backbone, weights, image_size, head_units, unfreeze_from) -> None:
    """Check the parameters of `transfer_network` before anything is built."""
    check_backbone(backbone)
    check_weights(weights, backbone)
    if image_size is not None:
        fix = f"{DEFAULT_SIZE} is the usual size, None leaves images as they are"
        check_image_size(image_size, fix=fix)
    fix = "1024 is the usual width, 0 leaves the hidden layer out"
    check_integer("head_units", head_units, minimum=0, fix=fix)
    check_unfreeze_from(unfreeze_from)
    if isinstance(backbone, keras.Model):
        first_unfrozen(backbone.layers, unfreeze_from)
    layout = keras.config.image_data_format()
    if takes_images(backbone) and layout != "channels_last":
        fix = "keras.config.set_image_data_format changes it"
        raise ValueError(must_be("Keras's image_data_format", "'channels_last'", layout, fix))


def split_network(network):
    """Return the extractor of the features; the head, a copy; and the layers it is a copy of."""
    layers = [layer for layer in network.layers if layer.name in (_HEAD, _OUTPUT)]
    extractor = keras.Model(network.inputs[0], layers[0].input)
    copies = [type(layer).from_config(layer.get_config()) for layer in layers]
    features = layers[0].input
    head = keras.Sequential([keras.Input(features.shape[1:], dtype=features.dtype), *copies])
    for layer, copy in zip(layers, copies, strict=True):
        copy.set_weights(layer.get_weights())
    return extractor, head, layers


def _check_rows(shape, wanted) -> None:
    fits = [length in (None, n) for n, length in zip(shape, wanted, strict=False)]
    if len(shape) != len(wanted) or not all(fits):
        got = Described(f"rows of shape {shape}")
        fix = "prepare X as for the backbone"
        raise ValueError(must_be("X", f"made of rows of shape {wanted}", got, fix))


def _images(rows, image_size, backbone, n_channels: int | None):
    """Resize symbolic images, and repeat the one channel of grey ones as often as wanted."""
    shape = rows.shape[1:]
    if len(shape) not in (2, 3):
        must = "made of images of shape (height, width, channels) or (height, width)"
        fix = "give each image its rows, columns and colours as axes"
        raise ValueError(must_be("X", must, Described(f"rows of shape {tuple(shape)}"), fix))
    size = _image_size(shape[:2], image_size, backbone)
    if len(shape) == 2:
        rows = keras.layers.Reshape((*shape, 1), name="transfer_channel")(rows)
    if shape[:2] != size:
        # Not the layer Resizing: after it, all layers run in training mode where a network is
        # called without the argument ``training``.
        rows = keras.ops.image.resize(rows, size)
    channels = rows.shape[3]
    if n_channels is None or channels == n_channels:
        return rows
    if channels != 1:
        must = f"made of images of {n_channels} channels, or of 1 in grey"
        fix = "the backbone takes no others"
        raise ValueError(must_be("X", must, Described(f"images of {channels} channels"), fix))
    return keras.layers.Concatenate(name="transfer_colours")([rows] * n_channels)


def _image_size(own_size, image_size, backbone) -> tuple[int, int]:
    """Height and width to which images are resized, which the backbone must take."""
    given = own_size if image_size is None else tuple(image_size)
    if isinstance(backbone, Application):
        n = backbone.smallest
        must = f"at least {n} × {n} pixels for {backbone.name}"
        is_taken, size = min(given) >= n, given
        better = tuple(max(side, n) for side in DEFAULT_SIZE)
    else:
        pairs = zip(backbone.input_shape[1:3], given, strict=True)
        size = better = tuple(own if own is not None else n for own, n in pairs)
        must = f"{size[0]} × {size[1]} pixels, as the backbone takes"
        is_taken = given == size or (image_size is not None and given == DEFAULT_SIZE)
    if not is_taken:
        what = "the size of images" if image_size is None else "image_size"
        got = Described(f"{given[0]} × {given[1]} pixels")
        raise ValueError(must_be(what, must, got, f"image_size={better} resizes them"))
    return int(size[0]), int(size[1])
