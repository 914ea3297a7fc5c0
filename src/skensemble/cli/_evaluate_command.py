"""``skensemble evaluate``: how good a run is on rows that it has not seen."""

from typing import Any

from skensemble.cli import _option_groups as cli

LAST, EQUAL, IN_USE = "last snapshot", "equal weights", "the run's weights"


@cli.command
def evaluate(
    run: cli.RunArgument, data: cli.DataOption, rows: cli.RowOptions, lines: cli.Lines
) -> None:
    """Judge a run on labelled rows: single networks, equal weights, and its own.

    The rows must not be those that the run was trained on, holdout included, nor any that chose
    something about it.
    """
    from skensemble.cli._console import import_tensorflow
    from skensemble.cli._row_source import labelled_rows, warn_about_seen_rows
    from skensemble.evaluation import score_predictions, score_tables
    from skensemble.persistence import Run

    opened = Run.open(run)
    warn_about_seen_rows(opened, data, rows.subset, lines)
    import_tensorflow()
    X, _, y = labelled_rows(opened, data, rows)
    members = opened.estimator().member_predict_proba(X)
    best = opened.best_snapshot
    found = {
        "run": str(opened.path),
        "data": data,
        "best_snapshot": None if best is None else best + 1,
        "weights": opened.weights,
        **score_predictions(predictions(opened, members), y, IN_USE),
    }
    for table in score_tables(found, "The run's weights"):
        lines.table(*table)
    lines.result(**found)


def predictions(run: Any, members: Any) -> dict[str, Any]:
    import numpy as np

    from skensemble.cli._score_lines import best_title
    from skensemble.evaluation import combine_members

    probas = {LAST: members[-1]}
    if run.best_snapshot is not None:
        probas[best_title(run.weights_source)] = members[run.best_snapshot]
    probas[EQUAL] = combine_members(members, np.ones(len(members)))
    probas[IN_USE] = combine_members(members, run.weights)
    return probas
