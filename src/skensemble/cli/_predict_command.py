"""``skensemble predict``: labels and probabilities for new rows."""

import csv
from pathlib import Path
from typing import Any, Literal

from skensemble.cli import _option_groups as cli

_TITLES = {
    "equal": "equal weights",
    "learned": "weights of the run",
    "relearn": "weights learned anew",
}
_WEIGHTS_BY_NUMBER = {-1: "equal", 0: "learned", 1: "relearn"}


@cli.command
def predict(
    *,
    run: cli.RunArgument,
    data: cli.DataOption,
    rows: cli.RowOptions,
    optimize: int | None = cli.weights_option(
        metavar="-1|0|1",
        help="The same in the numbers of snapshot-ensembles: -1 equal, 0 learned, 1 relearn.",
    ),
    num_tests: int | None = cli.weights_option(
        "--num_tests",
        help="Restarts of the optimizer of snapshot-ensembles. Accepted and without effect: "
        "the problem is convex, and one solve finds its optimum.",
    ),
    network_flags: cli.NetworkFlags,
    lines: cli.Lines,
    output: str | None = cli.option(
        "--output", "-o", metavar="FILE.csv", help="Write a line per row: its name and label."
    ),
    force: bool = cli.flag("--force", help="Replace --output."),
    proba: bool = cli.flag("--proba", help="With the probability of every class."),
    weights: Literal["learned", "equal", "relearn"] | None = cli.weights_option(
        help="learned: those of the run (default). equal: the same for every snapshot. "
        "relearn: found anew on the holdout of the run, for this call only."
    ),
    seed: int = cli.data_option(default=0, help="Determines the rows of --limit."),
    model: str | None = cli.network_option(
        metavar="NAME",
        help="What the run must be; not needed, as the run knows its network.",
    ),
) -> None:
    """Predict with the ensemble of a run.

    Rows may come without labels. Where there are labels, a table follows: the snapshot that was
    best on the holdout, equal weights, learned weights.
    """
    chosen = _choose_weights(weights, optimize)
    if num_tests is not None:
        lines.say("note: --num_tests is without effect: one convex solve replaces restarts")
    from skensemble.cli._architectures import check_same_architecture
    from skensemble.cli._console import import_tensorflow
    from skensemble.cli._row_source import read_rows_for, warn_about_seen_rows
    from skensemble.cli._score_lines import COLUMNS, score_row
    from skensemble.evaluation import combine_members
    from skensemble.persistence import Run, check_new_file
    from skensemble.tasks import class_indices

    opened = Run.open(run)
    check_same_architecture(
        run, opened.config["model"], cli.NetworkOptions(model=model), network_flags
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
        _write(output, found.paths, labels, shown, opened.classes)
        lines.say(f"{len(labels)} rows predicted with {_TITLES[chosen]}: {output}")
    scores = None if y is None else _scores(opened, members, probas, y)
    if scores is not None:
        table = [score_row(title, **values) for title, values in scores.items()]
        lines.table(f"on {len(labels)} rows of {data}", COLUMNS, table)
    elif output is None and not lines.as_json:
        for name, label in zip(found.paths or (), labels.tolist(), strict=True):
            lines.say(f"{name}  {label}")
    lines.result(
        run=str(opened.path),
        weighting=chosen,
        weights=ways[chosen],
        classes=opened.classes,
        rows=found.paths,
        labels=labels,
        proba=shown,
        scores=scores,
    )


def _choose_weights(weights: str | None, optimize: int | None) -> str:
    from skensemble._validation import check_choice, must_be

    if optimize is None:
        return weights or "learned"
    fix = "-1 is for equal weights, 0 for those of the run, 1 to learn them anew"
    check_choice("--optimize", optimize, tuple(_WEIGHTS_BY_NUMBER), fix=fix)
    named = _WEIGHTS_BY_NUMBER[optimize]
    if weights not in (None, named):
        must = f"{named}, as --optimize {optimize} says"
        raise ValueError(must_be("--weights", must, weights, "leave one of the two out"))
    return named


def _weights(run: Any, chosen: str) -> dict[str, Any]:
    """Return equal weights, those of the run, and new ones where they are chosen."""
    import numpy as np

    M = run.n_snapshots
    ways = {"equal": np.full(M, 1 / M), "learned": run.weights}
    if chosen == "relearn":
        trained = run.config["estimator"]
        method = trained["weighting"]
        if not isinstance(method, str) or method == "uniform":
            method = "log_loss"
        n_last, min_weight = trained["n_last"], trained["min_weight"]
        ways["relearn"] = run.reweight(method, n_last=n_last, min_weight=min_weight).weights_
    return ways


def _scores(run: Any, members: Any, probas: dict[str, Any], y: Any) -> dict[str, dict[str, float]]:
    from skensemble.cli._score_lines import accuracy_and_log_loss, best_title

    ways, best = {}, run.best_snapshot
    if best is not None:
        ways[f"single {best_title(run.weights_source)} (snapshot {best + 1})"] = members[best]
    ways["last snapshot"] = members[-1]
    ways.update({_TITLES[name]: proba for name, proba in probas.items()})
    return {title: accuracy_and_log_loss(proba, y) for title, proba in ways.items()}


def _write(path: str, names: Any, labels: Any, proba: Any, classes: Any) -> None:
    from skensemble.persistence import replace_files

    columns = [] if proba is None else [f"proba_{label}" for label in classes.tolist()]
    probas = [()] * len(labels) if proba is None else proba

    def write(partial: Path) -> None:
        with partial.open("w", newline="", encoding="utf-8") as file:
            writer = csv.writer(file)
            writer.writerow(["row", "label", *columns])
            for name, label, row in zip(names, labels.tolist(), probas, strict=True):
                writer.writerow([name, label, *map(float, row)])

    replace_files({Path(path): write})
