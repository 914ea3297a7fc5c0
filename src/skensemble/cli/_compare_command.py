"""``skensemble compare``: what else the same training budget would have bought."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import asdict, replace
from functools import partial
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
_PACKAGES = ("skensemble", "keras", "tensorflow", "scikit-learn", "numpy")
_SETTINGS = ("M", "epochs", "alpha_zero", "batch_size", "weighting", "validation_fraction")


_data = partial(typer.Option, rich_help_panel="Data")
_comparison = partial(typer.Option, rich_help_panel="Comparison")


@command
def compare(
    rows: RowOptions,
    network: NetworkOptions,
    training: TrainingOptions,
    console: ConsoleOptions,
    data: Annotated[
        str,
        _data(
            metavar="SOURCE",
            help="digits, wine or breast_cancer, which scikit-learn brings along; or what train "
            "takes: cifar10, cifar100, a folder of class folders of images, or a file.",
        ),
    ] = "digits",
    test_data: Annotated[
        str | None,
        _data(
            metavar="SOURCE",
            help="Rows to test on. Default: a part of --data, drawn for every seed; of CIFAR, the "
            "test images.",
        ),
    ] = None,
    test_subset: Annotated[str | None, _data(metavar="NAME", help="Part of --test-data.")] = None,
    test_limit: Annotated[
        int | None, _data(metavar="N", help="Take N rows of --test-data.")
    ] = None,
    test_size: Annotated[
        float | None,
        _data(
            metavar="SHARE",
            help="Share or number of the rows of --data to test on. Default: 0.25.",
        ),
    ] = None,
    seeds: Annotated[int, _comparison(help="How many seeds, from 0 on.")] = 5,
    step_rate: Annotated[
        float | None,
        _comparison(help="Rate at which the step schedule starts. Default: that of the cycles."),
    ] = None,
    against: Annotated[
        Literal["single", "one-cycle"],
        _comparison(
            help="What the differences are to: the single network with the step schedule, or the "
            "one with one cosine cycle."
        ),
    ] = "single",
    out: Annotated[
        Path | None,
        _comparison(
            "--output",
            metavar="FILE",
            help="Write the scores of every seed, as JSON, after each of them.",
        ),
    ] = None,
    force: Annotated[bool, _comparison("--force", help="Replace --output.")] = False,
    markdown: Annotated[bool, _comparison("--markdown", help="Tables for a document.")] = False,
) -> None:
    """Compare snapshots with other ways to spend the same training budget.

    One network with a step schedule, snapshots of it, one network with one cosine cycle, snapshots
    of M cycles with equal and with learned weights, and M networks of their own with an M-th of the
    epochs each: on the same rows, seed by seed, with 95% intervals.
    """
    with console.open() as lines:
        from skensemble._validation import Described, must_be
        from skensemble.cli._estimator_from_options import EstimatorOptions
        from skensemble.cli._estimator_from_options import check_options as check_training
        from skensemble.cli._quiet import import_tensorflow
        from skensemble.cli._row_source import CIFAR
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
        if test_data is None and (test_subset or test_limit):
            name = "--test-subset" if test_subset else "--test-limit"
            got, fix = Described("given without it"), "name the rows with --test-data"
            raise ValueError(must_be(name, "left out without --test-data", got, fix))
        import_tensorflow()
        options = EstimatorOptions(network, training)
        check_training(options)
        X, y, columns = _read(data, replace(rows, limit=None))
        X_test = y_test = None
        if test_data is None and data in CIFAR and rows.subset is None and test_size is None:
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
    """Run all methods on all seeds; after each, facts about them and all runs so far."""
    from rich import progress as bars
    from rich.console import Console

    from skensemble.cli._estimator_from_options import make_estimator
    from skensemble.evaluation import METHODS, score_methods

    runs: list[dict[str, Any]] = []
    with bars.Progress(
        bars.TextColumn("{task.description}"),
        *(bars.BarColumn(), bars.MofNCompleteColumn(), bars.TimeElapsedColumn()),
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
                "options": _as_json(options),
            }
            yield facts, list(runs)


def _as_json(options: EstimatorOptions) -> dict[str, Any]:
    network, training = asdict(options.network), asdict(options.training)
    others = {name: network.pop(name) for name in ("recipe", "normalize")}
    network.update(asdict(options.flags))
    seed = {"seed": options.seed, "engine": options.engine}
    return {"network": network, **others, **training, **seed, "set": training["set"] or []}


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
