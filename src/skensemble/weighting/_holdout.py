"""The holdout as the solvers see it: each member's probability of the true class, row by row."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from skensemble._validation import Described, must_be

FloatArray = NDArray[np.float64]

EPS = float(np.finfo(np.float64).eps)  # the floor of scikit-learn's log_loss on float64
_SLACK = 1e-6  # how far rounding may carry a softmax outside [0, 1]


@dataclass(frozen=True, eq=False)
class Holdout:
    """Probabilities of the true class, and how much each row counts.

    Parameters
    ----------
    q : ndarray of shape (M, n), float64
        Probability that member m gives the true class of row n, between eps and 1.
    mass : ndarray of shape (n,), float64
        Sample weights, all positive, of mean 1.
    """

    q: FloatArray
    mass: FloatArray

    def loss(self, weights: FloatArray) -> float:
        """Mean log-loss of the combination, in nats."""
        return float(-(self.mass @ np.log(weights @ self.q)) / self.mass.size)

    def augmented(self, prior: float) -> tuple[FloatArray, FloatArray]:
        """Rows and their shares (summing to 1), with the prior written as M rows more.

        A symmetric Dirichlet prior adds ``prior * log w_m`` for every m: the log-likelihood of a
        row that only member m explains, q = e_m, counted ``prior`` times.
        """
        n_members = len(self.q)
        rows, mass = self.q, self.mass
        if prior > 0:
            rows = np.hstack([rows, np.eye(n_members)])
            mass = np.hstack([mass, np.full(n_members, prior)])
        share = mass / mass.max()
        return rows, share / share.sum()

    def gap(self, weights: FloatArray, prior: float) -> float:
        """Frank-Wolfe gap at ``weights``; infinite where the prior forbids one of their zeros."""
        rows, share = self.augmented(prior)
        mixture = weights @ rows
        if not mixture.all():
            return float("inf")
        return max(float(np.max(rows @ (share / mixture))) - 1.0, 0.0)


def read_holdout(probas: ArrayLike, y: ArrayLike, sample_weight: ArrayLike | None) -> Holdout:
    """Check the three arrays, gather q[m, n] = probas[m, n, y[n]], drop rows that weigh nothing."""
    p = _read_probas(probas)
    labels = _read_labels(y, n_rows=p.shape[1], n_classes=p.shape[2])
    mass = _read_sample_weight(sample_weight, n_rows=p.shape[1])
    rows = np.flatnonzero(mass)
    q = np.empty((len(p), rows.size))  # (M, n): the long axis is contiguous
    q[...] = p[:, rows, labels[rows]]
    np.clip(q, EPS, 1.0, out=q)
    return Holdout(q, mass[rows] / mass[rows].mean())


def _as_array(name: str, value: ArrayLike, must: str, fix: str) -> NDArray[Any]:
    try:
        return np.asarray(value)
    except ValueError:  # ragged nested lists
        got = Described("nested sequences of unequal lengths")
        raise ValueError(must_be(name, must, got, fix)) from None


def _read_probas(probas: ArrayLike) -> NDArray[Any]:
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
    return p


def _read_labels(y: ArrayLike, *, n_rows: int, n_classes: int) -> NDArray[np.intp]:
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


def _read_sample_weight(sample_weight: ArrayLike | None, *, n_rows: int) -> FloatArray:
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
