"""Labels as numbers of the columns of class probabilities."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from skensemble._validation import Described, must_be


def single_labels(y: Any, name: str = "y") -> NDArray[Any]:
    """Return one label per row as an array of shape (n,)."""
    labels: NDArray[Any] = np.asarray(y)
    if labels.ndim != 1:
        got = Described(f"shape {labels.shape}")
        fix = "one-hot rows become labels by y.argmax(axis=1)"
        raise ValueError(must_be(name, "of shape (n,), one label per row", got, fix))
    return labels


def class_indices(y: Any, classes: NDArray[Any], name: str = "y") -> NDArray[np.int64]:
    """Find labels among the classes that a network was trained for."""
    y = single_labels(y, name)
    index = {label: i for i, label in enumerate(classes.tolist())}
    labels = y.tolist()
    unknown = [label for label in dict.fromkeys(labels) if label not in index]
    if unknown:
        shown = ", ".join(map(repr, unknown[:5])) + (", ..." if len(unknown) > 5 else "")
        known = ", ".join(map(repr, list(index)[:10])) + (", ..." if len(index) > 10 else "")
        fix = "bring rows of these classes only"
        must = f"labels that training has seen, {known}"
        raise ValueError(must_be(name, must, Described(f"labels {shown}"), fix))
    return np.array([index[label] for label in labels], dtype=np.int64)
