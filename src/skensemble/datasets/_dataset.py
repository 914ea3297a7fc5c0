"""The record that every loader returns."""

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True, eq=False, repr=False)
class Dataset:
    """Rows, their labels, and their origin.

    Parameters
    ----------
    X : ndarray of shape (n, ...)
        Images, uint8 of shape (n, height, width, 3); the features of a table, float32 of shape
        (n, d); or the array of an ``.npz`` file, unchanged.
    y : ndarray of shape (n,), optional
        Labels, as names or as in the file. None if the source has none.
    feature_names : tuple of str, optional
        Names of the columns of ``X``, for tables.
    paths : tuple of str, optional
        For images, the file of each row, relative to the folder that was loaded.
    skipped : tuple of str
        Images that could not be read, relative to the folder that was loaded.

    Examples
    --------
    >>> import numpy as np
    >>> from skensemble.datasets import Dataset
    >>> Dataset(np.zeros((3, 2), "float32"), np.array(["a", "b", "a"]))
    Dataset(X: float32 (3, 2), y: 2 classes)
    """

    X: np.ndarray
    y: np.ndarray | None = None
    feature_names: tuple[str, ...] | None = None
    paths: tuple[str, ...] | None = None
    skipped: tuple[str, ...] = ()

    def __repr__(self) -> str:
        parts = [f"X: {self.X.dtype} {self.X.shape}"]
        if self.y is not None:
            parts.append(f"y: {len(np.unique(self.y))} classes")
        if self.skipped:
            parts.append(f"{len(self.skipped)} skipped")
        return f"Dataset({', '.join(parts)})"
