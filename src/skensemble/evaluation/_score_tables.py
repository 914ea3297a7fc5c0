"""Scores of several predictions of the same rows, or of several seeds, and tables of them."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict
from typing import Any

import numpy as np
from numpy.typing import NDArray

from skensemble.evaluation._equal_compute import METHODS, ONE_CYCLE, SINGLE
from skensemble.evaluation._intervals import (
    NO_DIFFERENCE,
    mean_interval,
    row_differences,
    row_scores,
    verdict,
)
from skensemble.evaluation._metrics import IN_TABLES, METRICS, FloatArray, Metric

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
    higher = {metric.name: metric.higher_is_better for metric in METRICS}
    for name, proba in probas.items():
        scores = row_scores(proba, y)
        found["scores"][name] = {metric: asdict(score) for metric, score in scores.items()}
        if name != reference:
            differences = row_differences(probas[reference], proba, y)
            found["differences"][name] = {
                metric: asdict(one) | {"verdict": verdict(one, higher_is_better=higher[metric])}
                for metric, one in differences.items()
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
        [f"minus {name}", *(_cell(metric, scores[metric.name]) for metric in compared)]
        for name, scores in found["differences"].items()
    ]
    title = (
        f"{reference} minus the others, row by row; no difference is shown where neither better "
        "nor worse is said"
    )
    yield title, ["", *(metric.title for metric in compared)], rows


def _cell(metric: Metric, score: Mapping[str, Any]) -> str:
    """Write a value and its interval, and what it shows where it is a difference."""
    if np.isnan(score["value"]):
        return "diverged"
    ends = (score[name] for name in ("value", "low", "high"))
    value, low, high = (metric.show_number(end, sign="verdict" in score) for end in ends)
    return f"{value} [{low}, {high}]{_shown(score)}"


def _shown(difference: Mapping[str, Any]) -> str:
    word = difference.get("verdict", NO_DIFFERENCE)
    return "" if word == NO_DIFFERENCE else f" {word}"


def summarise_runs(
    runs: Sequence[Mapping[str, Any]], baselines: Sequence[str] = (SINGLE, ONE_CYCLE)
) -> list[dict[str, Any]]:
    """Summarise the scores of every method over the seeds.

    Parameters
    ----------
    runs : sequence of mapping
        Each with ``"seed"``, ``"method"`` and its scores, by the names of `METRICS`; all seeds have
        the same methods.
    baselines : sequence of str
        Methods that all are compared with.

    Returns
    -------
    list of dict
        One per method: ``"method"``, ``"title"``, ``"n_seeds"``, ``"n_diverged"``, ``"scores"``
        (``mean`` and ``half`` of the 95% t interval, by metric), and ``"differences"``: by baseline
        and metric, ``mean``, ``half`` and ``verdict`` of the paired differences to it. NaN where a
        run diverged.

    Examples
    --------
    >>> runs = [
    ...     {"seed": seed, "method": method, "accuracy": accuracy}
    ...     for method, accuracies in {"old": [0.8, 0.7], "new": [0.83, 0.731]}.items()
    ...     for seed, accuracy in enumerate(accuracies)
    ... ]
    >>> old, new = summarise_runs(runs, baselines=["old"])
    >>> new["differences"]["old"]["accuracy"]["verdict"]
    'better'
    """
    seeds = sorted({run["seed"] for run in runs})
    table = {(run["method"], run["seed"]): run for run in runs}
    metrics = [metric for metric in METRICS if metric.name in runs[0]]

    def column(method: str, metric: Metric) -> np.ndarray:
        return np.array([table[method, seed][metric.name] for seed in seeds], dtype=np.float64)

    def score(method: str, metric: Metric) -> dict[str, Any]:
        found = mean_interval(column(method, metric))
        return {"mean": found.value, "half": found.half}

    def difference(method: str, baseline: str, metric: Metric) -> dict[str, Any]:
        found = mean_interval(column(method, metric) - column(baseline, metric))
        word = verdict(found, higher_is_better=metric.higher_is_better)
        return {"mean": found.value, "half": found.half, "verdict": word}

    summary = []
    for method in dict.fromkeys(run["method"] for run in runs):
        differences = {
            baseline: {metric.name: difference(method, baseline, metric) for metric in metrics}
            for baseline in baselines
        }
        summary.append(
            {
                "method": method,
                "title": METHODS[method].title if method in METHODS else method,
                "n_seeds": len(seeds),
                "n_diverged": int(np.isnan(column(method, metrics[0])).sum()),
                "scores": {metric.name: score(method, metric) for metric in metrics},
                "differences": differences,
            }
        )
    return summary


def summary_tables(summary: Sequence[Mapping[str, Any]], *baselines: str) -> Iterator[Table]:
    """Title, columns and rows of tables: scores, and differences to each baseline.

    Parameters
    ----------
    summary : sequence of mapping
        As `summarise_runs` returns it.
    *baselines : str
        Those of its baselines that have a table.
    """
    metrics = [metric for metric in IN_TABLES if metric.name in summary[0]["scores"]]
    columns = ["", *(metric.title for metric in metrics)]
    n_seeds = summary[0]["n_seeds"]
    rows = []
    for entry in summary:
        diverged = f"diverged in {entry['n_diverged']} of {n_seeds}"
        rows.append([entry["title"], *_mean_cells(metrics, entry["scores"], diverged)])
    yield f"On the test rows: mean and 95% interval over {n_seeds} seeds", columns, rows
    titles = {entry["method"]: entry["title"] for entry in summary}
    for baseline in baselines:
        title = (
            f"Minus the {titles[baseline]}, seed by seed; no difference is shown where neither "
            "better nor worse is said"
        )
        rows = [
            [entry["title"], *_mean_cells(metrics, entry["differences"][baseline], "diverged")]
            for entry in summary
            if entry["method"] != baseline
        ]
        yield title, columns, rows


def _mean_cells(
    metrics: Sequence[Metric], scores: Mapping[str, Any], diverged: str
) -> Iterator[str]:
    for metric in metrics:
        found = scores[metric.name]
        value = metric.show(found["mean"], found["half"], sign="verdict" in found)
        yield diverged if np.isnan(found["mean"]) else value + _shown(found)


def markdown_tables(summary: Sequence[Mapping[str, Any]], *baselines: str) -> str:
    """Write the tables of `summary_tables` for a document."""
    blocks = []
    for title, columns, rows in summary_tables(summary, *baselines):
        lines = [columns, ["---", *["---:"] * (len(columns) - 1)], *rows]
        text = "\n".join(f"| {' | '.join(line)} |" for line in lines)
        blocks.append(f"{title}:\n\n{text}")
    return "\n\n".join(blocks)
