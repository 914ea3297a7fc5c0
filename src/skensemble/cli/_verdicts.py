"""What labelled rows say about the networks of a run and their combinations."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict
from typing import Any

import numpy as np
from numpy.typing import NDArray

from skensemble.cli._row_scores import Interval, row_differences, row_scores
from skensemble.cli._scores import IN_TABLES, METRICS, NOT_SHOWN, FloatArray, Metric

LAST = "last snapshot"
BEST = "best on the holdout"
EQUAL = "equal weights"
IN_USE = "the run's weights"


def best_snapshot(scores: Mapping[str, Sequence[Any]] | None, n_snapshots: int) -> int | None:
    """Position of the snapshot of least log-loss on the holdout; None where there was none."""
    if scores is None:
        return None
    losses = np.array(scores["log_loss"][:n_snapshots], dtype=np.float64)
    return None if np.isnan(losses).all() else int(np.nanargmin(losses))


def ways_to_predict(
    members: FloatArray, weights: FloatArray, best: int | None
) -> dict[str, FloatArray]:
    """Class probabilities of single networks and of combinations.

    Parameters
    ----------
    members : ndarray of shape (M, n, k)
        Of each snapshot; NaN for one that is not finite.
    weights : ndarray of shape (M,)
        Of the run.
    best : int or None
        Which snapshot the holdout chose.

    Returns
    -------
    dict of str to ndarray of shape (n, k)
    """
    finite = np.isfinite(members).all(axis=(1, 2))
    ways = {LAST: members[-1]}
    if best is not None:
        ways[BEST] = members[best]
    ways[EQUAL] = members[finite].mean(axis=0)
    used = weights > 0
    ways[IN_USE] = np.tensordot(weights[used] / weights.sum(), members[used], axes=1)
    return ways


def judge(ways: Mapping[str, FloatArray], y: NDArray[Any]) -> dict[str, Any]:
    """Score every way, and the weights of the run against the others.

    Parameters
    ----------
    ways : mapping of str to ndarray of shape (n, k)
        As of `ways_to_predict`.
    y : ndarray of shape (n,), int
        True classes, as column numbers.

    Returns
    -------
    dict
        ``"n_rows"``; ``"scores"``, by way and metric, with ``value``, ``low`` and ``high``; and
        ``"differences"``, by the way that the weights of the run are compared with, with a
        ``verdict`` too.
    """
    found: dict[str, Any] = {"n_rows": len(y), "scores": {}, "differences": {}}
    for name, proba in ways.items():
        scores = row_scores(proba, y)
        found["scores"][name] = {metric: asdict(score) for metric, score in scores.items()}
        if name == IN_USE:
            continue
        differences = row_differences(ways[IN_USE], proba, y)
        found["differences"][name] = {
            metric.name: {
                **asdict(differences[metric.name]),
                "verdict": differences[metric.name].verdict(metric),
            }
            for metric in METRICS
            if metric.name in differences
        }
    return found


def tables(found: Mapping[str, Any]) -> Iterator[tuple[str, list[str], list[list[str]]]]:
    """Title, columns and rows of two tables: scores, and paired differences."""
    rows = [
        [name, *(_cell(metric, scores[metric.name]) for metric in IN_TABLES)]
        for name, scores in found["scores"].items()
    ]
    title = f"On {found['n_rows']} rows, with 95% intervals over rows like these"
    yield title, ["", *(metric.title for metric in IN_TABLES)], rows
    compared = [metric for metric in IN_TABLES if metric.name in found["differences"][EQUAL]]
    rows = [
        [f"minus {name}", *(_verdict(metric, scores[metric.name]) for metric in compared)]
        for name, scores in found["differences"].items()
    ]
    title = (
        "The run's weights minus the others, row by row; no difference is shown where neither "
        "better nor worse is said"
    )
    yield title, ["", *(metric.title for metric in compared)], rows


def _verdict(metric: Metric, score: Mapping[str, Any]) -> str:
    shown = "" if score["verdict"] == NOT_SHOWN else f" {score['verdict']}"
    return _cell(metric, score, sign="+") + shown


def _cell(metric: Metric, score: Mapping[str, Any], sign: str = "") -> str:
    interval = Interval(score["value"], score["low"], score["high"])
    if np.isnan(interval.value):
        return "diverged"
    value, low, high = (
        f"{metric.scale * number:{sign}z.{metric.digits}f}"
        for number in (interval.value, interval.low, interval.high)
    )
    return f"{value} [{low}, {high}]"
