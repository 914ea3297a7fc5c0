"""Labels of new data, and the classes of a run."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from skensemble._validation import Described, must_be


def class_indices(y: np.ndarray, classes: np.ndarray, name: str = "--data") -> NDArray[np.int64]:
    """Find labels among the classes of a run.

    Parameters
    ----------
    y : ndarray of shape (n,)
        Labels.
    classes : ndarray of shape (k,)
        Labels of the run, sorted.
    name : str
        Where the labels come from, for the message.

    Returns
    -------
    ndarray of shape (n,), int64
        Indices into ``classes``.

    Raises
    ------
    ValueError
        If a label is not one of the classes, naming it.
    """
    index = {label: i for i, label in enumerate(classes.tolist())}
    labels = np.asarray(y).tolist()
    strange = [label for label in dict.fromkeys(labels) if label not in index]
    if strange:
        shown = ", ".join(map(repr, strange[:5])) + (", ..." if len(strange) > 5 else "")
        known = ", ".join(map(repr, list(index)[:10])) + (", ..." if len(index) > 10 else "")
        fix = "give data of the classes that the run was trained for"
        must = f"with labels that the run was trained on, {known}"
        raise ValueError(must_be(name, must, Described(f"labels {shown}"), fix))
    return np.array([index[label] for label in labels], dtype=np.int64)
