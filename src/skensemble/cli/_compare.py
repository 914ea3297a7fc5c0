"""``skensemble compare``: what else the same training budget would have bought."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from importlib.metadata import version
from pathlib import Path
from typing import Annotated, Any, Literal

import typer

from skensemble._validation import Described, must_be
from skensemble.cli import _options as options
from skensemble.cli._architectures import ModelOptions
from skensemble.cli._comparison import check_options, run
from skensemble.cli._console import output
from skensemble.cli._data import DataOptions
from skensemble.cli._estimators import TrainOptions
from skensemble.cli._estimators import check_options as check_training
from skensemble.cli._methods import METHODS
from skensemble.cli._quiet import import_tensorflow
from skensemble.cli._splits import Splits
from skensemble.cli._standings import markdown as markdown_of
from skensemble.cli._standings import summarise, tables
from skensemble.cli._writing import check_new, write_json

_COMPARISON = "Comparison"
_PACKAGES = ("skensemble", "keras", "tensorflow", "scikit-learn", "numpy")


def compare(
    context: typer.Context,
    data: Annotated[
        str,
        typer.Option(
            metavar="SOURCE",
            help="digits, wine or breast_cancer, which scikit-learn brings along; or what train "
            "takes: cifar10, cifar100, a folder of class folders of images, or a file.",
            rich_help_panel="Data",
        ),
    ] = "digits",
    target: options.TargetOption = None,
    subset: options.SubsetOption = None,
    image_size: options.ImageSizeOption = None,
    on_unreadable: options.OnUnreadableOption = "raise",
    limit: options.LimitOption = None,
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
    recipe: options.RecipeOption = None,
    model: options.ModelOption = None,
    depth: options.DepthOption = None,
    width: options.WidthOption = None,
    growth_rate: options.GrowthRateOption = None,
    cardinality: options.CardinalityOption = None,
    bottleneck: options.BottleneckOption = None,
    units: options.UnitsOption = None,
    dropout: options.DropoutOption = None,
    weight_decay: options.WeightDecayOption = None,
    normalize: options.NormalizeOption = "auto",
    snapshots: options.SnapshotsOption = None,
    epochs: options.EpochsOption = None,
    alpha_zero: options.AlphaZeroOption = None,
    batch_size: options.BatchSizeOption = None,
    augmentation: options.AugmentationOption = None,
    loss: options.LossOption = None,
    label_smoothing: options.LabelSmoothingOption = None,
    weighting: options.WeightingOption = None,
    validation_fraction: options.ValidationFractionOption = None,
    set_: options.SetOption = None,
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
    json: options.JsonOption = False,
    quiet: options.QuietOption = False,
    traceback: options.TracebackOption = False,
) -> None:
    """Compare snapshots with other ways to spend the same training budget.

    One network with a step schedule, snapshots of it, one network with one
    cosine cycle, snapshots of M cycles with equal and with learned weights,
    and M networks of their own with an M-th of the epochs each: on the same
    rows, seed by seed, with 95% intervals.
    """
    given = context.params
    with output(as_json=json, quiet=quiet) as console:
        check_options(seeds, step_rate, recipe)
        if out is not None:
            check_new(f"--output {out}", out, force=force)
        if test_data is None and (test_subset or test_limit):
            name = "--test-subset" if test_subset else "--test-limit"
            got, fix = Described("given without it"), "name the rows with --test-data"
            raise ValueError(must_be(name, "left out without --test-data", got, fix))
        network = options.options_of(ModelOptions, given)
        asked = options.options_of(TrainOptions, given, network=network, set=set_ or ())
        import_tensorflow()
        check_training(asked)
        rows = options.options_of(DataOptions, given, source=data)
        test_rows = None
        if test_data is not None:
            test_rows = replace(rows, source=test_data, subset=test_subset, limit=test_limit)
        splits = Splits(rows, test_rows, test_size)
        found: dict[str, Any] = {
            "data": {"source": data, "subset": subset, "limit": limit, "test_data": test_data},
            "methods": {key: method._asdict() for key, method in METHODS.items()},
            "versions": {name: version(name) for name in _PACKAGES},
        }
        for facts, runs in run(splits, asked, seeds, step_rate, show_progress=not quiet):
            found = {**found, **facts, "runs": runs, "summary": summarise(runs)}
            if out is not None:
                write_json(out, found)
        if markdown and not json:
            typer.echo(markdown_of(found["summary"], against))
        elif not json:
            console.say(_headline(found))
            for table in tables(found["summary"], against):
                console.table(*table)
        console.result(found)


def _headline(found: Mapping[str, Any]) -> str:
    rows, settings = found["rows"], found["settings"]
    return (
        f"{found['data']['source']}: {rows['train']} rows train, {rows['test']} test. "
        f"{settings['epochs']} epochs for each method, M = {settings['M']}."
    )
