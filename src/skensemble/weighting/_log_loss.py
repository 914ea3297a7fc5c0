"""Weights of least log-loss: one convex problem, one deterministic solve."""

from __future__ import annotations

import warnings

import numpy as np
from numpy.typing import ArrayLike

from skensemble._validation import check_integer, check_real
from skensemble.weighting._holdout import Holdout, read_holdout
from skensemble.weighting._result import WeightingResult
from skensemble.weighting._sqp import minimise

# Measured: docs/weighting.md, benchmarks/prior.py.
DEFAULT_PRIOR = 0.3
TOL = 1e-9
MAX_ITER = 100


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
    holdout = read_holdout(probas, y, sample_weight)
    prior = check_real("prior", prior, positive=False, fix="0 switches the prior off")
    tol = check_real("tol", tol, positive=True, fix="tol=1e-9 is the default")
    max_iter = check_integer("max_iter", max_iter, minimum=1, fix="max_iter=100 is the default")
    return certified(holdout, prior=prior, tol=tol, max_iter=max_iter)


def certified(
    holdout: Holdout, *, prior: float = DEFAULT_PRIOR, tol: float = TOL, max_iter: int = MAX_ITER
) -> WeightingResult:
    """Weights of least log-loss on rows that are read already, and a warning if they may not be."""
    w, gap, n_iter = minimise(*holdout.augmented(prior), tol=tol, max_iter=max_iter)
    if gap > tol:
        warnings.warn(
            f"The combination weights are not certified: at iteration {n_iter} their objective may "
            f"be {gap:.2g} above its minimum, more than tol={tol:g}. "
            f"Raise max_iter={max_iter} or tol.",
            RuntimeWarning,
            stacklevel=3,  # the caller of the public function
        )
    return WeightingResult(
        weights=w,
        loss=holdout.loss(w),
        gap=gap,
        n_iter=n_iter,
        converged=gap <= tol,
        method="log_loss",
        prior=prior,
        uniform_loss=holdout.loss(np.full(len(w), 1 / len(w))),
        n_samples=holdout.mass.size,
    )
