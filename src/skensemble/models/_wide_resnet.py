"""Wide residual networks."""

from collections.abc import Mapping, Sequence
from typing import Any

import keras

from skensemble._validation import check_integer, check_real
from skensemble.models._parts import ImageNetwork, blocks_of


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
