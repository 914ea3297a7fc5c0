"""Between NumPy's arrays and TensorFlow's tensors."""

from typing import Any

import keras
import numpy as np
import tensorflow as tf

# TensorFlow reads tensors in steps of this many bytes; memory of its own starts at a multiple.
_ALIGNMENT = 64


def as_tensor(array: np.ndarray):
    """Return a tensor of an array's values, floats as Keras's default float type.

    ``tf.convert_to_tensor`` copies twice. This copies and converts in one step, and does not copy
    where the array is aligned and of the right type already.
    """
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
    """Return what a tensor holds, the text of a type or shape of TensorFlow, or else None."""
    if isinstance(value, tf.DType | tf.TensorShape):
        return str(value)
    return np.asarray(value) if isinstance(value, tf.Tensor) else None
