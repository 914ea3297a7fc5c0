"""The shapes and types that training is traced for."""

from __future__ import annotations

import math
from dataclasses import dataclass

import keras
import numpy as np

# Batches that XLA gets in one call: enough to make the call cheap, few enough to stay small.
_MOST_BATCHES = 64
_MOST_BYTES = 2**23


@dataclass(frozen=True)
class Signature:
    """All that a program depends on besides the network.

    Parameters
    ----------
    row_shape : tuple of int
        Shape of a row of X.
    row_dtype : str
        Its type.
    has_weights : bool
        Whether rows have weights.
    n_classes : int or None
        Columns of one-hot targets.
    batch_size : int
        Rows per iteration.
    shuffle : bool
        Whether each epoch has an order of its own.
    n_at_once : int
        Batches that XLA gets in one call.
    """

    row_shape: tuple[int, ...]
    row_dtype: str
    has_weights: bool
    n_classes: int | None
    batch_size: int
    shuffle: bool
    n_at_once: int

    @classmethod
    def of(cls, data) -> Signature:
        """Describe a ``TrainingData``."""
        floats = data.X.dtype.kind == "f"
        dtype = np.dtype(keras.config.floatx()) if floats else data.X.dtype
        row_shape = data.X.shape[1:]
        batch_bytes = data.batch_size * math.prod(row_shape) * dtype.itemsize
        most = max(1, min(_MOST_BATCHES, _MOST_BYTES // max(1, batch_bytes)))
        n_full = max(1, len(data.rows) // data.batch_size)
        return cls(
            row_shape,
            dtype.name,
            data.sample_weight is not None,
            data.n_classes,
            data.batch_size,
            data.shuffle,
            # A power of two: data of about the same size share a program.
            n_at_once=min(most, 1 << (n_full - 1).bit_length()),
        )

    def specs(self, *leading: int | None) -> tuple:
        """Specify X, y and, where there are any, the weights.

        Parameters
        ----------
        *leading : int or None
            Dimensions before those of a row; by default, any number of rows.
        """
        import tensorflow as tf

        leading = leading or (None,)
        X = tf.TensorSpec([*leading, *self.row_shape], self.row_dtype)
        y = tf.TensorSpec(leading, tf.int64)
        weights = tf.TensorSpec(leading, keras.config.floatx())
        return (X, y, weights) if self.has_weights else (X, y)

    def batch_specs(self, *leading: int | None) -> tuple:
        """Specify the same as a step takes it, with one-hot targets where there are any."""
        import tensorflow as tf

        X, y, *weights = self.specs(*leading)
        if self.n_classes is not None:
            y = tf.TensorSpec([*y.shape, self.n_classes], keras.config.floatx())
        return (X, y, *weights)
