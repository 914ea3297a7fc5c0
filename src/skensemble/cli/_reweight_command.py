"""``skensemble reweight``: other combination weights, without training."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated, Any

import typer

from skensemble.cli._option_groups import ConsoleOptions, RowOptions, RunArgument, command

if TYPE_CHECKING:
    import numpy as np

_WEIGHTS = "Weights"


@command
def reweight(
    run: RunArgument,
    rows: RowOptions,
    console: ConsoleOptions,
    method: Annotated[
        str,
        typer.Option(
            metavar="NAME",
            help="log_loss, accuracy, greedy, auto, uniform, a scorer of scikit-learn, or the "
            "weights themselves with commas.",
            rich_help_panel=_WEIGHTS,
        ),
    ] = "log_loss",
    n_last: Annotated[
        int | None,
        typer.Option(help="Combine only the last N snapshots.", rich_help_panel=_WEIGHTS),
    ] = None,
    min_weight: Annotated[
        float,
        typer.Option(help="Drop snapshots of a smaller weight.", rich_help_panel=_WEIGHTS),
    ] = 0.0,
    dry_run: Annotated[
        bool,
        typer.Option("--dry-run", help="Show the weights, and leave the run as it is."),
    ] = False,
    data: Annotated[
        str | None,
        typer.Option(
            metavar="SOURCE",
            help="Rows to learn on, as --data of evaluate. Default: the holdout of the run.",
            rich_help_panel="Data",
        ),
    ] = None,
) -> None:
    """Find other combination weights for the snapshots of a run, without training.

    They are learned on the rows that the run held out, or on other labelled rows that it has not
    seen. weights.json keeps the weights that are replaced.
    """
    with console.open() as lines:
        import numpy as np

        from skensemble.cli._parameter_text import read_weighting
        from skensemble.cli._quiet import import_tensorflow
        from skensemble.cli._score_lines import say_comparisons
        from skensemble.cli._seen_rows import labelled_rows, rows_name, warn_about_training_rows
        from skensemble.persistence import OWN_HOLDOUT, Run

        opened = Run.open(run)
        weighting = read_weighting(method, "--method")
        import_tensorflow()
        settings: dict[str, Any] = {"n_last": n_last, "min_weight": min_weight}
        judged: tuple[Any, ...] | None = None
        if data is None:
            source, holdout = OWN_HOLDOUT, opened.holdout
            clf = opened.reweight(weighting, **settings)
            if holdout is not None:
                judged = holdout.probas, holdout.y, holdout.sample_weight
        else:
            source = rows_name(data, rows.subset)
            warn_about_training_rows(opened, data, rows.subset, lines)
            X, labels, y = labelled_rows(opened, data, rows)
            clf = opened.reweight(weighting, X=X, y=labels, **settings)
            judged = clf.member_predict_proba(X), y, None
        result, scores = clf.weighting_, clf.snapshot_scores_
        before = opened.weights
        found: dict[str, Any] = {
            "run": str(opened.path),
            "source": source,
            "before": before,
            "after": {**asdict(result), "scores": scores},
            "scores": None
            if judged is None
            else {
                "before": _scores(before, *judged),
                "after": _scores(result.weights, *judged),
            },
            "written": not dry_run,
        }
        if not dry_run:
            opened.save_weights(result, scores, source=source)
        lines.table(
            "Weights" if judged is None else f"On {len(judged[1])} rows of {source}",
            ["", "log-loss", "accuracy %", "before", "after"],
            list(_table_rows(scores, found)),
        )
        if np.isfinite(result.gap):
            lines.say(
                f"At most {max(result.gap, 1e-15):.0e} nats of log-loss above the best weights "
                "there are on these rows"
            )
        if isinstance(weighting, str) and weighting != "uniform":
            lines.say("What was learned on these rows is judged on others: skensemble evaluate")
        if result.note:
            lines.say(result.note)
        say_comparisons(lines, result)
        where = opened.path / "weights.json"
        lines.say(f"{where} is as it was" if dry_run else f"{where} has the new weights")
        lines.result(found)


def _scores(
    weights: np.ndarray, members: np.ndarray, y: np.ndarray, sample_weight: np.ndarray | None
) -> dict[str, float]:
    """Log-loss (nats) and accuracy of a weighted combination, each row counting as it does."""
    from skensemble.evaluation import combine_members, score_probabilities

    scores = score_probabilities(combine_members(members, weights), y, sample_weight)
    return {name: scores[name] for name in ("log_loss", "accuracy")}


def _table_rows(
    scores: Mapping[str, Sequence[Any]] | None, found: Mapping[str, Any]
) -> Iterator[list[str]]:
    from skensemble.cli._score_lines import title_of

    before, after = found["before"], found["after"]["weights"]
    for i, weights in enumerate(zip(before, after, strict=True)):
        shown = ["", ""] if scores is None else _shown(scores["log_loss"][i], scores["accuracy"][i])
        yield [f"snapshot {i + 1}", *shown, *(f"{weight:.3f}" for weight in weights)]
    if scores is None:
        return
    M = len(before)
    equal = _shown(scores["log_loss"][M], scores["accuracy"][M])
    yield [title_of(scores["name"][M]), *equal, "", ""]
    for name, combination in found["scores"].items():
        yield [name, *_shown(combination["log_loss"], combination["accuracy"]), "", ""]


def _shown(loss: float, accuracy: float) -> list[str]:
    return [f"{loss:.4f}", f"{100 * accuracy:.2f}"]
