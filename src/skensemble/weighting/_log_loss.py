"""Weights of least log-loss: one convex problem, one deterministic solve."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cached_property, partial
from typing import Self

import numpy as np
from numpy.typing import ArrayLike, NDArray

from skensemble._validation import check_integer, check_real
from skensemble._warnings import warn
from skensemble.weighting._member_predictions import (
    FloatArray,
    MemberPredictions,
    read_masses,
    read_members,
)
from skensemble.weighting._result import WeightingResult
from skensemble.weighting._sqp import dot, in_blocks, minimise

# Measured: docs/weighting.md, benchmarks/prior.py.
DEFAULT_PRIOR = 0.3
TOL = 1e-9
MAX_ITER = 100
_FOLD_TOL = 1e-6
EPS = float(np.finfo(np.float64).eps)  # the floor of scikit-learn's log_loss on float64
TIE = 1e-12  # what rounding may do to a mean of scores

# Weights learned on all rows, and a function that returns those learned without each fold, of any
# sum, (n_folds, M).
Learned = tuple[WeightingResult, Callable[[], FloatArray]]


@dataclass(frozen=True, eq=False)
class LogLoss:
    """Mean log-loss of combinations, in nats: a convex function of the weights."""

    q: FloatArray
    mass: FloatArray

    @classmethod
    def of(cls, members: MemberPredictions) -> Self:
        """Log-loss of combinations of these members."""
        return cls(np.clip(members.of_true_class, EPS, 1.0), members.mass / members.mass.mean())

    def take(self, rows: NDArray[np.bool_]) -> Self:
        """Return the loss on the rows of a mask."""
        at = np.flatnonzero(rows)
        mass = self.mass[at]
        return type(self)(self.q.take(at, axis=1), mass / mass.mean())

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

    def many_without(self, fold: NDArray[np.intp]) -> list[Callable[[FloatArray], FloatArray]]:
        """Return ``many`` for all rows, and for those outside each fold, up to a factor.

        What they have in common is the logarithms, which one computes for all.
        """
        q, _ = self._blocks
        outside = fold != np.arange(-1, fold.max() + 1)[:, None]
        share = in_blocks(outside * self.mass / self.mass.size, len(self.q), fill=0.0)
        known: dict[bytes, FloatArray] = {}

        def losses(i: int, counts: FloatArray) -> FloatArray:
            keys = [point.tobytes() for point in counts]
            new = [at for at, key in enumerate(keys) if key not in known]
            if new:
                points = counts[new] / counts[new].sum(axis=1, keepdims=True)
                found = -(np.log(points @ q) @ share.swapaxes(1, 2)).sum(axis=0)
                known.update(zip((keys[at] for at in new), found, strict=True))
            return np.array([known[key][i] for key in keys])

        return [partial(losses, i) for i in range(len(outside))]

    def gap(self, weights: FloatArray, prior: float) -> float:
        """Frank-Wolfe gap at ``weights``; infinite where the prior forbids one of their zeros."""
        rows, share = self.with_prior(prior)
        mixture = weights @ rows
        if not mixture.all():
            return float("inf")
        ratio = (rows @ (share / mixture)[..., None]).sum(axis=(0, 2))
        return max(float(ratio.max()) - 1.0, 0.0)

    def result(
        self,
        weights: FloatArray,
        *,
        method: str,
        criterion: str = "log_loss",
        n_iter: int = 0,
        prior: float = 0.0,
        gap: float | None = None,
    ) -> WeightingResult:
        """Say how good weights are that sum to 1."""
        return WeightingResult(
            weights=weights,
            loss=self.at(weights),
            gap=self.gap(weights, prior) if gap is None else gap,
            n_iter=n_iter,
            converged=True,
            method=method,
            prior=prior,
            uniform_loss=self.at(np.full(len(weights), 1 / len(weights))),
            n_samples=self.mass.size,
            criterion=criterion,
        )

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
    members = read_members(probas, y, sample_weight)
    prior = check_real("prior", prior, positive=False, fix="0 switches the prior off")
    tol = check_real("tol", tol, positive=True, fix="tol=1e-9 is the default")
    max_iter = check_integer("max_iter", max_iter, minimum=1, fix="max_iter=100 is the default")
    one_fold = np.zeros_like(members.y)
    return learn_log_loss(members, one_fold, prior=prior, tol=tol, max_iter=max_iter)[0]


def learn_log_loss(
    members: MemberPredictions,
    fold: NDArray[np.intp],
    *,
    prior: float = DEFAULT_PRIOR,
    tol: float = TOL,
    max_iter: int = MAX_ITER,
) -> Learned:
    """Weights of least log-loss, from all rows and without each fold."""
    loss = LogLoss.of(members)
    w, gap, n_iter = minimise(*loss.with_prior(prior), tol=tol, max_iter=max_iter)
    result = loss.result(w, method="log_loss", prior=prior, n_iter=n_iter, gap=gap)
    if gap > tol:
        warn(
            f"The combination weights are not certified: at iteration {n_iter} their objective may "
            f"be {gap:.2g} above its minimum, more than tol={tol:g}. "
            f"Raise max_iter={max_iter} or tol.",
            RuntimeWarning,
        )
        result = replace(result, converged=False)
    return result, lambda: loss.minimisers_without(fold, prior, w)


def evaluate_weights(
    weights: ArrayLike,
    probas: ArrayLike,
    y: ArrayLike,
    sample_weight: ArrayLike | None = None,
    *,
    method: str,
    prior: float = 0.0,
) -> WeightingResult:
    """Loss and certificate of given combination weights on a holdout.

    Parameters
    ----------
    weights : array-like of shape (M,)
        Finite, not negative, not all 0; divided by their sum.
    probas : array-like of shape (M, n, k), any real dtype
        Probabilities of the k classes from each of M members on n rows.
    y : array-like of shape (n,), integer dtype
        True classes, as indices into the last axis of ``probas``.
    sample_weight : array-like of shape (n,), optional
        How much each row counts; only the ratios matter, rows of weight 0 do not exist.
    method : str
        Where the weights come from, for `WeightingResult.method`.
    prior : float, default=0.0
        Strength of the Dirichlet prior that the gap includes; see `solve_log_loss`.

    Returns
    -------
    WeightingResult
        With ``n_iter=0``. Its gap says by how much, at most, learned weights would lower the
        objective on these rows.

    Raises
    ------
    TypeError
        If an array or ``prior`` has no real numbers, or ``y`` no integer dtype.
    ValueError
        If a shape does not match, or a value is out of range or not finite.

    Examples
    --------
    >>> from skensemble.weighting import evaluate_weights
    >>> probas = [[[0.8, 0.2], [0.3, 0.7]], [[0.6, 0.4], [0.5, 0.5]]]
    >>> result = evaluate_weights([1, 1], probas, [0, 1], method="uniform")
    >>> print(result.weights, round(result.loss, 4), round(result.gap, 4))
    [0.5 0.5] 0.4338 0.1548
    """
    loss = LogLoss.of(read_members(probas, y, sample_weight))
    prior = check_real("prior", prior, positive=False, fix="0 switches the prior off")
    fix = "equal ones are a safe start"
    w = read_masses("weights", weights, len(loss.q), each="snapshot", fix=fix)
    return loss.result(w / w.sum(), method=method, prior=prior)
