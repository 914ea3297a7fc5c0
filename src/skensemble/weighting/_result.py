"""What every way of weighting snapshots returns, and the same for weights that are given."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from skensemble._validation import check_real
from skensemble.weighting._arrays import FloatArray, read_masses
from skensemble.weighting._comparison import Comparison
from skensemble.weighting._holdout import Holdout, read_holdout


@dataclass(frozen=True, eq=False, repr=False)
class WeightingResult:
    """Combination weights and how good they are; its size does not depend on the holdout's.

    Attributes
    ----------
    weights : ndarray of shape (M,), float64
        Combination weights, not negative, summing to 1. Read-only.
    loss : float
        Mean log-loss, in nats, of the combination on the holdout, without the prior.
    gap : float
        The certificate: the objective at ``weights``, prior included, is at most this many nats
        above its minimum over all weights. ``inf`` where a weight is 0 that the prior keeps
        above 0.
    n_iter : int
        Iterations of the solver; 0 for given weights.
    converged : bool
        False if a solver stopped before its tolerance. Given weights are as given: True.
    method : str
        How the weights were found.
    prior : float
        Strength of the Dirichlet prior, in rows of the holdout per snapshot.
    uniform_loss : float
        ``loss`` of equal weights, for comparison.
    n_samples : int
        Rows of the holdout that counted: those with a sample weight above 0.
    criterion : str
        What the method optimised: ``"log_loss"``, ``"accuracy"`` or the name of a scorer.
    comparisons : tuple of Comparison
        From `find_weights`: whether weights learned in this way beat equal weights, the last
        member and the best member on rows that they were not learned on. Empty otherwise.
    note : str
        From ``find_weights("auto", ...)``: which weights were taken, and why.

    Examples
    --------
    >>> from skensemble.weighting import solve_log_loss
    >>> solve_log_loss([[[0.8, 0.2], [0.3, 0.7]], [[0.6, 0.4], [0.5, 0.5]]], [0, 1], prior=0)
    WeightingResult(log_loss, weights=[1. 0.], loss=0.29 (equal weights 0.434), gap=..., 2 rows)
    """

    weights: FloatArray
    loss: float
    gap: float
    n_iter: int
    converged: bool
    method: str
    prior: float
    uniform_loss: float
    n_samples: int
    criterion: str = "log_loss"
    comparisons: tuple[Comparison, ...] = ()
    note: str = ""

    def __post_init__(self) -> None:
        weights = np.array(self.weights, dtype=np.float64)
        weights.setflags(write=False)
        object.__setattr__(self, "weights", weights)

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state)
        self.weights.setflags(write=False)  # pickles and deep copies of arrays forget the flag

    def __repr__(self) -> str:
        weights = np.array2string(self.weights, precision=3, suppress_small=True, threshold=10)
        of = "" if self.criterion in ("log_loss", self.method) else f" of {self.criterion}"
        return (
            f"WeightingResult({self.method}{of}, weights={weights}, loss={self.loss:.3g} "
            f"(equal weights {self.uniform_loss:.3g}), gap={self.gap:.2g}, "
            f"{self.n_samples} rows{'' if self.converged else ', not converged'})"
        )


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
    holdout = read_holdout(probas, y, sample_weight)
    prior = check_real("prior", prior, positive=False, fix="0 switches the prior off")
    w = read_masses("weights", weights, size=len(holdout.q), each="snapshot")
    return summarise(holdout, w, method=method, prior=prior)


def summarise(
    holdout: Holdout,
    weights: FloatArray,
    *,
    method: str,
    criterion: str = "log_loss",
    n_iter: int = 0,
    prior: float = 0.0,
) -> WeightingResult:
    """Divide weights or counts by their sum; their loss and gap on the holdout."""
    n_members = len(holdout.q)
    w = weights / weights.sum()
    return WeightingResult(
        weights=w,
        loss=holdout.loss(w),
        gap=holdout.gap(w, prior),
        n_iter=n_iter,
        converged=True,
        method=method,
        prior=prior,
        uniform_loss=holdout.loss(np.full(n_members, 1 / n_members)),
        n_samples=holdout.mass.size,
        criterion=criterion,
    )
