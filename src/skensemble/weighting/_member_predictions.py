"""What the members predict, what is true, and how much each row counts."""

from dataclasses import dataclass
from functools import cached_property
from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray

from skensemble._validation import Described, must_be

FloatArray = NDArray[np.float64]

_SLACK = 1e-6  # how far rounding may carry a softmax outside [0, 1]
_SUM_SLACK = 1e-2  # and the sum of a row from 1: half precision, many classes


@dataclass(frozen=True, eq=False)
class MemberPredictions:
    """Predictions of all members on the rows that count."""

    probas: NDArray[Any]
    y: NDArray[np.intp]
    mass: FloatArray

    def __len__(self) -> int:
        return len(self.probas)

    def take(self, rows: NDArray[np.bool_]) -> Self:
        """Return the rows of a mask, in the order of the memory."""
        at = np.flatnonzero(rows)
        return type(self)(self.probas.take(at, axis=1), self.y[at], self.mass[at])

    @cached_property
    def of_true_class(self) -> FloatArray:
        """The probabilities of the true classes, probas[m, n, y[n]], (M, n) in float64."""
        q = np.empty(self.probas.shape[:2])  # the long axis is contiguous
        q[...] = self.probas[:, np.arange(self.y.size), self.y]
        return q

    def combine(self, weights: FloatArray) -> FloatArray:
        """Weighted mean of the probabilities, (n, k) in float64.

        The weights, of any sum, are (M,), or (n, M) if each row has its own; whole numbers keep
        ties of votes exact.
        """
        out = np.zeros(self.probas.shape[1:])
        for m, proba in enumerate(self.probas):
            share = weights[..., m, None]
            if share.any():
                out += share * proba
        out /= weights.sum(axis=-1, keepdims=True)
        return out


def read_members(
    probas: ArrayLike, y: ArrayLike, sample_weight: ArrayLike | None
) -> MemberPredictions:
    """Check the three arrays and drop the rows of weight 0."""
    p = _read_probas(probas)
    _, n, k = p.shape
    labels = _read_labels(y, n_rows=n, n_classes=k)
    if sample_weight is None:
        return MemberPredictions(p, labels, np.ones(n))
    fix = "leave it out for equal ones"
    mass = read_masses("sample_weight", sample_weight, n, each="row of probas", fix=fix)
    members = MemberPredictions(p, labels, mass)
    counts = mass > 0
    return members if counts.all() else members.take(counts)


def _read_array(
    name: str,
    value: ArrayLike,
    must: str,
    fix: str,
    *,
    shape: tuple[int, ...] | None = None,
    kinds: str = "fiu",
    numbers: str = "an array of real numbers",
) -> NDArray[Any]:
    try:
        array = np.asarray(value)
    except ValueError:  # ragged nested lists
        got = Described("nested sequences of unequal lengths")
        raise ValueError(must_be(name, must, got, fix)) from None
    if array.dtype.kind not in kinds:
        raise TypeError(must_be(name, numbers, Described(f"dtype {array.dtype}"), fix))
    fits = array.ndim == 3 and array.size > 0 if shape is None else array.shape == shape
    if not fits:
        raise ValueError(must_be(name, must, Described(f"shape {array.shape}"), fix))
    return array


def _read_probas(probas: ArrayLike) -> NDArray[Any]:
    """(M, n, k) probabilities, as they come: neither copied nor cast."""
    must = "an array of shape (M, n, k): snapshots, rows, classes, none of them 0"
    fix = "stack the predict_proba outputs of the snapshots, np.stack([...])"
    p = _read_array("probas", probas, must, fix)
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


def _read_labels(y: ArrayLike, *, n_rows: int, n_classes: int) -> NDArray[np.intp]:
    must = f"class indices of shape ({n_rows},), one per row of probas"
    fix = "np.searchsorted(classes_, labels) turns sorted labels into indices"
    integers = "class indices of an integer dtype"
    labels = _read_array("y", y, must, fix, shape=(n_rows,), kinds="iu", numbers=integers)
    low, high = int(labels.min()), int(labels.max())
    if low < 0 or high >= n_classes:
        must = f"class indices from 0 to {n_classes - 1}, the columns of probas"
        raise ValueError(must_be("y", must, Described(f"values from {low} to {high}"), fix))
    return labels.astype(np.intp, copy=False)


def read_masses(name: str, value: ArrayLike, size: int, *, each: str, fix: str) -> FloatArray:
    """Non-negative finite numbers, not all zero, divided by the largest so that none overflows."""
    must = f"an array of shape ({size},), one number per {each}"
    array = _read_array(name, value, must, fix, shape=(size,))
    low, high = float(array.min()), float(array.max())
    if not (low >= 0 and 0 < high < float("inf")):  # NaN fails both
        got = Described(f"values from {low:g} to {high:g}")
        raise ValueError(must_be(name, "finite, not negative and not all 0", got, fix))
    masses: FloatArray = array.astype(np.float64) / high
    return masses
