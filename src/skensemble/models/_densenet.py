"""Densely connected networks."""

from collections.abc import Mapping, Sequence
from typing import Any

import keras

from skensemble._validation import check_flag, check_integer, check_real
from skensemble.models._parts import ImageNetwork, blocks_of


def densenet(
    input_shape: Sequence[int] | None = None,
    n_classes: int | None = None,
    *,
    depth: int = 40,
    growth_rate: int = 12,
    bottleneck: bool = False,
    dropout: float = 0.0,
    weight_decay: float = 1e-4,
    mean: float | Sequence[float] | None = None,
    std: float | Sequence[float] | None = None,
    meta: Mapping[str, Any] | None = None,
):
    """DenseNet, or DenseNet-BC, for small images [1]_.

    A 3×3 convolution, and three dense blocks of n layers, each of which adds ``growth_rate``
    channels to its input. Between the blocks, a 1×1 convolution and an average pool of 2
    halve the image; of an odd size, the last row or column is left out.

    Parameters
    ----------
    input_shape : sequence of int, optional
        (height, width, channels) of the images, at least 4 x 4 pixels. Default: from ``meta``.
    n_classes : int, optional
        Width of the softmax, at least 2. Default: from ``meta``.
    depth : int, default=40
        3 n + 4 for n layers in each block: 7, 10, …, 40, …, 100 and so on. With ``bottleneck``,
        6 n + 4: 10, 16, …, 40, …, 100 and so on.
    growth_rate : int, default=12
        Channels that each layer adds, k.
    bottleneck : bool, default=False
        The variant BC: each layer begins with a 1×1 convolution to 4 k channels, and the
        transitions between blocks halve the channels. The first convolution has 2 k channels in
        this variant, otherwise 16.
    dropout : float, default=0.0
        Share of units dropped after each 3×3 convolution of a dense block and each convolution
        of a transition, in [0, 1). The paper has 0.2 without data augmentation, and 0 with it.
    weight_decay : float, default=1e-4
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
        Functional, not compiled; ends in a softmax in float32. The kernels of the convolutions
        are He normal of the fan out, that of the last layer of the fan in.

    Raises
    ------
    TypeError, ValueError
        If a parameter is out of its range. The message names the nearest depths.

    References
    ----------
    .. [1] G. Huang, Z. Liu, L. van der Maaten, K. Weinberger (2017). Densely Connected
       Convolutional Networks. CVPR. https://arxiv.org/abs/1608.06993

    Examples
    --------
    >>> from skensemble.models import densenet
    >>> model = densenet((32, 32, 3), 10, depth=40, growth_rate=12)
    >>> model.name, model.output_shape
    ('densenet_40_12', (None, 10))
    >>> sum(w.numpy().size for w in model.trainable_weights)
    1019722

    As the network of an ensemble:

    >>> from skensemble import SnapshotEnsembleClassifier
    >>> clf = SnapshotEnsembleClassifier(densenet, model__depth=100, model__bottleneck=True)
    """
    bottleneck = check_flag("bottleneck", bottleneck, fix="True is the variant BC")
    n = blocks_of(depth, per_block=6 if bottleneck else 3, others=4)
    fix = "12, 24 and 40 are the usual choices"
    growth_rate = check_integer("growth_rate", growth_rate, minimum=1, fix=fix)
    dropout = check_real("dropout", dropout, positive=False, below=1, fix="0 drops nothing")

    layers = ImageNetwork(input_shape, n_classes, meta, weight_decay, mean, std, fan="fan_out")
    x = layers.conv(layers.start, 2 * growth_rate if bottleneck else 16, 3, name="stem_conv")
    for block in range(3):
        if block:
            channels = x.shape[-1] // 2 if bottleneck else x.shape[-1]
            x = _transition(layers, x, channels, dropout, f"transition{block}")
        for layer in range(n):
            prefix = f"block{block + 1}_layer{layer + 1}"
            x = _grow(layers, x, growth_rate, bottleneck, dropout, prefix)
    x = layers.norm_relu(x, "head")
    variant = "densenet_bc" if bottleneck else "densenet"
    return layers.classifier(x, name=f"{variant}_{depth}_{growth_rate}")


def _grow(layers, x, growth_rate: int, bottleneck: bool, dropout: float, prefix: str):
    new = layers.norm_relu(x, prefix, 1)
    if bottleneck:
        new = layers.conv(new, 4 * growth_rate, 1, name=f"{prefix}_conv1")
        new = layers.norm_relu(new, prefix, 2)
    new = layers.conv(new, growth_rate, 3, name=f"{prefix}_conv{2 if bottleneck else 1}")
    new = layers.dropout(new, dropout, f"{prefix}_dropout")
    return keras.layers.Concatenate(name=f"{prefix}_concat")([x, new])


def _transition(layers, x, channels: int, dropout: float, prefix: str):
    x = layers.norm_relu(x, prefix)
    x = layers.conv(x, channels, 1, name=f"{prefix}_conv")
    x = layers.dropout(x, dropout, f"{prefix}_dropout")
    return keras.layers.AveragePooling2D(2, data_format="channels_last", name=f"{prefix}_pool")(x)
