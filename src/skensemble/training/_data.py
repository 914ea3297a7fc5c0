"""Training data as a stream of batches, with the order of rows drawn from a seed."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import scipy.sparse as sp

from skensemble.training._tensors import as_tensor


def _is_memory_mapped(X) -> bool:
    while X is not None:
        if isinstance(X, np.memmap):
            return True
        X = getattr(X, "base", None)
    return False


@dataclass(frozen=True, eq=False)
class TrainingData:
    """Rows to train on, without a copy of them.

    Parameters
    ----------
    X : ndarray of shape (n, ...) or CSR matrix of shape (n, d)
        Features; a sparse matrix or a memory-mapped array is read batch by batch.
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
        n_full = len(self.rows) // self.batch_size * self.batch_size

        def order_of(epoch):
            if not self.shuffle:
                return rows
            # A function of (seed, epoch) alone: no state to restore, no epoch depends on another.
            seed = tf.stack([tf.constant(self.seed, tf.int64), epoch])
            return tf.random.experimental.stateless_shuffle(rows, seed)

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

    def _gather(self):
        import keras
        import tensorflow as tf

        floatx = keras.config.floatx()
        X = self._rows_of_X()
        y = tf.constant(self.y, tf.int64)
        weight = None
        if self.sample_weight is not None:
            weight = tf.constant(self.sample_weight, floatx)

        def gather(batch_rows):
            batch = X(batch_rows)
            if batch.dtype.is_floating:
                batch = tf.cast(batch, floatx)
            target = tf.gather(y, batch_rows)
            if self.n_classes is not None:
                target = tf.one_hot(target, self.n_classes, dtype=floatx)
            if weight is None:
                return batch, target
            return batch, target, tf.gather(weight, batch_rows)

        return gather

    def _rows_of_X(self):
        import tensorflow as tf

        if not (sp.issparse(self.X) or _is_memory_mapped(self.X)):
            X = as_tensor(self.X)
            return lambda rows: tf.gather(X, rows)

        dtype = tf.as_dtype(self.X.dtype)

        def read(rows):
            batch = self.X[rows]
            return batch.toarray() if sp.issparse(batch) else batch

        def rows_of(rows):
            batch = tf.numpy_function(read, [rows], dtype, stateful=False)
            batch.set_shape([None, *self.X.shape[1:]])
            return batch

        return rows_of
