"""What the runs of a comparison show: means, paired differences, tables."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from skensemble.cli._methods import METHODS, ONE_CYCLE, SINGLE
from skensemble.cli._scores import (
    IN_TABLES,
    METRICS,
    NOT_SHOWN,
    Metric,
    paired,
    t_interval,
    verdict,
)

BASELINES = (SINGLE, ONE_CYCLE)


def summarise(runs: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Summarise the runs of every method over the seeds.

    Parameters
    ----------
    runs : sequence of mapping
        Each with ``"seed"``, ``"method"`` and its scores.

    Returns
    -------
    list of dict
        One per method: ``"method"``, ``"title"``, ``"n_seeds"``, ``"n_diverged"``, ``"scores"``
        (``mean`` and ``half`` of the 95% t interval, by metric), and ``"differences"``: by baseline
        and metric, ``mean``, ``half`` and ``verdict`` of the paired differences to it. NaN where a
        run diverged.
    """
    seeds = sorted({run["seed"] for run in runs})
    table = {(run["method"], run["seed"]): run for run in runs}
    methods = [method for method in METHODS if (method, seeds[0]) in table]

    def column(method: str, metric: Metric) -> list[float]:
        return [table[method, seed][metric.name] for seed in seeds]

    summary = []
    for method in methods:
        scores, differences = {}, {}
        for metric in METRICS:
            mean, half = t_interval(column(method, metric))
            scores[metric.name] = {"mean": mean, "half": half}
        for baseline in BASELINES:
            differences[baseline] = {
                metric.name: _difference(metric, column(method, metric), column(baseline, metric))
                for metric in METRICS
            }
        n_diverged = int(np.isnan(column(method, METRICS[0])).sum())
        summary.append(
            {
                "method": method,
                "title": METHODS[method].title,
                "n_seeds": len(seeds),
                "n_diverged": n_diverged,
                "scores": scores,
                "differences": differences,
            }
        )
    return summary


def _difference(metric: Metric, values: list[float], others: list[float]) -> dict[str, Any]:
    mean, half = paired(values, others)
    return {"mean": mean, "half": half, "verdict": verdict(metric, mean, half)}


def score_cells(summary: Sequence[Mapping[str, Any]]) -> Iterator[list[str]]:
    """Rows of text: a method and its scores."""
    for entry in summary:
        if entry["n_diverged"]:
            cells = [f"diverged in {entry['n_diverged']} of {entry['n_seeds']}"] * len(IN_TABLES)
        else:
            cells = [metric.show(**entry["scores"][metric.name]) for metric in IN_TABLES]
        yield [entry["title"], *cells]


def difference_cells(summary: Sequence[Mapping[str, Any]], baseline: str) -> Iterator[list[str]]:
    """Rows of text: a method and its paired differences to a baseline, and what they show."""
    for entry in summary:
        if entry["method"] == baseline:
            continue
        cells = []
        for metric in IN_TABLES:
            found = entry["differences"][baseline][metric.name]
            value = metric.show(found["mean"], found["half"], sign=True)
            shown = "" if found["verdict"] == NOT_SHOWN else f" {found['verdict']}"
            cells.append("diverged" if np.isnan(found["mean"]) else value + shown)
        yield [entry["title"], *cells]


def tables(
    summary: Sequence[Mapping[str, Any]], baseline: str
) -> Iterator[tuple[str, list[str], list[list[str]]]]:
    """Title, columns and rows of two tables: scores, and differences to a baseline."""
    columns = ["", *(metric.title for metric in IN_TABLES)]
    n_seeds = summary[0]["n_seeds"]
    title = f"On the test rows: mean and 95% interval over {n_seeds} seeds"
    yield title, columns, list(score_cells(summary))
    title = (
        f"Minus the {METHODS[baseline].title}, seed by seed; no difference is shown where neither "
        "better nor worse is said"
    )
    yield title, columns, list(difference_cells(summary, baseline))


def markdown(summary: Sequence[Mapping[str, Any]], baseline: str) -> str:
    """Write both tables for a document."""
    blocks = []
    for title, columns, rows in tables(summary, baseline):
        lines = [columns, ["---", *["---:"] * (len(columns) - 1)], *rows]
        text = "\n".join(f"| {' | '.join(line)} |" for line in lines)
        blocks.append(f"{title}:\n\n{text}")
    return "\n\n".join(blocks)
