"""Handing NumPy's memory to TensorFlow."""

from __future__ import annotations

import keras
import numpy as np

# TensorFlow reads tensors in steps of this many bytes; memory of its own starts at a multiple.
_ALIGNMENT = 64


def as_tensor(array: np.ndarray):
    """Return a tensor of an array's values, floats as Keras's default float type.

    ``tf.convert_to_tensor`` copies twice. This copies once, and converts in the same go; or not at
    all, where the array is aligned and of the right type already.
    """
    import tensorflow as tf

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
