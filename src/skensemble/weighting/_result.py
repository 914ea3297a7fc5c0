"""What every way of weighting snapshots returns."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from skensemble.weighting._member_predictions import FloatArray


@dataclass(frozen=True)
class Comparison:
    """How much better learned weights are than others, on rows they were not learned on.

    Attributes
    ----------
    against : str
        What they are compared with: ``"uniform"`` (equal weights), ``"last"`` (the last member)
        or ``"best"`` (the member that is best on the rows that the weights are learned on).
    criterion : str
        By what: ``"log_loss"``, ``"accuracy"`` or the name of a scorer.
    gain : float
        Score of the learned weights minus the score of the others, greater is better (for
        log-loss, nats less). NaN if the rows are too few to say.
    low, high : float
        95% confidence interval of ``gain``.

    Examples
    --------
    >>> from skensemble.weighting import Comparison
    >>> Comparison("uniform", "accuracy", gain=0.02, low=0.005, high=0.035).beats
    True
    """

    against: str
    criterion: str
    gain: float
    low: float
    high: float

    @property
    def beats(self) -> bool:
        """Whether the whole interval is above 0."""
        return self.low > 0


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
