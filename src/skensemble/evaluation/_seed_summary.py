"""What the runs of several seeds show: means, paired differences, tables."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from skensemble.evaluation._intervals import NO_DIFFERENCE, mean_interval, verdict
from skensemble.evaluation._methods import METHODS, ONE_CYCLE, SINGLE
from skensemble.evaluation._metrics import IN_TABLES, METRICS, Metric
from skensemble.evaluation._score_tables import Table


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

    def difference(method: str, baseline: str, metric: Metric) -> dict[str, Any]:
        found = mean_interval(column(method, metric) - column(baseline, metric))
        word = verdict(found, higher_is_better=metric.higher_is_better)
        return {"mean": found.value, "half": found.half, "verdict": word}

    summary = []
    for method in dict.fromkeys(run["method"] for run in runs):
        scores = {metric.name: mean_interval(column(method, metric)) for metric in metrics}
        summary.append(
            {
                "method": method,
                "title": METHODS[method].title if method in METHODS else method,
                "n_seeds": len(seeds),
                "n_diverged": int(np.isnan(column(method, metrics[0])).sum()),
                "scores": {
                    name: {"mean": found.value, "half": found.half}
                    for name, found in scores.items()
                },
                "differences": {
                    baseline: {
                        metric.name: difference(method, baseline, metric) for metric in metrics
                    }
                    for baseline in baselines
                },
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
    title = f"On the test rows: mean and 95% interval over {n_seeds} seeds"
    yield title, columns, [_score_row(entry, metrics) for entry in summary]
    titles = {entry["method"]: entry["title"] for entry in summary}
    for baseline in baselines:
        title = (
            f"Minus the {titles[baseline]}, seed by seed; no difference is shown where neither "
            "better nor worse is said"
        )
        others = [entry for entry in summary if entry["method"] != baseline]
        yield title, columns, [_difference_row(entry, baseline, metrics) for entry in others]


def _score_row(entry: Mapping[str, Any], metrics: Sequence[Metric]) -> list[str]:
    if entry["n_diverged"]:
        cells = [f"diverged in {entry['n_diverged']} of {entry['n_seeds']}"] * len(metrics)
    else:
        cells = [metric.show(**entry["scores"][metric.name]) for metric in metrics]
    return [entry["title"], *cells]


def _difference_row(
    entry: Mapping[str, Any], baseline: str, metrics: Sequence[Metric]
) -> list[str]:
    cells = []
    for metric in metrics:
        found = entry["differences"][baseline][metric.name]
        value = metric.show(found["mean"], found["half"], sign=True)
        shown = "" if found["verdict"] == NO_DIFFERENCE else f" {found['verdict']}"
        cells.append("diverged" if np.isnan(found["mean"]) else value + shown)
    return [entry["title"], *cells]


def markdown_tables(summary: Sequence[Mapping[str, Any]], *baselines: str) -> str:
    """Write the tables of `summary_tables` for a document."""
    blocks = []
    for title, columns, rows in summary_tables(summary, *baselines):
        lines = [columns, ["---", *["---:"] * (len(columns) - 1)], *rows]
        text = "\n".join(f"| {' | '.join(line)} |" for line in lines)
        blocks.append(f"{title}:\n\n{text}")
    return "\n\n".join(blocks)
