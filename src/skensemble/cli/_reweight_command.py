"""``skensemble reweight``: other combination weights, without training."""

import math
from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from skensemble.cli import _option_groups as cli


@cli.command
def reweight(
    run: cli.RunArgument,
    rows: cli.RowOptions,
    lines: cli.Lines,
    method: str = cli.weights_option(
        default="log_loss",
        metavar="NAME",
        help="log_loss, accuracy, greedy, auto, uniform, a scorer of scikit-learn, or the "
        "weights themselves with commas.",
    ),
    n_last: int | None = cli.weights_option(help="Combine only the last N snapshots."),
    min_weight: float = cli.weights_option(default=0.0, help="Drop snapshots of a smaller weight."),
    dry_run: bool = cli.flag("--dry-run", help="Show the weights, and leave the run as it is."),
    data: str | None = cli.data_option(
        metavar="SOURCE",
        help="Rows to learn on, as --data of evaluate. Default: the holdout of the run.",
    ),
) -> None:
    """Find other combination weights for the snapshots of a run, without training.

    They are learned on the rows that the run held out, or on other labelled rows that it has not
    seen. weights.json keeps the weights that are replaced.
    """
    from skensemble.cli._console import import_tensorflow
    from skensemble.cli._estimator_from_options import read_weighting
    from skensemble.cli._row_source import labelled_rows, rows_name, warn_about_training_rows
    from skensemble.cli._score_lines import say_comparisons
    from skensemble.persistence import OWN_HOLDOUT, Run

    opened = Run.open(run)
    weighting = read_weighting(method, "--method")
    import_tensorflow()
    settings: dict[str, Any] = {"n_last": n_last, "min_weight": min_weight}
    judged: Any = None
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
    result, before = clf.weighting_, opened.weights
    found: dict[str, Any] = {
        "run": str(opened.path),
        "source": source,
        "before": before,
        "after": {**asdict(result), "scores": clf.snapshot_scores_},
        "scores": None,
        "written": not dry_run,
    }
    if judged is not None:
        ways = {"before": before, "after": result.weights}
        found["scores"] = {name: _scores(way, *judged) for name, way in ways.items()}
    if not dry_run:
        opened.save_weights(result, clf.snapshot_scores_, source=source)
    lines.table(
        "Weights" if judged is None else f"On {len(judged[1])} rows of {source}",
        ["", "log-loss", "accuracy %", "before", "after"],
        _table_rows(found),
    )
    if math.isfinite(result.gap):
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
    lines.result(**found)


def _scores(weights: Any, members: Any, y: Any, sample_weight: Any) -> dict[str, float]:
    from skensemble.evaluation import combine_members, score_probabilities

    scores = score_probabilities(combine_members(members, weights), y, sample_weight)
    return {name: scores[name] for name in ("log_loss", "accuracy")}


def _table_rows(found: Mapping[str, Any]) -> list[list[str]]:
    from skensemble.cli._score_lines import TITLES

    after, blank = found["after"], ("", "")
    both = zip(found["before"], after["weights"], strict=True)
    weights = [(f"{old:.3f}", f"{new:.3f}") for old, new in both]
    scores = after["scores"]
    if scores is None:
        return [[f"snapshot {i + 1}", *blank, *shown] for i, shown in enumerate(weights)]
    n = len(weights) + 1  # the snapshots, and equal weights
    names = [TITLES.get(name, name) for name in scores["name"][:n]]
    columns = names, scores["log_loss"][:n], scores["accuracy"][:n], [*weights, blank]
    rows = list(zip(*columns, strict=True))
    for name, combined in found["scores"].items():
        rows.append((name, combined["log_loss"], combined["accuracy"], blank))
    return [
        [name, f"{loss:.4f}", f"{100 * accuracy:.2f}", *shown]
        for name, loss, accuracy, shown in rows
    ]
