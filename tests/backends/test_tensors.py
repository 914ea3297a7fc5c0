"""Handing NumPy's memory to TensorFlow."""

import numpy as np
import pytest
import tensorflow as tf

from skensemble.backends import as_tensor


def at_offset(values, offset):
    """Copy an array to memory whose address is ``offset`` bytes after a multiple of 64."""
    memory = np.empty(values.nbytes + 128, np.uint8)
    start = -memory.ctypes.data % 64 + offset
    copy = memory[start : start + values.nbytes].view(values.dtype).reshape(values.shape)
    copy[...] = values
    return copy


@pytest.mark.parametrize(
    "dtype", ["float16", "float32", "float64", "uint8", "int64", "bool", ">f4"]
)
@pytest.mark.parametrize("offset", [0, 8, 16])
def test_has_the_values(dtype, offset):
    values = at_offset((np.arange(24) % 7).reshape(4, 3, 2).astype(dtype), offset)
    tensor = as_tensor(values)
    is_float = values.dtype.kind == "f"
    assert tensor.dtype == (tf.float32 if is_float else tf.as_dtype(values.dtype))
    np.testing.assert_array_equal(tensor.numpy(), values)
    np.testing.assert_array_equal(tf.gather(tensor, [2, 0]).numpy(), values[[2, 0]])


def test_of_views():
    values = np.arange(60, dtype="float32").reshape(6, 10)
    for view in (values[:, ::2], values[::-1], values.T, values[1:, 1:], values[:0]):
        np.testing.assert_array_equal(as_tensor(view).numpy(), view)


def test_of_memory_that_cannot_be_written():
    values = at_offset(np.arange(6, dtype="float32"), 0)
    values.setflags(write=False)
    np.testing.assert_array_equal(as_tensor(values).numpy(), values)


def test_copies_only_where_it_must():
    shared = at_offset(np.zeros(8, "float32"), 0)
    copied = at_offset(np.zeros(8, "float32"), 16)
    tensors = as_tensor(shared), as_tensor(copied)
    shared[0] = copied[0] = 5
    assert [float(tensor[0]) for tensor in tensors] == [5, 0]


def test_outlives_the_array():
    tensor = as_tensor(np.full((1000, 100), 3.0))
    others = [np.zeros((1000, 100), "float32") for _ in range(20)]
    assert float(tf.reduce_sum(tensor)) == 3e5
    assert not np.any(others)
