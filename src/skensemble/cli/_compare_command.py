"""``skensemble compare``: what else the same training budget would have bought."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import asdict, replace
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from skensemble.cli._option_groups import (
    ConsoleOptions,
    NetworkOptions,
    RowOptions,
    TrainingOptions,
    command,
)

if TYPE_CHECKING:
    from skensemble.cli._estimator_from_options import EstimatorOptions
    from skensemble.evaluation import Split

BUILT_IN = ("digits", "wine", "breast_cancer")
_COMPARISON = "Comparison"
_PACKAGES = ("skensemble", "keras", "tensorflow", "scikit-learn", "numpy")
_SETTINGS = ("M", "epochs", "alpha_zero", "batch_size", "weighting", "validation_fraction")


@command
def compare(
    rows: RowOptions,
    network: NetworkOptions,
    training: TrainingOptions,
    console: ConsoleOptions,
    data: Annotated[
        str,
        typer.Option(
            metavar="SOURCE",
            help="digits, wine or breast_cancer, which scikit-learn brings along; or what train "
            "takes: cifar10, cifar100, a folder of class folders of images, or a file.",
            rich_help_panel="Data",
        ),
    ] = "digits",
    test_data: Annotated[
        str | None,
        typer.Option(
            metavar="SOURCE",
            help="Rows to test on. Default: a part of --data, drawn for every seed; of CIFAR, the "
            "test images.",
            rich_help_panel="Data",
        ),
    ] = None,
    test_subset: Annotated[
        str | None,
        typer.Option(metavar="NAME", help="Part of --test-data.", rich_help_panel="Data"),
    ] = None,
    test_limit: Annotated[
        int | None,
        typer.Option(metavar="N", help="Take N rows of --test-data.", rich_help_panel="Data"),
    ] = None,
    test_size: Annotated[
        float | None,
        typer.Option(
            metavar="SHARE",
            help="Share or number of the rows of --data to test on. Default: 0.25.",
            rich_help_panel="Data",
        ),
    ] = None,
    seeds: Annotated[
        int, typer.Option(help="How many seeds, from 0 on.", rich_help_panel=_COMPARISON)
    ] = 5,
    step_rate: Annotated[
        float | None,
        typer.Option(
            help="Rate at which the step schedule starts. Default: that of the cycles.",
            rich_help_panel=_COMPARISON,
        ),
    ] = None,
    against: Annotated[
        Literal["single", "one-cycle"],
        typer.Option(
            help="What the differences are to: the single network with the step schedule, or the "
            "one with one cosine cycle.",
            rich_help_panel=_COMPARISON,
        ),
    ] = "single",
    out: Annotated[
        Path | None,
        typer.Option(
            "--output",
            metavar="FILE",
            help="Write the scores of every seed, as JSON, after each of them.",
            rich_help_panel=_COMPARISON,
        ),
    ] = None,
    force: Annotated[
        bool, typer.Option("--force", help="Replace --output.", rich_help_panel=_COMPARISON)
    ] = False,
    markdown: Annotated[
        bool,
        typer.Option("--markdown", help="Tables for a document.", rich_help_panel=_COMPARISON),
    ] = False,
) -> None:
    """Compare snapshots with other ways to spend the same training budget.

    One network with a step schedule, snapshots of it, one network with one cosine cycle, snapshots
    of M cycles with equal and with learned weights, and M networks of their own with an M-th of the
    epochs each: on the same rows, seed by seed, with 95% intervals.
    """
    with console.open() as lines:
        from skensemble.cli._estimator_from_options import EstimatorOptions
        from skensemble.cli._estimator_from_options import check_options as check_training
        from skensemble.cli._quiet import import_tensorflow
        from skensemble.evaluation import (
            METHODS,
            draw_splits,
            markdown_tables,
            summarise_runs,
            summary_tables,
        )
        from skensemble.persistence import check_new_file, write_json

        _check_options(seeds, step_rate, network.recipe)
        if out is not None:
            check_new_file(f"--output {out}", out, force=force)
        _check_test_options(test_data, test_subset, test_limit)
        import_tensorflow()
        options = EstimatorOptions(network, training)
        check_training(options)
        X, y, columns = _read(data, replace(rows, limit=None))
        X_test = y_test = None
        if test_data is None and _is_cifar(data) and rows.subset is None and test_size is None:
            test_data, test_subset = data, "test"
        if test_data is not None:
            test_rows = replace(rows, subset=test_subset, limit=test_limit)
            X_test, y_test, _ = _read(test_data, test_rows, columns)
        splits = draw_splits(
            X, y, seeds, test_size=test_size, train_size=rows.limit, X_test=X_test, y_test=y_test
        )
        found: dict[str, Any] = {
            "data": {
                "source": data,
                "subset": rows.subset,
                "limit": rows.limit,
                "test_data": test_data,
            },
            "methods": {key: method._asdict() for key, method in METHODS.items()},
            "versions": {name: version(name) for name in _PACKAGES},
        }
        for facts, runs in run_seeds(
            splits, options, seeds, step_rate, show_progress=not console.quiet
        ):
            found = {**found, **facts, "runs": runs, "summary": summarise_runs(runs)}
            if out is not None:
                write_json(out, found)
        if markdown and not console.as_json:
            typer.echo(markdown_tables(found["summary"], against))
        elif not console.as_json:
            lines.say(_headline(found))
            for table in summary_tables(found["summary"], against):
                lines.table(*table)
        lines.result(found)


def run_seeds(
    splits: Iterator[Split],
    options: EstimatorOptions,
    n_seeds: int,
    step_rate: float | None,
    *,
    show_progress: bool,
) -> Iterator[tuple[dict[str, Any], list[dict[str, Any]]]]:
    """Run all methods on all seeds.

    Parameters
    ----------
    splits : iterator of Split
        Their rows.
    options : EstimatorOptions
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
        Of the seeds so far, as of `skensemble.evaluation.score_methods`.
    """
    from rich.console import Console
    from rich.progress import (
        BarColumn,
        MofNCompleteColumn,
        Progress,
        TextColumn,
        TimeElapsedColumn,
    )

    from skensemble.cli._estimator_from_options import make_estimator
    from skensemble.evaluation import METHODS, score_methods

    runs: list[dict[str, Any]] = []
    with Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        console=Console(stderr=True),
        transient=True,
        disable=not show_progress,
    ) as progress:
        task = progress.add_task("", total=n_seeds * len(METHODS))
        for split in splits:
            prepared = make_estimator(options, split.X)
            template = prepared.estimator
            progress.update(task, description=f"seed {split.seed + 1} of {n_seeds}")
            for run in score_methods(template, split, step_rate):
                runs.append(run)
                progress.advance(task)
            if show_progress and not progress.console.is_terminal:
                progress.console.print(f"seed {split.seed + 1} of {n_seeds} is done")
            settings = {name: getattr(template, name) for name in _SETTINGS}
            rate = template.alpha_zero if step_rate is None else step_rate
            facts = {
                "rows": {"train": len(split.X), "test": len(split.X_test)},
                "settings": {**settings, "step_rate": rate, "network": prepared.model},
                "options": asdict(options),
            }
            yield facts, list(runs)


def _check_options(n_seeds: int, step_rate: float | None, recipe: str | None) -> None:
    """Raise, before anything is read, unless the options of a comparison are in their ranges.

    A recipe that warms up first is refused, as no other method has that in its budget.
    """
    from skensemble import recipes
    from skensemble._validation import check_integer, check_real, must_be

    check_integer("--seeds", n_seeds, minimum=2, fix="one has no interval; 5 is the default")
    if step_rate is not None:
        check_real("--step-rate", step_rate, positive=True, fix="0.1 is that of the paper")
    if recipe is not None and recipes.get(recipe).architecture == "transfer":
        fix = "compare networks that train from the start"
        raise ValueError(must_be("--recipe", "one of a network without warm-up", recipe, fix))


def _check_test_options(test_data: str | None, subset: str | None, limit: int | None) -> None:
    from skensemble._validation import Described, must_be

    if test_data is None and (subset or limit):
        name = "--test-subset" if subset else "--test-limit"
        got, fix = Described("given without it"), "name the rows with --test-data"
        raise ValueError(must_be(name, "left out without --test-data", got, fix))


def _is_cifar(source: str) -> bool:
    from skensemble.cli._row_source import CIFAR

    return source in CIFAR


def _read(source: str, rows: RowOptions, columns: Any = None) -> tuple[Any, Any, Any]:
    from skensemble.cli._row_source import read_rows

    if source not in BUILT_IN or Path(source).exists():
        found = read_rows(source, rows, columns=columns)
        return found.X, found.y, found.feature_names
    from sklearn import datasets

    X, y = getattr(datasets, f"load_{source}")(return_X_y=True)
    return X.astype("float32"), y, None


def _headline(found: Mapping[str, Any]) -> str:
    rows, settings = found["rows"], found["settings"]
    return (
        f"{found['data']['source']}: {rows['train']} rows train, {rows['test']} test. "
        f"{settings['epochs']} epochs for each method, M = {settings['M']}."
    )
