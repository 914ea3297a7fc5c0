"""The holdout as the solvers see it: what each member says about each row that counts."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from skensemble.weighting._arrays import FloatArray, read_labels, read_probas, read_sample_weight

EPS = float(np.finfo(np.float64).eps)  # the floor of scikit-learn's log_loss on float64


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

    def take(self, rows: NDArray[Any]) -> Holdout:
        """Return some of the rows, as a mask or indices."""
        rows = _indices(rows)
        mass = self.mass[rows]
        return Holdout(self.q.take(rows, axis=1), mass / mass.mean())

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


@dataclass(frozen=True, eq=False)
class Members:
    """All that the members say, and how much each row counts.

    Parameters
    ----------
    probas : ndarray of shape (M, n, k), any real dtype
        Probabilities of every class.
    y : ndarray of shape (n,), intp
        True classes.
    mass : ndarray of shape (n,), float64
        Sample weights, all positive.
    """

    probas: NDArray[Any]
    y: NDArray[np.intp]
    mass: FloatArray

    def __len__(self) -> int:
        return len(self.probas)

    @property
    def n_rows(self) -> int:
        """Rows that count."""
        return self.y.size

    def take(self, rows: NDArray[Any]) -> Members:
        """Return some of the rows, as a mask or indices."""
        rows = _indices(rows)
        return Members(self.probas.take(rows, axis=1), self.y[rows], self.mass[rows])

    @cached_property
    def flat(self) -> NDArray[Any]:
        """The probabilities as (M, n * k), a copy only where the memory is not in that order."""
        return self.probas.reshape(len(self), -1)

    @cached_property
    def own(self) -> FloatArray:
        """The probabilities of the true classes, probas[m, n, y[n]], (M, n) in float64."""
        q = np.empty((len(self), self.n_rows))  # the long axis is contiguous
        q[...] = self.probas[:, np.arange(self.n_rows), self.y]
        return q

    def holdout(self) -> Holdout:
        """Keep only the probabilities of the true classes, floored at eps."""
        return _holdout(self.own, self.mass)

    def combine(self, counts: FloatArray) -> FloatArray:
        """Mean of the probabilities, (n, k) in float64; integer counts keep ties of votes exact."""
        out: FloatArray = np.einsum("m,mnk->nk", np.asarray(counts, np.float64), self.probas)
        out /= counts.sum()
        return out


def _indices(rows: NDArray[Any]) -> NDArray[Any]:
    """Turn a mask into indices: `ndarray.take` keeps the order of the memory, a mask does not."""
    return np.flatnonzero(rows) if rows.dtype == bool else rows


def _holdout(own: FloatArray, mass: FloatArray) -> Holdout:
    return Holdout(np.clip(own, EPS, 1.0), mass / mass.mean())


def _read(probas: ArrayLike, y: ArrayLike, sample_weight: ArrayLike | None) -> Members:
    p = read_probas(probas)
    labels = read_labels(y, n_rows=p.shape[1], n_classes=p.shape[2])
    return Members(p, labels, read_sample_weight(sample_weight, n_rows=p.shape[1]))


def read_members(probas: ArrayLike, y: ArrayLike, sample_weight: ArrayLike | None) -> Members:
    """Check the three arrays and drop the rows that weigh nothing."""
    members = _read(probas, y, sample_weight)
    counts = members.mass > 0
    return members if counts.all() else members.take(counts)


def read_holdout(probas: ArrayLike, y: ArrayLike, sample_weight: ArrayLike | None) -> Holdout:
    """Check the three arrays and keep the probabilities of the true classes."""
    members = _read(probas, y, sample_weight)
    rows = np.flatnonzero(members.mass)
    return _holdout(members.own.take(rows, axis=1), members.mass[rows])
