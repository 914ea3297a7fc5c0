"""Training data as a stream of batches for ``Model.fit``."""

import keras
import numpy as np
import scipy.sparse as sp
import tensorflow as tf

from skensemble.backends.tensorflow._tensors import as_tensor
from skensemble.backends.tensorflow._training_graph import batch_of

END_OF_DATA = (StopIteration, tf.errors.OutOfRangeError)


def batch_stream(data, first_epoch: int, n_epochs: int) -> tf.data.Dataset:
    """Return a ``tf.data.Dataset`` of (X, y) or (X, y, sample_weight) batches."""
    n_full = len(data.rows) // data.batch_size * data.batch_size

    def order_of(epoch):
        order = tf.numpy_function(data.order, [epoch], tf.int64, stateful=False)
        return tf.ensure_shape(order, [len(data.rows)])

    def batches_of(order):
        full = tf.reshape(order[:n_full], [-1, data.batch_size])
        batches = tf.data.Dataset.from_tensor_slices(full)
        if n_full < len(data.rows):
            batches = batches.concatenate(tf.data.Dataset.from_tensors(order[n_full:]))
        return batches

    epochs = tf.data.Dataset.range(first_epoch, first_epoch + n_epochs)
    orders = epochs.map(order_of).prefetch(1)
    batches = orders.flat_map(batches_of).map(
        _batch_from(data), num_parallel_calls=2, deterministic=True
    )
    n_batches = n_epochs * data.steps_per_epoch
    batches = batches.apply(tf.data.experimental.assert_cardinality(n_batches))
    options = tf.data.Options()
    # Rewriting the pipeline, for whatever it gains, would copy X.
    options.experimental_optimization.apply_default_optimizations = False
    options.autotune.enabled = False
    return batches.prefetch(8).with_options(options)


def _batch_from(data):
    targets = [as_tensor(data.y)]
    if data.sample_weight is not None:
        targets.append(tf.constant(data.sample_weight, keras.config.floatx()))
    if not data.is_read_by_batch:
        X = as_tensor(data.dense_X())
        return lambda rows: batch_of(tf.gather(X, rows), rows, targets, data.one_hot_width)

    def read(rows: np.ndarray) -> np.ndarray:
        batch = data.X[rows]
        return batch.toarray() if sp.issparse(batch) else batch

    def rows_of(rows):
        batch = tf.numpy_function(read, [rows], tf.as_dtype(data.X.dtype), stateful=False)
        batch.set_shape([None, *data.X.shape[1:]])
        return batch

    return lambda rows: batch_of(rows_of(rows), rows, targets, data.one_hot_width)
