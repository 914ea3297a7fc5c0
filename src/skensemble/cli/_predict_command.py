"""``skensemble predict``: labels and probabilities for new rows."""

from __future__ import annotations

import csv
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from skensemble.cli._option_groups import (
    ConsoleOptions,
    DataOption,
    NetworkOptions,
    RowOptions,
    RunArgument,
    command,
)
from skensemble.cli._snapshot_ensembles_flags import NetworkFlags, PredictionFlags

if TYPE_CHECKING:
    import numpy as np

    from skensemble.cli._row_source import Rows
    from skensemble.persistence import Run

_TITLES = {
    "equal": "equal weights",
    "learned": "weights of the run",
    "relearn": "weights learned anew",
}


@command
def predict(
    run: RunArgument,
    data: DataOption,
    rows: RowOptions,
    flags: PredictionFlags,
    network_flags: NetworkFlags,
    console: ConsoleOptions,
    output: Annotated[
        str | None,
        typer.Option(
            "--output", "-o", metavar="FILE.csv", help="Write a line per row: its name and label."
        ),
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="Replace --output.")] = False,
    proba: Annotated[
        bool, typer.Option("--proba", help="With the probability of every class.")
    ] = False,
    weights: Annotated[
        Literal["learned", "equal", "relearn"] | None,
        typer.Option(
            help="learned: those of the run (default). equal: the same for every snapshot. "
            "relearn: found anew on the holdout of the run, for this call only.",
            rich_help_panel="Weights",
        ),
    ] = None,
    seed: Annotated[
        int, typer.Option(help="Determines the rows of --limit.", rich_help_panel="Data")
    ] = 0,
    model: Annotated[
        str | None,
        typer.Option(
            metavar="NAME",
            help="What the run must be; not needed, as the run knows its network.",
            rich_help_panel="Network",
        ),
    ] = None,
) -> None:
    """Predict with the ensemble of a run.

    Rows may come without labels. Where there are labels, a table follows: the snapshot that was
    best on the holdout, equal weights, learned weights.
    """
    with console.open() as lines:
        chosen = flags.choose_weights(weights)
        if flags.num_tests is not None:
            lines.say("note: --num_tests is without effect: one convex solve replaces restarts")
        from skensemble.cli._architectures import check_same_architecture
        from skensemble.cli._quiet import import_tensorflow
        from skensemble.cli._row_source import read_rows_for
        from skensemble.cli._score_lines import COLUMNS, score_row
        from skensemble.cli._seen_rows import warn_about_seen_rows
        from skensemble.evaluation import combine_members
        from skensemble.persistence import Run, check_new_file
        from skensemble.tasks import class_indices

        opened = Run.open(run)
        check_same_architecture(
            run, opened.config["model"], NetworkOptions(model=model), network_flags
        )
        if output is not None:
            check_new_file(f"--output {output}", output, force=force)
        found = read_rows_for(opened, data, rows, labelled=False, seed=seed)
        y = None if found.y is None else class_indices(found.y, opened.classes, "--data")
        if y is not None:
            warn_about_seen_rows(opened, data, rows.subset, lines)
        import_tensorflow()
        ways = _weights(opened, chosen)
        members = opened.estimator().member_predict_proba(found.X)
        probas = {name: combine_members(members, ways[name]) for name in ways}
        labels = opened.classes[probas[chosen].argmax(axis=1)]
        shown = probas[chosen] if proba else None
        if output is not None:
            _write(output, found, labels, shown, opened.classes)
            lines.say(f"{len(labels)} rows predicted with {_TITLES[chosen]}: {output}")
        scores = None if y is None else _scores(opened, members, probas, y)
        if scores is not None:
            table = [score_row(title, **values) for title, values in scores.items()]
            lines.table(f"on {len(labels)} rows of {data}", COLUMNS, table)
        elif output is None and not console.as_json:
            for name, label in zip(found.names, labels.tolist(), strict=True):
                lines.say(f"{name}  {label}")
        lines.result(
            {
                "run": str(opened.path),
                "weighting": chosen,
                "weights": ways[chosen],
                "classes": opened.classes,
                "rows": found.names,
                "labels": labels,
                "proba": shown,
                "scores": scores,
            }
        )


def _weights(run: Run, chosen: str) -> dict[str, np.ndarray]:
    """Return equal weights, those of the run, and new ones where they are chosen."""
    import numpy as np

    M = run.n_snapshots
    ways = {"equal": np.full(M, 1 / M), "learned": run.weights}
    if chosen == "relearn":
        trained = run.config["estimator"]
        method = trained["weighting"]
        if not isinstance(method, str) or method == "uniform":
            method = "log_loss"
        settings = {name: trained[name] for name in ("n_last", "min_weight")}
        ways["relearn"] = run.reweight(method, **settings).weights_
    return ways


def _scores(
    run: Run, members: np.ndarray, probas: Mapping[str, np.ndarray], y: np.ndarray
) -> dict[str, dict[str, float]]:
    """Accuracy and log-loss of each way to predict."""
    from skensemble.cli._score_lines import best_title
    from skensemble.evaluation import score_probabilities

    ways = {}
    best = run.best_snapshot
    if best is not None:
        title = best_title(run.weights_source)
        ways[f"single {title} (snapshot {best + 1})"] = members[best]
    ways["last snapshot"] = members[-1]
    ways.update({_TITLES[name]: proba for name, proba in probas.items()})
    scores = {title: score_probabilities(proba, y) for title, proba in ways.items()}
    return {
        title: {name: values[name] for name in ("accuracy", "log_loss")}
        for title, values in scores.items()
    }


def _write(
    path: str, rows: Rows, labels: np.ndarray, proba: np.ndarray | None, classes: np.ndarray
) -> None:
    """Write a line per row, all or nothing."""
    from skensemble.persistence import replace_files

    def write(partial: Path) -> None:
        with partial.open("w", newline="", encoding="utf-8") as file:
            writer = csv.writer(file)
            columns = [] if proba is None else [f"proba_{label}" for label in classes.tolist()]
            writer.writerow(["row", "label", *columns])
            for i, (name, label) in enumerate(zip(rows.names, labels.tolist(), strict=True)):
                writer.writerow([name, label, *([] if proba is None else proba[i].tolist())])

    replace_files({Path(path): write})
