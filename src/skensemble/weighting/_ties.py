"""Of many weights, those of least log-loss."""

from __future__ import annotations

import numpy as np

from skensemble.weighting._arrays import FloatArray
from skensemble.weighting._holdout import Holdout

TIE = 1e-12  # what rounding may do to a mean of scores


def least_loss(holdout: Holdout, points: FloatArray) -> int:
    """Index of the point with the least loss, without computing all of them.

    The loss f is convex: f(v) >= f(w) + f'(w) (v - w) for all v, and f'(w) w = -1. Each loss that
    is computed bounds all the others from below; points whose bound is not below the least loss so
    far are out, and the one of the lowest bound is next (Kelley's cutting planes).

    Parameters
    ----------
    holdout : Holdout
        Rows.
    points : ndarray of shape (n_points, M), float64
        Weights or counts.
    """
    points = points / points.sum(axis=1, keepdims=True)
    left = np.arange(len(points))
    bound = np.full(len(points), -np.inf)
    best, best_loss = 0, np.inf
    at = int(np.argmin(np.square(points).sum(axis=1)))  # the most equal weights first
    while left.size:
        mixture = points[left[at]] @ holdout.q
        share = holdout.mass / holdout.mass.size
        loss = -float(share @ np.log(mixture))
        if loss < best_loss - TIE:
            best, best_loss = int(left[at]), loss
        slope = -(holdout.q @ (share / mixture))
        bound = np.maximum(bound, loss + 1 + points[left] @ slope)
        bound[at] = np.inf
        keep = bound < best_loss - TIE
        left, bound = left[keep], bound[keep]
        at = int(np.argmin(bound)) if left.size else 0
    return best


def best_of(holdout: Holdout, points: FloatArray, scores: FloatArray, tie: float) -> int:
    """Index of the greatest score; among those within ``tie`` of it, of the least log-loss."""
    tied = np.flatnonzero(scores >= scores.max() - tie)
    return int(tied[least_loss(holdout, points[tied])]) if tied.size > 1 else int(tied[0])


def better(key: tuple[float, float], than: tuple[float, float]) -> bool:
    """Whether a (score, log-loss) is better than another by more than rounding."""
    tie = TIE * max(1.0, abs(than[0]))
    return key[0] > than[0] + tie or (key[0] >= than[0] - tie and key[1] < than[1] - TIE)
