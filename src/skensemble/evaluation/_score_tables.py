"""Several predictions of the same labelled rows, scored and compared."""

from collections.abc import Iterator, Mapping
from dataclasses import asdict
from typing import Any

import numpy as np
from numpy.typing import NDArray

from skensemble.evaluation._intervals import NO_DIFFERENCE, verdict
from skensemble.evaluation._metrics import IN_TABLES, METRICS, FloatArray, Metric
from skensemble.evaluation._row_intervals import row_differences, row_scores

Table = tuple[str, list[str], list[list[str]]]


def score_predictions(
    probas: Mapping[str, FloatArray], y: NDArray[Any], reference: str
) -> dict[str, Any]:
    """Score class probabilities, and one of them against each of the others.

    Parameters
    ----------
    probas : mapping of str to ndarray of shape (n, k)
        By name.
    y : ndarray of shape (n,), int
        True classes, as column numbers.
    reference : str
        Which of them is compared with the others.

    Returns
    -------
    dict
        ``"n_rows"``; ``"scores"``, by name and metric, with ``value``, ``low`` and ``high``; and
        ``"differences"``, the scores of the reference minus those of each other one, with a
        ``verdict`` too.
    """
    found: dict[str, Any] = {"n_rows": len(y), "scores": {}, "differences": {}}
    for name, proba in probas.items():
        scores = row_scores(proba, y)
        found["scores"][name] = {metric: asdict(score) for metric, score in scores.items()}
        if name == reference:
            continue
        differences = row_differences(probas[reference], proba, y)
        found["differences"][name] = {
            metric.name: {
                **asdict(differences[metric.name]),
                "verdict": verdict(
                    differences[metric.name], higher_is_better=metric.higher_is_better
                ),
            }
            for metric in METRICS
            if metric.name in differences
        }
    return found


def score_tables(found: Mapping[str, Any], reference: str) -> Iterator[Table]:
    """Title, columns and rows of two tables: scores, and paired differences.

    Parameters
    ----------
    found : mapping
        As `score_predictions` returns it.
    reference : str
        What the first table's last line is called in the title of the second.
    """
    rows = [
        [name, *(_cell(metric, scores[metric.name]) for metric in IN_TABLES)]
        for name, scores in found["scores"].items()
    ]
    title = f"On {found['n_rows']} rows, with 95% intervals over rows like these"
    yield title, ["", *(metric.title for metric in IN_TABLES)], rows
    compared = [metric for metric in IN_TABLES if metric.name != "calibration_error"]
    rows = [
        [f"minus {name}", *(_difference(metric, scores[metric.name]) for metric in compared)]
        for name, scores in found["differences"].items()
    ]
    title = (
        f"{reference} minus the others, row by row; no difference is shown where neither better "
        "nor worse is said"
    )
    yield title, ["", *(metric.title for metric in compared)], rows


def _difference(metric: Metric, score: Mapping[str, Any]) -> str:
    shown = "" if score["verdict"] == NO_DIFFERENCE else f" {score['verdict']}"
    return _cell(metric, score, sign=True) + shown


def _cell(metric: Metric, score: Mapping[str, Any], sign: bool = False) -> str:
    if np.isnan(score["value"]):
        return "diverged"
    value, low, high = (
        metric.show_number(score[name], sign=sign) for name in ("value", "low", "high")
    )
    return f"{value} [{low}, {high}]"
