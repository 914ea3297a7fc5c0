"""Residual networks: wide ones, and ResNeXt with its squeeze-and-excitation variant."""

from collections.abc import Mapping, Sequence
from typing import Any

import keras

from skensemble._validation import check_flag, check_integer, check_real, must_be
from skensemble.models._parts import ImageNetwork, blocks_of

# Output channels of the first stage of a ResNeXt; each later stage has twice as many.
_CHANNELS = 256


def wide_resnet(
    input_shape: Sequence[int] | None = None,
    n_classes: int | None = None,
    *,
    depth: int = 16,
    width: int = 4,
    dropout: float = 0.0,
    weight_decay: float = 5e-4,
    mean: float | Sequence[float] | None = None,
    std: float | Sequence[float] | None = None,
    meta: Mapping[str, Any] | None = None,
):
    """Wide ResNet for small images [1]_.

    A 3×3 convolution of 16 channels, and three groups of n residual blocks of 16, 32 and 64 times
    ``width`` channels; the second and the third group halve the image. Batch norm and ReLU come
    before each convolution. Where a block changes the number of channels, the shortcut is a 1×1
    convolution after the first batch norm and ReLU of the block.

    Parameters
    ----------
    input_shape : sequence of int, optional
        (height, width, channels) of the images, at least 4 x 4 pixels. Default: from ``meta``.
    n_classes : int, optional
        Width of the softmax, at least 2. Default: from ``meta``.
    depth : int, default=16
        6 n + 4 for n blocks in each group: 10, 16, 22, 28, 34, 40 and so on.
    width : int, default=4
        Factor on the channels of a plain ResNet.
    dropout : float, default=0.0
        Share of units dropped between the convolutions of a block, in [0, 1). The paper has 0, or
        0.3 for WRN-28-10.
    weight_decay : float, default=5e-4
        Weight decay d of plain SGD: every trainable weight w adds d / 2 · w² to the loss, and so
        d · w to the gradient. As in the paper's code, the weights of batch norm and the bias are
        no exception. 0 for an optimizer that decays by itself.
    mean, std : float or sequence of float, optional
        Of each channel, in the units of the input, which a ``keras.layers.Normalization`` then
        shifts and scales: raw uint8 images can be trained on. Default: neither.
    meta : mapping, optional
        What the estimator knows of the data; given where this is used as its ``model``.

    Returns
    -------
    keras.Model
        Functional, not compiled; ends in a softmax in float32. The kernels are He normal of the
        fan in.

    Raises
    ------
    TypeError, ValueError
        If a parameter is out of its range. The message names the nearest depths.

    References
    ----------
    .. [1] S. Zagoruyko, N. Komodakis (2016). Wide Residual Networks. BMVC.
       https://arxiv.org/abs/1605.07146

    Examples
    --------
    >>> from skensemble.models import wide_resnet
    >>> model = wide_resnet((32, 32, 3), 10, depth=16, width=4)
    >>> model.name, model.output_shape
    ('wide_resnet_16_4', (None, 10))
    >>> sum(w.numpy().size for w in model.trainable_weights)
    2748890

    As the network of an ensemble, for raw CIFAR-10 images:

    >>> from skensemble import SnapshotEnsembleClassifier
    >>> clf = SnapshotEnsembleClassifier(
    ...     wide_resnet,
    ...     model__width=8,
    ...     model__mean=(125.3, 123.0, 113.9),
    ...     model__std=(63.0, 62.1, 66.7),
    ... )
    """
    n = blocks_of(depth, per_block=6, others=4)
    width = check_integer("width", width, minimum=1, fix="1 is a plain ResNet")
    dropout = check_real("dropout", dropout, positive=False, below=1, fix="0 drops nothing")

    layers = ImageNetwork(input_shape, n_classes, meta, weight_decay, mean, std, fan="fan_in")
    x = layers.conv(layers.start, 16, 3, name="stem_conv")
    for group in range(3):
        for block in range(n):
            prefix = f"group{group + 1}_block{block + 1}"
            strides = 2 if group > 0 and block == 0 else 1
            x = _residual(layers, x, 16 * width * 2**group, strides, dropout, prefix)
    x = layers.norm_relu(x, "head")
    return layers.classifier(x, name=f"wide_resnet_{depth}_{width}")


def _residual(layers, x, filters: int, strides: int, dropout: float, prefix: str):
    before, shortcut = layers.norm_relu(x, prefix, 1), x
    if x.shape[-1] != filters:
        shortcut = layers.conv(before, filters, 1, strides=strides, name=f"{prefix}_projection")
    x = layers.conv(before, filters, 3, strides=strides, name=f"{prefix}_conv1")
    x = layers.norm_relu(x, prefix, 2)
    x = layers.dropout(x, dropout, f"{prefix}_dropout")
    x = layers.conv(x, filters, 3, name=f"{prefix}_conv2")
    return keras.layers.Add(name=f"{prefix}_add")([x, shortcut])


def resnext(
    input_shape: Sequence[int] | None = None,
    n_classes: int | None = None,
    *,
    depth: int = 29,
    cardinality: int = 8,
    width: int = 64,
    se: bool = False,
    reduction: int = 16,
    weight_decay: float = 5e-4,
    mean: float | Sequence[float] | None = None,
    std: float | Sequence[float] | None = None,
    meta: Mapping[str, Any] | None = None,
):
    """ResNeXt [1]_, or SE-ResNeXt [2]_, for small images.

    A 3×3 convolution of 64 channels, and three stages of n bottleneck blocks; the second and the
    third stage halve the image. A block is a 1×1 convolution, a 3×3 convolution in ``cardinality``
    groups and a 1×1 convolution, each with batch norm. Its output has 256 channels in the first
    stage, then 512 and 1024, whatever ``cardinality`` and ``width`` are. The shortcut is a
    1×1 convolution with batch norm in the first block of a stage, and nothing in the others.

    Parameters
    ----------
    input_shape : sequence of int, optional
        (height, width, channels) of the images, at least 4 x 4 pixels. Default: from ``meta``.
    n_classes : int, optional
        Width of the softmax, at least 2. Default: from ``meta``.
    depth : int, default=29
        9 n + 2 for n blocks in each stage: 11, 20, 29 and so on.
    cardinality : int, default=8
        Groups of the 3×3 convolutions: the 8 of ResNeXt-29 8×64d.
    width : int, default=64
        Channels of each group in the first stage, doubled in each later stage: the 64 of
        ResNeXt-29 8×64d.
    se : bool, default=False
        Whether each block scales its channels before the shortcut is added, by factors that a
        dense layer with ReLU and one with a sigmoid compute from the means over the image.
    reduction : int, default=16
        The first of these two layers has ``channels // reduction`` units; at most 256.
    weight_decay : float, default=5e-4
        Weight decay d of plain SGD: every trainable weight w adds d / 2 · w² to the loss, and so
        d · w to the gradient. As in the paper's code, the weights of batch norm and the biases
        are no exception. 0 for an optimizer that decays by itself.
    mean, std : float or sequence of float, optional
        Of each channel, in the units of the input, which a ``keras.layers.Normalization`` then
        shifts and scales: raw uint8 images can be trained on. Default: neither.
    meta : mapping, optional
        What the estimator knows of the data; given where this is used as its ``model``.

    Returns
    -------
    keras.Model
        Functional, not compiled; ends in a softmax in float32. The kernels of the convolutions
        are He normal of the fan out, which counts all channels of all groups as in the paper's
        code; those of the dense layers of the fan in.

    Raises
    ------
    TypeError, ValueError
        If a parameter is out of its range. The message names the nearest depths.

    References
    ----------
    .. [1] S. Xie, R. Girshick, P. Dollár, Z. Tu, K. He (2017). Aggregated Residual
       Transformations for Deep Neural Networks. CVPR. https://arxiv.org/abs/1611.05431
    .. [2] J. Hu, L. Shen, G. Sun (2018). Squeeze-and-Excitation Networks. CVPR.
       https://arxiv.org/abs/1709.01507

    Examples
    --------
    >>> from skensemble.models import resnext
    >>> model = resnext((32, 32, 3), 10, depth=11, cardinality=4, width=4)
    >>> model.name, model.output_shape
    ('resnext_11_4x4d', (None, 10))
    >>> model.get_layer("stage3_block1_conv2").groups
    4

    As the network of an ensemble:

    >>> from skensemble import SnapshotEnsembleClassifier
    >>> clf = SnapshotEnsembleClassifier(resnext, model__cardinality=4, model__se=True)
    """
    n = blocks_of(depth, per_block=9, others=2)
    cardinality = check_integer("cardinality", cardinality, minimum=1, fix="8 is the usual choice")
    width = check_integer("width", width, minimum=1, fix="64 is the usual choice")
    se = check_flag("se", se, fix="True is SE-ResNeXt")
    fix = "16 is the usual choice"
    reduction = check_integer("reduction", reduction, minimum=1, fix=fix)
    if reduction > _CHANNELS:
        must = f"at most {_CHANNELS}, the channels of a block in the first stage"
        raise ValueError(must_be("reduction", must, reduction, fix))

    layers = ImageNetwork(input_shape, n_classes, meta, weight_decay, mean, std, fan="fan_out")
    x = layers.norm_relu(layers.conv(layers.start, 64, 3, name="stem_conv"), "stem")
    for stage in range(3):
        inner, outer = cardinality * width * 2**stage, _CHANNELS * 2**stage
        for block in range(n):
            prefix = f"stage{stage + 1}_block{block + 1}"
            strides = 2 if stage > 0 and block == 0 else 1
            shortcut = x
            if x.shape[-1] != outer:
                shortcut = layers.conv(x, outer, 1, strides=strides, name=f"{prefix}_projection")
                shortcut = layers.norm(shortcut, f"{prefix}_projection_bn")
            x = _bottleneck(layers, x, inner, outer, strides, cardinality, prefix)
            x = _squeeze_and_excite(layers, x, reduction, prefix) if se else x
            x = keras.layers.Add(name=f"{prefix}_add")([x, shortcut])
            x = keras.layers.ReLU(name=f"{prefix}_relu3")(x)
    variant = "se_resnext" if se else "resnext"
    return layers.classifier(x, name=f"{variant}_{depth}_{cardinality}x{width}d")


def _bottleneck(layers, x, inner: int, outer: int, strides: int, groups: int, prefix: str):
    x = layers.norm_relu(layers.conv(x, inner, 1, name=f"{prefix}_conv1"), prefix, 1)
    x = layers.conv(x, inner, 3, strides=strides, groups=groups, name=f"{prefix}_conv2")
    x = layers.norm_relu(x, prefix, 2)
    return layers.norm(layers.conv(x, outer, 1, name=f"{prefix}_conv3"), f"{prefix}_bn3")


def _squeeze_and_excite(layers, x, reduction: int, prefix: str):
    channels = x.shape[-1]
    means = keras.layers.GlobalAveragePooling2D("channels_last", name=f"{prefix}_se_pool")(x)
    gate = layers.dense(means, channels // reduction, "relu", name=f"{prefix}_se_squeeze")
    gate = layers.dense(gate, channels, "sigmoid", name=f"{prefix}_se_excite")
    gate = keras.layers.Reshape((1, 1, channels), name=f"{prefix}_se_reshape")(gate)
    return keras.layers.Multiply(name=f"{prefix}_se_scale")([x, gate])
