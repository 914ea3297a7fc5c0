"""Training data, with the order of rows drawn from a seed."""

import math
from dataclasses import dataclass
from typing import Any

import keras
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


def order_of_rows(rows: np.ndarray, seed: int, epoch: int) -> np.ndarray:
    """Shuffle rows for an epoch, as a function of seed and epoch alone.

    Examples
    --------
    >>> order_of_rows(np.arange(8), seed=0, epoch=1)
    array([2, 0, 4, 1, 7, 5, 3, 6])
    """
    return np.random.Generator(np.random.Philox(key=[seed, epoch])).permutation(rows)


@dataclass(frozen=True, eq=False)
class TrainingData:
    # (n, ...): Features; a large sparse matrix or memory-mapped array is read batch by batch.
    X: np.ndarray | sp.csr_matrix
    y: np.ndarray  # (n, ...): Targets, in the form that the loss takes
    rows: np.ndarray  # (n_train,): The rows of X and y to train on
    batch_size: int  # rows per iteration; the last batch of an epoch may be smaller
    # Where y has indices and the loss takes one-hot rows, made for each batch: their length.
    one_hot_width: int | None = None
    sample_weight: np.ndarray | None = None  # (n,): Weight of each row of X
    shuffle: bool = True  # whether each epoch takes the rows in an order of its own
    seed: int = 0  # determines the order of the rows in every epoch

    @property
    def steps_per_epoch(self) -> int:
        """Iterations per epoch, a smaller last batch included."""
        return -(-len(self.rows) // self.batch_size)

    def order(self, epoch: int) -> np.ndarray:
        return order_of_rows(self.rows, self.seed, epoch) if self.shuffle else self.rows

    @property
    def is_read_by_batch(self) -> bool:
        """Whether X stays a sparse matrix or a file, as too large to be made a dense array."""
        if not (sp.issparse(self.X) or is_memory_mapped(self.X)):
            return False
        return math.prod(self.X.shape) * self.X.dtype.itemsize > _MOST_BYTES

    def dense_X(self) -> Any:
        X: Any = self.X
        return X.toarray() if sp.issparse(X) else X

    def tensors(self, X: Any = None) -> list[Any]:
        found = [as_tensor(self.dense_X()) if X is None else X, as_tensor(self.y)]
        if self.sample_weight is not None:
            found.append(as_tensor(self.sample_weight.astype(keras.config.floatx(), copy=False)))
        return found
