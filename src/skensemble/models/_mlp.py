"""The built-in network."""

from collections.abc import Mapping, Sequence
from typing import Any

import keras

from skensemble._validation import check_integer, check_real, check_statistics
from skensemble.models._parts import normalized, shape_and_classes


def mlp(
    input_shape: Sequence[int] | None = None,
    n_classes: int | None = None,
    *,
    units: int | Sequence[int] = (64, 64),
    dropout: float = 0.0,
    mean: float | Sequence[float] | None = None,
    std: float | Sequence[float] | None = None,
    meta: Mapping[str, Any] | None = None,
):
    """Dense-BatchNorm-ReLU blocks and a softmax.

    Batch normalisation keeps the network alive at the high learning rate at which every cycle
    starts: without it, its units tend to die at ``alpha_zero=0.1``.

    Parameters
    ----------
    input_shape : sequence of int, optional
        Shape of one row; rows of more than one dimension are flattened. Default: from ``meta``.
    n_classes : int, optional
        Width of the softmax, at least 2. Default: from ``meta``.
    units : int or sequence of int, default=(64, 64)
        Width of each block.
    dropout : float, default=0.0
        Share of units dropped after each block, in [0, 1).
    mean, std : float or sequence of float, optional
        Of each feature, or of each channel of an image, in the units of the input, which a
        ``keras.layers.Normalization`` then shifts and scales. Default: neither.
    meta : mapping, optional
        What the estimator knows of the data; given where this is used as its ``model``.

    Returns
    -------
    keras.Model
        Functional, not compiled.

    Raises
    ------
    TypeError, ValueError
        If a parameter is out of its range.

    Examples
    --------
    >>> from skensemble.models import mlp
    >>> model = mlp(input_shape=(4,), n_classes=3, units=(8,))
    >>> model.output_shape, model.count_params()
    ((None, 3), 91)

    As the network of an ensemble, with the width of its blocks as a parameter to search over:

    >>> from skensemble import SnapshotEnsembleClassifier
    >>> clf = SnapshotEnsembleClassifier(mlp, model__units=(32,))
    """
    fix = "pass the shape of one row, (64,) for rows of 64 features"
    input_shape, n_classes = shape_and_classes(input_shape, n_classes, meta, fix=fix)
    widths = units if isinstance(units, Sequence) else [units]
    for width in widths:
        check_integer("units", width, minimum=1, fix="pass the width of each block, as in (64, 64)")
    dropout = check_real("dropout", dropout, positive=False, below=1, fix="0 drops nothing")
    shape = tuple(input_shape)
    statistics = check_statistics(mean, std, shape[-1] if shape else 1)

    inputs = keras.Input(shape)
    x = normalized(inputs, statistics)
    if len(shape) != 1:
        x = keras.layers.Flatten()(x)
    for width in widths:
        x = keras.layers.Dense(width, use_bias=False)(x)
        # Keras's momentum of 0.99 needs hundreds of iterations to forget where it started; a
        # snapshot of a small data set is taken sooner.
        x = keras.layers.BatchNormalization(momentum=0.9)(x)
        x = keras.layers.ReLU()(x)
        if dropout:
            x = keras.layers.Dropout(dropout)(x)
    outputs = keras.layers.Dense(n_classes, activation="softmax", dtype="float32")(x)
    return keras.Model(inputs, outputs)
