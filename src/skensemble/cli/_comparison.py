"""Running all methods of a comparison on all seeds."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from skensemble._validation import check_integer, check_real, must_be
from skensemble.cli._estimators import TrainOptions, make_estimator
from skensemble.cli._methods import METHODS
from skensemble.cli._scores import scores_of
from skensemble.cli._splits import Splits


def run(
    splits: Splits,
    asked: TrainOptions,
    n_seeds: int,
    step_rate: float | None,
    *,
    show_progress: bool,
) -> Iterator[tuple[dict[str, Any], list[dict[str, Any]]]]:
    """Run all methods on all seeds.

    Parameters
    ----------
    splits : Splits
        Their rows.
    asked : TrainOptions
        Network and training.
    n_seeds : int
        How many.
    step_rate : float or None
        Rate at which the step schedule starts; that of the cycles by default.
    show_progress : bool
        On standard error.

    Yields
    ------
    facts : dict
        ``"rows"``, ``"settings"`` and ``"options"``.
    runs : list of dict
        Of the seeds so far: ``"seed"``, ``"method"``, the scores, ``"n_iterations"``,
        ``"weights"``.
    """
    from skensemble.cli._contest import Contest

    runs: list[dict[str, Any]] = []
    with _progress(show_progress) as progress:
        task = progress.add_task("", total=n_seeds * len(METHODS))
        for split in splits(n_seeds):
            prepared = make_estimator(asked, split.X)
            template = prepared.estimator
            rate = template.alpha_zero if step_rate is None else step_rate
            contest = Contest(_checked(template), rate)
            progress.update(task, description=f"seed {split.seed + 1} of {n_seeds}")
            for entry in contest.run(split.X, split.y, split.X_test, split.seed):
                runs.append(
                    {
                        "seed": split.seed,
                        "method": entry.method,
                        **scores_of(entry.proba, split.y_test),
                        "n_iterations": entry.n_iterations,
                        "weights": entry.weights,
                    }
                )
                progress.advance(task)
            if show_progress and not progress.console.is_terminal:
                progress.console.print(f"seed {split.seed + 1} of {n_seeds} is done")
            facts = {
                "rows": {"train": len(split.X), "test": len(split.X_test)},
                "settings": {**_settings(template), "step_rate": rate, "network": prepared.model},
                "options": asdict(asked),
            }
            yield facts, list(runs)


def check_options(n_seeds: int, step_rate: float | None, recipe: str | None) -> None:
    """Raise, before anything is read, unless the options of a comparison are in their ranges.

    Raises
    ------
    TypeError, ValueError
        Also for a recipe that warms up first: no other method has that in its budget.
    """
    from skensemble import recipes

    check_integer("--seeds", n_seeds, minimum=2, fix="one has no interval; 5 is the default")
    if step_rate is not None:
        check_real("--step-rate", step_rate, positive=True, fix="0.1 is that of the paper")
    if recipe is not None and recipes.get(recipe).architecture == "transfer":
        fix = "compare networks that train from the start"
        raise ValueError(must_be("--recipe", "one of a network without warm-up", recipe, fix))


def _checked(template: Any) -> Any:
    """Refuse what learns no weights."""
    if template.validation_fraction is None:
        fix = "0.1 holds out a tenth of the rows for the learned weights"
        raise ValueError(must_be("--validation-fraction", "a share of the rows", None, fix))
    if not isinstance(template.weighting, str) or template.weighting == "uniform":
        fix = "log_loss is the default; equal weights are compared in any case"
        must = "a way to learn weights"
        raise ValueError(must_be("--weighting", must, template.weighting, fix))
    return template.set_params(refit=False, warm_start=False)


def _settings(template: Any) -> dict[str, Any]:
    names = ("M", "epochs", "alpha_zero", "batch_size", "weighting", "validation_fraction")
    return {name: getattr(template, name) for name in names}


def _progress(shown: bool) -> Progress:
    return Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        console=Console(stderr=True),
        transient=True,
        disable=not shown,
    )
