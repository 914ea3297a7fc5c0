"""Weights of least log-loss: one convex problem, one deterministic solve."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from skensemble._validation import check_integer, check_real
from skensemble._warnings import warn
from skensemble.weighting._arrays import FloatArray
from skensemble.weighting._criterion import TIE, Criterion, Scores
from skensemble.weighting._member_predictions import MemberPredictions, read_members
from skensemble.weighting._result import Learned, WeightingResult
from skensemble.weighting._row_blocks import dot, in_blocks
from skensemble.weighting._sqp import minimise

# Measured: docs/weighting.md, benchmarks/prior.py.
DEFAULT_PRIOR = 0.3
TOL = 1e-9
MAX_ITER = 100
_FOLD_TOL = 1e-6
_EPS = float(np.finfo(np.float64).eps)  # the floor of scikit-learn's log_loss on float64


def solve_log_loss(
    probas: ArrayLike,
    y: ArrayLike,
    sample_weight: ArrayLike | None = None,
    *,
    prior: float = DEFAULT_PRIOR,
    tol: float = TOL,
    max_iter: int = MAX_ITER,
) -> WeightingResult:
    r"""Combination weights of least log-loss on a holdout, with a certificate.

    With :math:`q_{nm}` the probability that member m gives the true class of row n, floored at
    the float64 epsilon as scikit-learn's ``log_loss`` does, and sample weights :math:`s_n` of
    mean 1, the weights minimise over the simplex the convex function

    .. math:: f(w) = -\frac{\sum_n s_n \log (q w)_n + \lambda \sum_m \log w_m}{n + \lambda M}.

    Parameters
    ----------
    probas : array-like of shape (M, n, k), any real dtype
        Probabilities of the k classes from each of M members on n rows. Computed with in
        float64, of the true classes only; never modified.
    y : array-like of shape (n,), integer dtype
        True classes, as indices into the last axis of ``probas``.
    sample_weight : array-like of shape (n,), optional
        How much each row counts; only the ratios matter, rows of weight 0 do not exist.
    prior : float, default=0.3
        :math:`\lambda`, the strength of a symmetric Dirichlet prior, density proportional to
        :math:`\prod_m w_m^\lambda`, in rows per snapshot: each snapshot gets as many rows of
        the holdout's average weight that only it explains. 0 means none; large values pull
        the weights to equal ones.
    tol : float, default=1e-9
        The solver stops when the gap, in nats, is at most this.
    max_iter : int, default=100
        Most iterations; a dozen is usual. Each costs :math:`O(n M^2)`.

    Returns
    -------
    WeightingResult
        ``gap`` is the Frank-Wolfe gap :math:`\max_m \mathrm{mean}_n (q_{nm} / (q w)_n) - 1` at
        the returned weights, over the n rows and those of the prior: an upper bound on
        :math:`f(w) - \min f`. Members that only hurt get exactly 0 if ``prior=0``.

    Raises
    ------
    TypeError
        If an array or a number has the wrong type, such as ``y`` without an integer dtype.
    ValueError
        If a shape does not match, or a value is out of range or not finite.

    Warns
    -----
    RuntimeWarning
        If the gap is above ``tol`` at the end; the weights are valid, but not certified.

    Notes
    -----
    Deterministic: no restarts and no random numbers. Where the best weights are not unique
    (identical members, ``prior=0``), any best ones may come back.

    References
    ----------
    Y. Kim, P. Carbonetto, M. Stephens, M. Anitescu. A fast algorithm for maximum likelihood
    estimation of mixture proportions using sequential quadratic programming. Journal of
    Computational and Graphical Statistics 29 (2020), 261-273. https://arxiv.org/abs/1806.01412

    Examples
    --------
    One member is sure of the first three rows and right, the other of the last:

    >>> import numpy as np
    >>> from skensemble.weighting import solve_log_loss
    >>> sure = np.array([[[1.0, 0.0]] * 3 + [[0.0, 1.0]], [[0.0, 1.0]] * 3 + [[1.0, 0.0]]])
    >>> solve_log_loss(sure, [0, 0, 0, 0], prior=0).weights.round(6)
    array([0.75, 0.25])
    >>> solve_log_loss(sure, [0, 0, 0, 0], prior=1).weights.round(6)
    array([0.666667, 0.333333])
    """
    loss = LogLoss.of(read_members(probas, y, sample_weight))
    prior = check_real("prior", prior, positive=False, fix="0 switches the prior off")
    tol = check_real("tol", tol, positive=True, fix="tol=1e-9 is the default")
    max_iter = check_integer("max_iter", max_iter, minimum=1, fix="max_iter=100 is the default")
    return _certified(loss, prior=prior, tol=tol, max_iter=max_iter)


def learn_log_loss(members: MemberPredictions, fold: NDArray[np.intp]) -> Learned:
    """Weights of least log-loss with the default prior, from all rows and without each fold."""
    loss = LogLoss.of(members)
    result = _certified(loss, prior=DEFAULT_PRIOR, tol=TOL, max_iter=MAX_ITER)
    return Learned(
        result, LOG_LOSS, lambda: loss.minimisers_without(fold, DEFAULT_PRIOR, result.weights)
    )


def _certified(loss: LogLoss, *, prior: float, tol: float, max_iter: int) -> WeightingResult:
    w, gap, n_iter = minimise(*loss.with_prior(prior), tol=tol, max_iter=max_iter)
    if gap > tol:
        warn(
            f"The combination weights are not certified: at iteration {n_iter} their objective may "
            f"be {gap:.2g} above its minimum, more than tol={tol:g}. "
            f"Raise max_iter={max_iter} or tol.",
            RuntimeWarning,
        )
    return WeightingResult(
        weights=w,
        loss=loss.at(w),
        gap=gap,
        n_iter=n_iter,
        converged=gap <= tol,
        method="log_loss",
        prior=prior,
        uniform_loss=loss.at(np.full(len(w), 1 / len(w))),
        n_samples=loss.mass.size,
    )


def log_probability(q: NDArray[Any]) -> FloatArray:
    """Logarithm in float64 of probabilities; those below the float64 epsilon count as epsilon."""
    return np.log(np.clip(q.astype(np.float64, copy=False), _EPS, 1.0))


@dataclass(frozen=True, eq=False)
class LogLoss:
    """Mean log-loss of combinations, in nats: a convex function of the weights."""

    q: FloatArray
    mass: FloatArray

    @classmethod
    def of(cls, members: MemberPredictions) -> LogLoss:
        """Log-loss of combinations of these members."""
        return cls(np.clip(members.of_true_class, _EPS, 1.0), members.mass / members.mass.mean())

    def take(self, rows: NDArray[np.bool_]) -> LogLoss:
        """Return the loss on the rows of a mask."""
        at = np.flatnonzero(rows)
        mass = self.mass[at]
        return LogLoss(self.q.take(at, axis=1), mass / mass.mean())

    @cached_property
    def _blocks(self) -> tuple[FloatArray, FloatArray]:
        m = len(self.q)
        return in_blocks(self.q, m, fill=1.0), in_blocks(self.mass, m, fill=0.0)

    def at(self, weights: FloatArray) -> float:
        """Loss at weights that sum to 1."""
        q, mass = self._blocks
        return -dot(mass, np.log(weights @ q)) / self.mass.size

    def many(self, counts: FloatArray) -> FloatArray:
        """Losses at weights of any sum, (n_points, M)."""
        q, mass = self._blocks
        mixtures = counts @ q
        mixtures /= counts.sum(axis=1, keepdims=True)
        return np.asarray(-(np.log(mixtures) @ mass[..., None]).sum(axis=(0, 2)) / self.mass.size)

    def gap(self, weights: FloatArray, prior: float) -> float:
        """Frank-Wolfe gap at ``weights``; infinite where the prior forbids one of their zeros."""
        rows, share = self.with_prior(prior)
        mixture = weights @ rows
        if not mixture.all():
            return float("inf")
        ratio = (rows @ (share / mixture)[..., None]).sum(axis=(0, 2))
        return max(float(ratio.max()) - 1.0, 0.0)

    def with_prior(self, prior: float) -> tuple[FloatArray, FloatArray]:
        """Rows and their shares (summing to 1), with the prior written as M rows more, in blocks.

        A symmetric Dirichlet prior adds ``prior * log w_m`` for every m: the log-likelihood of a
        row that only member m explains, q = e_m, counted ``prior`` times.
        """
        rows = self.q if prior == 0 else np.hstack([self.q, np.eye(len(self.q))])
        return in_blocks(rows, len(self.q), fill=1.0), self._shares(self.mass, prior)

    def _shares(self, mass: FloatArray, prior: float) -> FloatArray:
        n_members = len(self.q)
        if prior > 0:
            mass = np.hstack([mass, np.full(n_members, prior)])
        share = mass / mass.max()
        return in_blocks(share / share.sum(), n_members, fill=0.0)

    def minimisers_without(
        self, fold: NDArray[np.intp], prior: float, start: FloatArray
    ) -> FloatArray:
        """Weights of least loss on the rows outside each fold, (n_folds, M).

        The weights learned on all rows are near, so that a step or two from there are enough.
        """
        rows, _ = self.with_prior(prior)
        weights = []
        for i in range(int(fold.max()) + 1):
            mass = np.where(fold == i, 0.0, self.mass)
            share = self._shares(mass * np.count_nonzero(mass) / mass.sum(), prior)
            weights.append(minimise(rows, share, start=start, tol=_FOLD_TOL, max_iter=MAX_ITER)[0])
        return np.stack(weights)

    def least(self, points: FloatArray) -> int:
        """Index of the least loss at weights of any sum, (n_points, M), without computing all.

        The loss f is convex: f(v) >= f(w) + f'(w) (v - w) for all v, and f'(w) w = -1. Each loss
        that is computed bounds all the others from below; points whose bound is not below the
        least loss so far are out, and the one of the lowest bound is next (Kelley's cutting
        planes).
        """
        points = points / points.sum(axis=1, keepdims=True)
        left = np.arange(len(points))
        bound = np.full(len(points), -np.inf)
        best, best_loss = 0, np.inf
        at = int(np.argmin(np.square(points).sum(axis=1)))  # the most equal weights first
        q, mass = self._blocks
        share = mass / self.mass.size
        while left.size:
            mixture = points[left[at]] @ q
            loss = -dot(share, np.log(mixture))
            if loss < best_loss - TIE:
                best, best_loss = int(left[at]), loss
            slope = -(q @ (share / mixture)[..., None]).sum(axis=(0, 2))
            bound = np.maximum(bound, loss + 1 + points[left] @ slope)
            bound[at] = np.inf
            keep = bound < best_loss - TIE
            left, bound = left[keep], bound[keep]
            at = int(np.argmin(bound)) if left.size else 0
        return best


def _scores(members: MemberPredictions) -> Scores:
    loss = LogLoss.of(members)
    return lambda counts: -loss.many(counts)


def _by_row(members: MemberPredictions, weights: FloatArray) -> FloatArray:
    q = members.of_true_class
    mixture = np.einsum("nm,mn->n", np.broadcast_to(weights, q.T.shape), q)
    return log_probability(mixture / weights.sum(axis=-1))


LOG_LOSS = Criterion("log_loss", _scores, _by_row)
