"""Training data as a stream of batches, with the order of rows drawn from a seed."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import scipy.sparse as sp

from skensemble.backends import as_tensor

# Sparse matrices and files that are smaller than this as dense arrays are made dense arrays.
_MOST_BYTES = 2**28


def is_memory_mapped(X) -> bool:
    """Whether an array, or what it is a view of, is a file."""
    while X is not None:
        # Rows picked from a memory-mapped array are one too, by type, and in memory.
        if isinstance(X, np.memmap) and getattr(X, "_mmap", None) is not None:
            return True
        X = getattr(X, "base", None)
    return False


def order_of_rows(rows, seed, epoch):
    """Shuffle rows for an epoch: a function of seed and epoch, two int64 tensors, alone."""
    import tensorflow as tf

    return tf.random.experimental.stateless_shuffle(rows, tf.stack([seed, epoch]))


def batch_of(X, rows, targets, n_classes: int | None) -> tuple:
    """Put together what a training step takes.

    Parameters
    ----------
    X : tensor
        Features of the rows.
    rows : integer tensor
        Rows of the batch.
    targets : sequence of tensor
        y and, where there are any, the weights of all rows.
    n_classes : int or None
        Number of columns of one-hot targets.
    """
    import keras
    import tensorflow as tf

    floatx = keras.config.floatx()
    if X.dtype.is_floating:
        X = tf.cast(X, floatx)
    target, *weight = (tf.gather(tensor, rows) for tensor in targets)
    if n_classes is not None:
        target = tf.one_hot(target, n_classes, dtype=floatx)
    return (X, target, *weight)


@dataclass(frozen=True, eq=False)
class TrainingData:
    """Rows to train on, without a copy of them.

    Parameters
    ----------
    X : ndarray of shape (n, ...) or CSR matrix of shape (n, d)
        Features; a large sparse matrix or memory-mapped array is read batch by batch.
    y : ndarray of shape (n,), int64
        Class indices.
    rows : ndarray of shape (n_train,), int64
        The rows of X and y to train on.
    batch_size : int
        Rows per iteration; the last batch of an epoch may be smaller.
    n_classes : int or None
        Number of classes where the loss takes one-hot targets, else None.
    sample_weight : ndarray of shape (n,) or None
        Weight of each row of X.
    shuffle : bool
        Whether each epoch takes the rows in an order of its own.
    seed : int
        Determines the order of the rows in every epoch.
    """

    X: np.ndarray | sp.csr_matrix
    y: np.ndarray
    rows: np.ndarray
    batch_size: int
    n_classes: int | None = None
    sample_weight: np.ndarray | None = None
    shuffle: bool = True
    seed: int = 0

    @property
    def steps_per_epoch(self) -> int:
        """Iterations per epoch, a smaller last batch included."""
        return -(-len(self.rows) // self.batch_size)

    def dataset(self, first_epoch: int, n_epochs: int):
        """Stream the batches of ``n_epochs`` epochs, one epoch after the other.

        Returns
        -------
        tf.data.Dataset
            Of ``(X, y)`` or ``(X, y, sample_weight)`` batches, X and the weights in Keras's
            default float type where they are floats.
        """
        import tensorflow as tf

        rows = tf.constant(self.rows, tf.int64)
        seed = tf.constant(self.seed, tf.int64)
        n_full = len(self.rows) // self.batch_size * self.batch_size

        def order_of(epoch):
            return order_of_rows(rows, seed, epoch) if self.shuffle else rows

        def batches_of(order):
            full = tf.reshape(order[:n_full], [-1, self.batch_size])
            batches = tf.data.Dataset.from_tensor_slices(full)
            if n_full < len(self.rows):
                batches = batches.concatenate(tf.data.Dataset.from_tensors(order[n_full:]))
            return batches

        epochs = tf.data.Dataset.range(first_epoch, first_epoch + n_epochs)
        orders = epochs.map(order_of).prefetch(1)
        batches = orders.flat_map(batches_of).map(
            self._gather(), num_parallel_calls=2, deterministic=True
        )
        n_batches = n_epochs * self.steps_per_epoch
        batches = batches.apply(tf.data.experimental.assert_cardinality(n_batches))
        options = tf.data.Options()
        # Rewriting the pipeline, for whatever it gains, would copy X.
        options.experimental_optimization.apply_default_optimizations = False
        options.autotune.enabled = False
        return batches.prefetch(8).with_options(options)

    @property
    def is_read_by_batch(self) -> bool:
        """Whether X stays a sparse matrix or a file, as too large to be made a dense array."""
        if not (sp.issparse(self.X) or is_memory_mapped(self.X)):
            return False
        return math.prod(self.X.shape) * self.X.dtype.itemsize > _MOST_BYTES

    def features(self):
        """Return X as a tensor."""
        return as_tensor(self.X.toarray() if sp.issparse(self.X) else self.X)

    def targets(self) -> tuple:
        """Return y and, where there are any, the weights of all rows as tensors."""
        import keras
        import tensorflow as tf

        y = tf.constant(self.y, tf.int64)
        if self.sample_weight is None:
            return (y,)
        return y, tf.constant(self.sample_weight, keras.config.floatx())

    def _gather(self):
        import tensorflow as tf

        targets = self.targets()
        if self.is_read_by_batch:
            rows_of_X = self._rows_of_X()
            return lambda rows: batch_of(rows_of_X(rows), rows, targets, self.n_classes)
        X = self.features()
        return lambda rows: batch_of(tf.gather(X, rows), rows, targets, self.n_classes)

    def _rows_of_X(self):
        import tensorflow as tf

        dtype = tf.as_dtype(self.X.dtype)

        def read(rows):
            batch = self.X[rows]
            return batch.toarray() if sp.issparse(batch) else batch

        def rows_of(rows):
            batch = tf.numpy_function(read, [rows], dtype, stateful=False)
            batch.set_shape([None, *self.X.shape[1:]])
            return batch

        return rows_of
