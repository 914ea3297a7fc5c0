"""What labelled rows say about the networks of a run and their combinations."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict
from typing import Any

import numpy as np
from numpy.typing import NDArray

from skensemble.cli._row_scores import Interval, row_differences, row_scores
from skensemble.cli._run_files import OWN_HOLDOUT
from skensemble.cli._scores import IN_TABLES, METRICS, NOT_SHOWN, FloatArray, Metric, combined

LAST = "last snapshot"
EQUAL = "equal weights"
IN_USE = "the run's weights"


def best_snapshot(scores: Mapping[str, Sequence[Any]] | None, n_snapshots: int) -> int | None:
    """Position of the snapshot of least log-loss on the holdout; None where there was none."""
    if scores is None:
        return None
    losses = np.array(scores["log_loss"][:n_snapshots], dtype=np.float64)
    return None if np.isnan(losses).all() else int(np.nanargmin(losses))


def best_title(source: str) -> str:
    """Call the snapshot that was best by the rows that say so: the weights come from them.

    Examples
    --------
    >>> best_title(OWN_HOLDOUT), best_title("/data/test.npz")
    ('best on the holdout', 'best on the rows of reweight')
    """
    return f"best on the {'holdout' if source == OWN_HOLDOUT else 'rows of reweight'}"


def ways_to_predict(
    members: FloatArray, weights: FloatArray, best: int | None, source: str = OWN_HOLDOUT
) -> dict[str, FloatArray]:
    """Class probabilities of single networks and of combinations.

    Parameters
    ----------
    members : ndarray of shape (M, n, k)
        Of each snapshot; NaN for one that is not finite.
    weights : ndarray of shape (M,)
        Of the run.
    best : int or None
        Which snapshot was best on the rows that the weights come from.
    source : str
        Which rows these are.

    Returns
    -------
    dict of str to ndarray of shape (n, k)
    """
    ways = {LAST: members[-1]}
    if best is not None:
        ways[best_title(source)] = members[best]
    ways[EQUAL] = combined(members, np.ones(len(members)))
    ways[IN_USE] = combined(members, weights)
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
