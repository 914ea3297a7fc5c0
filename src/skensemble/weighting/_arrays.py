"""Checks of the arrays that every solver takes, in one wording."""

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from skensemble._validation import Described, must_be

FloatArray = NDArray[np.float64]

_SLACK = 1e-6  # how far rounding may carry a softmax outside [0, 1]
_SUM_SLACK = 1e-2  # and the sum of a row from 1: half precision, many classes


def _as_array(name: str, value: ArrayLike, must: str, fix: str) -> NDArray[Any]:
    try:
        return np.asarray(value)
    except ValueError:  # ragged nested lists
        got = Described("nested sequences of unequal lengths")
        raise ValueError(must_be(name, must, got, fix)) from None


def read_probas(probas: ArrayLike) -> NDArray[Any]:
    """(M, n, k) probabilities, as they come: neither copied nor cast."""
    must = "an array of shape (M, n, k): snapshots, rows, classes, none of them 0"
    fix = "stack the predict_proba outputs of the snapshots, np.stack([...])"
    p = _as_array("probas", probas, must, fix)
    if p.dtype.kind not in "fiu":
        got = Described(f"dtype {p.dtype}")
        raise TypeError(must_be("probas", "an array of real numbers", got, fix))
    if p.ndim != 3 or 0 in p.shape:
        raise ValueError(must_be("probas", must, Described(f"shape {p.shape}"), fix))
    low, high = float(p.min()), float(p.max())
    if not (low >= -_SLACK and high <= 1 + _SLACK):  # NaN fails both
        got = Described(f"values from {low:g} to {high:g}")
        fix = "pass probabilities (a softmax of the logits), and drop snapshots that diverged"
        raise ValueError(must_be("probas", "finite and between 0 and 1", got, fix))
    if p.dtype in (np.float32, np.float64):
        sums = np.einsum("mnk->mn", p)  # faster than sum over a short axis
    else:
        sums = p.sum(axis=2, dtype=np.float64)
    off = np.abs(sums - 1) > _SUM_SLACK
    if off.any():
        member, row = np.argwhere(off)[0]
        must = "probabilities that sum to 1 over the classes"
        got = Described(f"{sums[member, row]:.6g} in row {row} of member {member}")
        fix = "pass what predict_proba returns (a softmax of the logits, not one sigmoid per class)"
        raise ValueError(must_be("probas", must, got, fix))
    return p


def read_labels(y: ArrayLike, *, n_rows: int, n_classes: int) -> NDArray[np.intp]:
    """Class indices, one per row, each a column of probas."""
    must = f"class indices of shape ({n_rows},), one per row of probas"
    fix = "np.searchsorted(classes_, labels) turns sorted labels into indices"
    labels = _as_array("y", y, must, fix)
    if labels.shape != (n_rows,):
        raise ValueError(must_be("y", must, Described(f"shape {labels.shape}"), fix))
    if labels.dtype.kind not in "iu":
        got = Described(f"dtype {labels.dtype}")
        raise TypeError(must_be("y", "class indices of an integer dtype", got, fix))
    low, high = int(labels.min()), int(labels.max())
    if low < 0 or high >= n_classes:
        must = f"class indices from 0 to {n_classes - 1}, the columns of probas"
        raise ValueError(must_be("y", must, Described(f"values from {low} to {high}"), fix))
    return labels.astype(np.intp, copy=False)


def read_sample_weight(sample_weight: ArrayLike | None, *, n_rows: int) -> FloatArray:
    """One weight per row, 1 each by default."""
    if sample_weight is None:
        return np.ones(n_rows)
    return read_masses("sample_weight", sample_weight, size=n_rows, each="row of probas")


def read_masses(name: str, value: ArrayLike, *, size: int, each: str) -> FloatArray:
    """Non-negative finite numbers, not all zero, divided by the largest so that none overflows."""
    must = f"an array of shape ({size},), one number per {each}"
    fix = (
        "leave it out for equal ones" if name == "sample_weight" else "equal ones are a safe start"
    )
    array = _as_array(name, value, must, fix)
    if array.dtype.kind not in "fiu":
        got = Described(f"dtype {array.dtype}")
        raise TypeError(must_be(name, "an array of real numbers", got, fix))
    if array.shape != (size,):
        raise ValueError(must_be(name, must, Described(f"shape {array.shape}"), fix))
    low, high = float(array.min()), float(array.max())
    if not (low >= 0 and 0 < high < float("inf")):  # NaN fails both
        must = "finite, not negative and not all 0"
        got = Described(f"values from {low:g} to {high:g}")
        raise ValueError(must_be(name, must, got, fix))
    masses: FloatArray = array.astype(np.float64) / high
    return masses
