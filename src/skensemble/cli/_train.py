"""``skensemble train``: one training run, kept in a run directory."""

from __future__ import annotations

from typing import Annotated

import typer

from skensemble.cli import _options as options


def train(
    context: typer.Context,
    data: options.DataOption,
    out: Annotated[str, typer.Option("--out", "-o", metavar="DIR", help="Run directory to write.")],
    force: Annotated[bool, typer.Option("--force", help="Replace a run that is there.")] = False,
    target: options.TargetOption = None,
    subset: options.SubsetOption = None,
    image_size: options.ImageSizeOption = None,
    on_unreadable: options.OnUnreadableOption = "raise",
    limit: options.LimitOption = None,
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
    wrn_N: options.WrnNOption = None,
    wrn_k: options.WrnKOption = None,
    dn_depth: options.DnDepthOption = None,
    dn_growth_rate: options.DnGrowthRateOption = None,
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
    refit: Annotated[
        bool,
        typer.Option(
            "--refit",
            help="Train again on all rows, those held out included, once the weights are learned.",
            rich_help_panel="Training",
        ),
    ] = False,
    seed: options.SeedOption = 0,
    engine: options.EngineOption = "auto",
    set_: options.SetOption = None,
    as_json: options.JsonOption = False,
    quiet: options.QuietOption = False,
    traceback: options.TracebackOption = False,
) -> int:
    """Train a network along cosine cycles, and keep the snapshots in a run directory.

    The weights of the snapshots are learned on rows that training never saw. Ctrl-C ends training
    and keeps the cycles that are finished; pressed again, it keeps nothing.

    --M, --nb_epoch, --alpha_zero, --wrn_N, --wrn_k, --dn_depth and --dn_growth_rate are as in the
    first project of this name.
    """
    from skensemble.cli._architectures import ModelOptions
    from skensemble.cli._console import output
    from skensemble.cli._data import DataOptions
    from skensemble.cli._estimators import TrainOptions
    from skensemble.cli._training import Training

    given = context.params
    network = options.options_of(ModelOptions, given)
    asked = options.options_of(TrainOptions, given, network=network, set=set_ or ())
    rows = options.options_of(DataOptions, given, source=data)
    with output(as_json=as_json, quiet=quiet) as lines:
        command = context.obj["arguments"]
        training = Training(asked, rows, refit=refit, command=command, out=lines)
        return training.run(out, force=force)
