"""What weights are judged by."""

from collections.abc import Callable
from dataclasses import dataclass

from skensemble.weighting._arrays import FloatArray
from skensemble.weighting._member_predictions import MemberPredictions

TIE = 1e-12  # what rounding may do to a mean of scores

Scores = Callable[[FloatArray], FloatArray]


class ScoringError(ValueError):
    """A scorer that cannot score the rows it was given."""


@dataclass(frozen=True)
class Criterion:
    """A score of combinations; greater is better."""

    name: str
    scores: Callable[[MemberPredictions], Scores]
    by_row: Callable[[MemberPredictions, FloatArray], FloatArray] | None = None


def better(key: tuple[float, float], than: tuple[float, float]) -> bool:
    """Whether a (score, loss) is better than another by more than rounding."""
    tie = TIE * max(1.0, abs(than[0]))
    return key[0] > than[0] + tie or (key[0] >= than[0] - tie and key[1] < than[1] - TIE)
