"""What weights are judged by."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from skensemble.weighting._arrays import FloatArray
from skensemble.weighting._holdout import EPS

Labels = NDArray[np.intp]
ByRow = Callable[[NDArray[Any], Labels], FloatArray]


class ScoringError(ValueError):
    """A scorer that cannot score the rows it was given."""


@dataclass(frozen=True)
class Criterion:
    """A score of probabilities; greater is better.

    Parameters
    ----------
    name : str
        What users call it.
    score : callable
        ``score(proba, y, mass)``: from (n, k) probabilities, (n,) class indices and the (n,)
        positive masses of the rows to a float.
    by_row : callable, optional
        ``by_row(proba, y)``: one value per row, where the score is their weighted mean.
    """

    name: str
    score: Callable[[FloatArray, Labels, FloatArray], float]
    by_row: ByRow | None = None


def mean_of(by_row: ByRow) -> Callable[[FloatArray, Labels, FloatArray], float]:
    """Turn values per row into their weighted mean."""

    def score(proba: FloatArray, y: Labels, mass: FloatArray) -> float:
        return float(mass @ by_row(proba, y) / mass.sum())

    return score


def _log_likelihood(proba: NDArray[Any], y: Labels) -> FloatArray:
    own = proba[np.arange(y.size), y].astype(np.float64)
    out: FloatArray = np.log(np.clip(own, EPS, 1.0))
    return out


def _right(proba: NDArray[Any], y: Labels) -> FloatArray:
    out: FloatArray = (proba.argmax(axis=1) == y).astype(np.float64)
    return out


LOG_LOSS = Criterion("log_loss", mean_of(_log_likelihood), _log_likelihood)
ACCURACY = Criterion("accuracy", mean_of(_right), _right)
