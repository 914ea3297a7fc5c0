"""What programs are traced for, and how."""

import math
from dataclasses import dataclass
from typing import Any

import keras
import numpy as np

# Batches in one block: enough to make a call of a block cheap, few enough to stay small.
_MOST_BATCHES = 64
_MOST_BYTES = 2**23


@dataclass(frozen=True)
class XlaDecision:
    """Whether XLA compiles a program, and why."""

    use: bool
    reason: str


@dataclass(frozen=True)
class Signature:
    """All that a program depends on besides the network."""

    row_shape: tuple[int, ...]
    row_dtype: str
    target_shape: tuple[int, ...]  # of one row
    target_dtype: str
    has_weights: bool  # whether rows have weights
    # Length of the one-hot rows that targets are turned into, None for targets as they are.
    one_hot_width: int | None
    batch_size: int  # rows per iteration
    # Batches that XLA gets in one call. A power of 2: data of about the same size share a program.
    n_at_once: int

    @classmethod
    def of(cls, data: Any) -> "Signature":
        row_shape, row_dtype = data.X.shape[1:], _dtype_of_tensor(data.X)
        batch_bytes = data.batch_size * math.prod(row_shape) * np.dtype(row_dtype).itemsize
        most = max(1, min(_MOST_BATCHES, _MOST_BYTES // max(1, batch_bytes)))
        n_full = max(1, len(data.rows) // data.batch_size)
        return cls(
            row_shape,
            row_dtype,
            data.y.shape[1:],
            _dtype_of_tensor(data.y),
            data.sample_weight is not None,
            data.one_hot_width,
            data.batch_size,
            n_at_once=min(most, 1 << (n_full - 1).bit_length()),
        )


def _dtype_of_tensor(array: Any) -> str:
    dtype = keras.config.floatx() if array.dtype.kind == "f" else array.dtype
    return np.dtype(dtype).name
