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
    """A score of combinations; greater is better.

    Parameters
    ----------
    name : str
        What users call it.
    scores : callable
        ``scores(members)`` returns the function that scores many combinations on these rows: from
        weights of any sum, (n_points, M), to (n_points,) scores.
    by_row : callable, optional
        ``by_row(members, weights)``, with weights as for `MemberPredictions.combine`: one value
        per row, where the score is their mean, weighted by the masses of the rows.
    """

    name: str
    scores: Callable[[MemberPredictions], Scores]
    by_row: Callable[[MemberPredictions, FloatArray], FloatArray] | None = None


def better(key: tuple[float, float], than: tuple[float, float]) -> bool:
    """Whether a (score, loss) is better than another by more than rounding."""
    tie = TIE * max(1.0, abs(than[0]))
    return key[0] > than[0] + tie or (key[0] >= than[0] - tie and key[1] < than[1] - TIE)
