"""``skensemble reweight``: other combination weights, without training."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Annotated, Any

import numpy as np
import typer

from skensemble._validation import Described, must_be
from skensemble.cli import _options as options
from skensemble.cli._console import output
from skensemble.cli._data import DataOptions
from skensemble.cli._quiet import import_tensorflow
from skensemble.cli._run_directory import Run
from skensemble.cli._run_files import OWN_HOLDOUT, SavedHoldout, weights_to_json
from skensemble.cli._scores import combined, scores_of
from skensemble.cli._settings import read_weighting
from skensemble.cli._tables import say_comparisons, title_of
from skensemble.cli._unseen import members_on, name_of, warn_about_training_rows
from skensemble.weighting import WeightingResult

_WEIGHTS = "Weights"


def reweight(
    run: options.RunArgument,
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
    target: options.TargetOption = None,
    subset: options.SubsetOption = None,
    image_size: options.ImageSizeOption = None,
    on_unreadable: options.OnUnreadableOption = "raise",
    limit: options.LimitOption = None,
    json: options.JsonOption = False,
    quiet: options.QuietOption = False,
    traceback: options.TracebackOption = False,
) -> None:
    """Find other combination weights for the snapshots of a run, without training.

    They are learned on the rows that the run held out, or on other labelled
    rows that it has not seen. weights.json keeps the weights that are
    replaced.
    """
    with output(as_json=json, quiet=quiet) as out:
        opened = Run.open(run)
        weighting = read_weighting(method, "--method")
        import_tensorflow()
        learns = isinstance(weighting, str) and weighting != "uniform"
        holdout: SavedHoldout | None
        if data is None:
            holdout, source = opened.holdout, OWN_HOLDOUT
        else:
            asked = DataOptions(data, target, subset, image_size, on_unreadable, limit)
            warn_about_training_rows(opened, asked, out)
            members, y = members_on(opened, asked)
            if learns:
                check_every_class(y, opened.classes)
            holdout, source = SavedHoldout(members, y, None, np.arange(len(y))), name_of(asked)
        scores: dict[str, list[Any]] | None = None
        if holdout is None and not learns:
            result = given_weights(opened, weighting, n_last, min_weight)
        else:
            result, scores = opened.learn_weights(
                weighting, n_last=n_last, min_weight=min_weight, holdout=holdout
            )
        before = opened.weights
        found: dict[str, Any] = {
            "run": str(opened.path),
            "source": source,
            "before": before,
            "after": weights_to_json(result, scores),
            "scores": None
            if holdout is None
            else {
                "before": combined_scores(holdout, before),
                "after": combined_scores(holdout, result.weights),
            },
            "written": not dry_run,
        }
        if not dry_run:
            opened.save_weights(result, scores, source=source)
        out.table(
            "Weights" if holdout is None else f"On {len(holdout.y)} rows of {source}",
            ["", "log-loss", "accuracy %", "before", "after"],
            list(_rows(scores, found)),
        )
        if np.isfinite(result.gap):
            out.say(
                f"At most {max(result.gap, 1e-15):.0e} nats of log-loss above the best weights "
                "there are on these rows"
            )
        if learns:
            out.say("What was learned on these rows is judged on others: skensemble evaluate")
        if result.note:
            out.say(result.note)
        say_comparisons(out, result)
        where = opened.path / "weights.json"
        out.say(f"{where} is as it was" if dry_run else f"{where} has the new weights")
        out.result(found)


def given_weights(
    run: Run, weighting: str | list[float], n_last: int | None, min_weight: float
) -> WeightingResult:
    """Combine the snapshots of a run as it is said; no rows are needed, and none judge it."""
    from skensemble.ensemble._parameters import check_combination
    from skensemble.ensemble._weights import Combination, combine, usable_members

    combination = Combination(weighting, n_last, min_weight)
    check_combination(combination, run.n_snapshots, "method")
    usable = usable_members(run.estimator().snapshots_, n_last)
    return combine(combination, usable, None, None, run.classes)


def check_every_class(y: np.ndarray, classes: np.ndarray) -> None:
    """Raise if a class has no row to learn weights on."""
    absent = np.setdiff1d(np.arange(len(classes)), y)
    if len(absent):
        shown = ", ".join(repr(label) for label in classes[absent].tolist()[:5])
        got = Described(f"none with {shown}")
        fix = "bring rows of every class, or set --method uniform"
        raise ValueError(must_be("--data", "rows of every class, to learn on", got, fix))


def combined_scores(holdout: SavedHoldout, weights: np.ndarray) -> dict[str, float]:
    """Log-loss (nats) and accuracy of a weighted combination, each row counting as it does."""
    scores = scores_of(combined(holdout.probas, weights), holdout.y, holdout.sample_weight)
    return {name: scores[name] for name in ("log_loss", "accuracy")}


def _rows(scores: Mapping[str, Sequence[Any]] | None, found: Mapping[str, Any]) -> Any:
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
