"""One comparison of weights, with its interval."""

from __future__ import annotations

from dataclasses import dataclass


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
