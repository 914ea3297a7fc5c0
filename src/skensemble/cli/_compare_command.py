"""``skensemble compare``: what else the same training budget would have bought."""

from collections.abc import Iterator
from dataclasses import asdict, replace
from functools import partial
from importlib.metadata import version
from pathlib import Path
from typing import Any, Literal

import typer

from skensemble.cli import _option_groups as cli

BUILT_IN = ("digits", "wine", "breast_cancer")
_PACKAGES = ("skensemble", "keras", "tensorflow", "scikit-learn", "numpy")
_SETTINGS = ("M", "epochs", "alpha_zero", "batch_size", "weighting", "validation_fraction")
_comparison = partial(cli.option, rich_help_panel="Comparison")


@cli.command
def compare(
    rows: cli.RowOptions,
    network: cli.NetworkOptions,
    training: cli.TrainingOptions,
    lines: cli.Lines,
    data: str = cli.data_option(
        default="digits",
        metavar="SOURCE",
        help="digits, wine or breast_cancer, which scikit-learn brings along; or what train "
        "takes: cifar10, cifar100, a folder of class folders of images, or a file.",
    ),
    test_data: str | None = cli.data_option(
        metavar="SOURCE",
        help="Rows to test on. Default: a part of --data, drawn for every seed; of CIFAR, the "
        "test images.",
    ),
    test_subset: str | None = cli.data_option(metavar="NAME", help="Part of --test-data."),
    test_limit: int | None = cli.data_option(metavar="N", help="Take N rows of --test-data."),
    test_size: float | None = cli.data_option(
        metavar="SHARE",
        help="Share or number of the rows of --data to test on. Default: 0.25.",
    ),
    seeds: int = _comparison(default=5, help="How many seeds, from 0 on."),
    step_rate: float | None = _comparison(
        help="Rate at which the step schedule starts. Default: that of the cycles."
    ),
    against: Literal["single", "one-cycle"] = _comparison(
        default="single",
        help="What the differences are to: the single network with the step schedule, or the "
        "one with one cosine cycle.",
    ),
    out: str | None = _comparison(
        "--output",
        metavar="FILE",
        help="Write the scores of every seed, as JSON, after each of them.",
    ),
    force: bool = _comparison("--force", default=False, help="Replace --output."),
    markdown: bool = _comparison("--markdown", default=False, help="Tables for a document."),
) -> None:
    """Compare snapshots with other ways to spend the same training budget.

    One network with a step schedule, snapshots of it, one network with one cosine cycle, snapshots
    of M cycles with equal and with learned weights, and M networks of their own with an M-th of the
    epochs each: on the same rows, seed by seed, with 95% intervals.
    """
    from skensemble import evaluation, recipes
    from skensemble._validation import Described, check_integer, must_be
    from skensemble.cli._console import import_tensorflow
    from skensemble.cli._estimator_from_options import EstimatorOptions, check_options
    from skensemble.cli._row_source import CIFAR
    from skensemble.persistence import check_new_file, write_json

    check_integer("--seeds", seeds, minimum=2, fix="one has no interval; 5 is the default")
    recipe = network.recipe
    if recipe is not None and recipes.get(recipe).architecture == "transfer":
        fix = "compare networks that train from the start"
        raise ValueError(must_be("--recipe", "one of a network without warm-up", recipe, fix))
    if out is not None:
        check_new_file(f"--output {out}", out, force=force)
    if test_data is None and (test_subset or test_limit):
        name = "--test-subset" if test_subset else "--test-limit"
        got, fix = Described("given without it"), "name the rows with --test-data"
        raise ValueError(must_be(name, "left out without --test-data", got, fix))
    import_tensorflow()
    options = EstimatorOptions(network, training)
    evaluation.check_comparable(check_options(options), step_rate)
    X, y, columns = _read(data, replace(rows, limit=None))
    X_test = y_test = None
    if test_data is None and data in CIFAR and rows.subset is None and test_size is None:
        test_data, test_subset = data, "test"
    if test_data is not None:
        test_rows = replace(rows, subset=test_subset, limit=test_limit)
        X_test, y_test, _ = _read(test_data, test_rows, columns)
    splits = evaluation.draw_splits(
        X, y, seeds, test_size=test_size, train_size=rows.limit, X_test=X_test, y_test=y_test
    )
    source = {"source": data, "subset": rows.subset, "limit": rows.limit, "test_data": test_data}
    found: dict[str, Any] = {
        "data": source,
        "methods": {key: method._asdict() for key, method in evaluation.METHODS.items()},
        "versions": {name: version(name) for name in _PACKAGES},
    }
    shows = not lines.console.quiet
    for facts, runs in run_seeds(splits, options, seeds, step_rate, show_progress=shows):
        found |= {**facts, "runs": runs, "summary": evaluation.summarise_runs(runs)}
        if out is not None:
            write_json(Path(out), found)
    if markdown and not lines.as_json:
        typer.echo(evaluation.markdown_tables(found["summary"], against))
    elif not lines.as_json:
        n_rows, settings = found["rows"], found["settings"]
        lines.say(
            f"{data}: {n_rows['train']} rows train, {n_rows['test']} test. "
            f"{settings['epochs']} epochs for each method, M = {settings['M']}."
        )
        for table in evaluation.summary_tables(found["summary"], against):
            lines.table(*table)
    lines.result(**found)


def _read(source: str, rows: cli.RowOptions, columns: Any = None) -> tuple[Any, Any, Any]:
    from sklearn import datasets

    from skensemble.cli._row_source import read_rows

    if source in BUILT_IN and not Path(source).exists():
        X, y = getattr(datasets, f"load_{source}")(return_X_y=True)
        return X.astype("float32"), y, None
    found = read_rows(source, rows, columns=columns)
    return found.X, found.y, found.feature_names


def run_seeds(
    splits: Iterator[Any],
    options: Any,
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
        bars.BarColumn(),
        bars.MofNCompleteColumn(),
        bars.TimeElapsedColumn(),
        console=Console(stderr=True),
        transient=True,
        disable=not show_progress,
    ) as progress:
        task = progress.add_task("", total=n_seeds * len(METHODS))
        for split in splits:
            template, model, _ = make_estimator(options, split.X)
            progress.update(task, description=f"seed {split.seed + 1} of {n_seeds}")
            for run in score_methods(template, split, step_rate):
                runs.append(run)
                progress.advance(task)
            if show_progress and not progress.console.is_terminal:
                progress.console.print(f"seed {split.seed + 1} of {n_seeds} is done")
            settings = {name: getattr(template, name) for name in _SETTINGS}
            rate = template.alpha_zero if step_rate is None else step_rate
            yield (
                {
                    "rows": {"train": len(split.X), "test": len(split.X_test)},
                    "settings": {**settings, "step_rate": rate, "network": model},
                    "options": _as_json(options),
                },
                runs,
            )


def _as_json(options: Any) -> dict[str, Any]:
    network = {**asdict(options.network), **asdict(options.flags)}
    others = {name: network.pop(name) for name in ("recipe", "normalize")}
    training = {**asdict(options.training), "set": options.training.set or []}
    seed = {"seed": options.seed, "engine": options.engine}
    return {"network": network, **others, **training, **seed}
