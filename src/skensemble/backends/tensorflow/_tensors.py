"""From arrays to tensors, and to a stream of batches for ``Model.fit``."""

from typing import Any

import keras
import numpy as np
import scipy.sparse as sp
import tensorflow as tf

from skensemble.backends.tensorflow._training_graph import batch_of

END_OF_DATA = (StopIteration, tf.errors.OutOfRangeError)

# TensorFlow reads tensors in steps of this many bytes; memory of its own starts at a multiple.
_ALIGNMENT = 64


def as_tensor(array: np.ndarray):
    # ``tf.convert_to_tensor`` copies twice. This copies and converts in one step, and does not copy
    # where the array is aligned and of the right type already.
    dtype = np.dtype(keras.config.floatx()) if array.dtype.kind == "f" else array.dtype
    if array.dtype.kind not in "fiu" or array.size == 0:
        return tf.convert_to_tensor(array)
    if not _can_share(array, dtype):
        array = _aligned_copy(array, dtype)
    return tf.experimental.dlpack.from_dlpack(array.__dlpack__())


def _can_share(array: np.ndarray, dtype: np.dtype) -> bool:
    return (
        array.dtype == dtype
        and array.dtype.isnative
        and array.flags.c_contiguous
        and array.flags.writeable  # dlpack has no way to say read-only that TensorFlow knows
        and array.ctypes.data % _ALIGNMENT == 0
    )


def _aligned_copy(array: np.ndarray, dtype: np.dtype) -> np.ndarray:
    n_bytes = array.size * dtype.itemsize
    memory = np.empty(n_bytes + _ALIGNMENT, np.uint8)
    start = -memory.ctypes.data % _ALIGNMENT
    copy = memory[start : start + n_bytes].view(dtype.newbyteorder("=")).reshape(array.shape)
    np.copyto(copy, array, casting="same_kind")
    return copy


def gather_rows(tensor, places):
    return tf.gather(tensor, places)


def count_numbers(numbers, n_numbers: int):
    # keras.ops.bincount asks for the largest number, so that XLA would not know the shape.
    no_weights = tf.zeros((0,), "float32")
    return tf.raw_ops.DenseBincount(input=numbers, size=n_numbers, weights=no_weights)


def tensor_value(value: Any) -> np.ndarray | str | None:
    if isinstance(value, tf.DType | tf.TensorShape):
        return str(value)
    return np.asarray(value) if isinstance(value, tf.Tensor) else None


def batch_stream(data, first_epoch: int, n_epochs: int) -> tf.data.Dataset:
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
    X = None if data.is_read_by_batch else as_tensor(data.dense_X())

    def read(rows: np.ndarray) -> np.ndarray:
        batch = data.X[rows]
        return batch.toarray() if sp.issparse(batch) else batch

    def batch_from(rows):
        if X is not None:
            found = tf.gather(X, rows)
        else:
            found = tf.numpy_function(read, [rows], tf.as_dtype(data.X.dtype), stateful=False)
            found.set_shape([None, *data.X.shape[1:]])
        return batch_of(found, rows, targets, data.one_hot_width)

    return batch_from
