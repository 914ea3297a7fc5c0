"""Options that several commands share."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields
from typing import Annotated, Any, Literal, TypeVar

import typer

_DATA, _NETWORK, _TRAINING = "Data", "Network", "Training"


Options = TypeVar("Options")


def options_of(kind: type[Options], given: Mapping[str, Any], **others: Any) -> Options:
    """Gather the options that a data class has fields for.

    Parameters
    ----------
    kind : type
        The data class.
    given : mapping
        Options of a command by their names, as ``context.params`` has them.
    **others
        Fields that are no option of this name.
    """
    names = [field.name for field in fields(kind)]  # type: ignore[arg-type]
    return kind(**{name: given[name] for name in names if name in given}, **others)


def _remember_traceback(context: typer.Context, value: bool) -> bool:
    if value:
        context.obj["traceback"] = True
    return value


RunArgument = Annotated[str, typer.Argument(metavar="RUN", help="Run directory.")]

DataOption = Annotated[
    str,
    typer.Option(
        metavar="SOURCE",
        help="cifar10, cifar100, a folder of class folders of images, or a file that ends in "
        ".npz, .csv, .csv.gz, .parquet or .pq.",
        rich_help_panel=_DATA,
    ),
]
TargetOption = Annotated[
    str | None,
    typer.Option(metavar="COLUMN", help="Column of the labels, for tables.", rich_help_panel=_DATA),
]
SubsetOption = Annotated[
    str | None,
    typer.Option(
        metavar="NAME",
        help="Part of CIFAR (train, test, all), of a folder, or of an .npz file.",
        rich_help_panel=_DATA,
    ),
]
ImageSizeOption = Annotated[
    str | None,
    typer.Option(
        metavar="SIZE",
        help="Resize the images of a folder: 32, or 32x48 for height and width.",
        rich_help_panel=_DATA,
    ),
]
OnUnreadableOption = Annotated[
    Literal["raise", "skip"],
    typer.Option(help="What to do about images that cannot be read.", rich_help_panel=_DATA),
]
LimitOption = Annotated[
    int | None,
    typer.Option(
        metavar="N",
        help="Take N rows only, each class in proportion to its size.",
        rich_help_panel=_DATA,
    ),
]

RecipeOption = Annotated[
    str | None,
    typer.Option(
        metavar="NAME",
        help="Published settings by name, such as wrn-16-4; other options then change single ones.",
        rich_help_panel=_NETWORK,
    ),
]
ModelOption = Annotated[
    str | None,
    typer.Option(
        metavar="wrn|dn|resnext|senet|mlp|FUNCTION",
        help="Wide ResNet, DenseNet, ResNeXt, SE-ResNeXt or dense blocks; or MODULE:FUNCTION or "
        "FILE.py:FUNCTION, a builder of yours, whose code is run. Default: wrn for images, mlp "
        "for tables.",
        rich_help_panel=_NETWORK,
    ),
]
DepthOption = Annotated[
    int | None,
    typer.Option(
        help="Depth of wrn (16), dn (40), resnext or senet (29).", rich_help_panel=_NETWORK
    ),
]
WidthOption = Annotated[
    int | None,
    typer.Option(
        help="Width factor of wrn (4); width of resnext and senet (64).", rich_help_panel=_NETWORK
    ),
]
GrowthRateOption = Annotated[
    int | None, typer.Option(help="Growth rate of dn (12).", rich_help_panel=_NETWORK)
]
CardinalityOption = Annotated[
    int | None,
    typer.Option(
        help="Groups of each convolution of resnext (8) and senet (4).", rich_help_panel=_NETWORK
    ),
]
BottleneckOption = Annotated[
    bool | None,
    typer.Option("--bottleneck/--no-bottleneck", help="DenseNet-BC.", rich_help_panel=_NETWORK),
]
UnitsOption = Annotated[
    str | None,
    typer.Option(
        metavar="N,N", help="Width of each block of mlp (64,64).", rich_help_panel=_NETWORK
    ),
]
DropoutOption = Annotated[
    float | None, typer.Option(help="Share of units dropped (0).", rich_help_panel=_NETWORK)
]
WeightDecayOption = Annotated[
    float | None,
    typer.Option(help="Weight decay: 5e-4, for dn 1e-4.", rich_help_panel=_NETWORK),
]
WrnNOption = Annotated[
    int | None,
    typer.Option(
        "--wrn_N",
        help="Blocks per group of wrn: depth 6 N + 4. Default: 2, depth 16.",
        rich_help_panel=_NETWORK,
    ),
]
WrnKOption = Annotated[
    int | None,
    typer.Option(
        "--wrn_k",
        help="Width factor of wrn. Default: 4, as in the network that the first project "
        "published, not the 12 of its help.",
        rich_help_panel=_NETWORK,
    ),
]
DnDepthOption = Annotated[
    int | None,
    typer.Option("--dn_depth", help="Depth of dn. Default: 40.", rich_help_panel=_NETWORK),
]
DnGrowthRateOption = Annotated[
    int | None,
    typer.Option(
        "--dn_growth_rate", help="Growth rate of dn. Default: 12.", rich_help_panel=_NETWORK
    ),
]
NormalizeOption = Annotated[
    Literal["auto", "data", "none"],
    typer.Option(
        help="Where the mean and standard deviation come from that the network shifts and scales "
        "its input by: the recipe if it has them, or the training data.",
        rich_help_panel=_NETWORK,
    ),
]

SnapshotsOption = Annotated[
    int | None,
    typer.Option(
        "--snapshots", "--M", help="Cycles, hence snapshots. Default: 5.", rich_help_panel=_TRAINING
    ),
]
EpochsOption = Annotated[
    int | None,
    typer.Option(
        "--epochs",
        "--nb_epoch",
        help="Budget of all cycles together. Default: 200; for mlp and builders of yours 50.",
        rich_help_panel=_TRAINING,
    ),
]
AlphaZeroOption = Annotated[
    float | None,
    typer.Option(
        "--alpha-zero",
        "--alpha_zero",
        help="Learning rate at the start of every cycle. Default: 0.1.",
        rich_help_panel=_TRAINING,
    ),
]
BatchSizeOption = Annotated[
    int | None,
    typer.Option(
        help="Rows per iteration. Default: 128 for wrn, 64 for dn, 120 for resnext and senet, "
        "else 32.",
        rich_help_panel=_TRAINING,
    ),
]
AugmentationOption = Annotated[
    str | None,
    typer.Option(
        metavar="NAMES",
        help="Of training batches: none, or autoaugment, standard, cutout with commas. Default: "
        "none, or the recipe's.",
        rich_help_panel=_TRAINING,
    ),
]
LossOption = Annotated[
    str | None,
    typer.Option(
        metavar="NAME",
        help="cross-entropy (default), focal, or a name of Keras.",
        rich_help_panel=_TRAINING,
    ),
]
LabelSmoothingOption = Annotated[
    float | None,
    typer.Option(help="Of cross-entropy or focal loss.", rich_help_panel=_TRAINING),
]
WeightingOption = Annotated[
    str | None,
    typer.Option(
        metavar="NAME",
        help="How to weigh the snapshots: log_loss (default), uniform, accuracy, greedy, auto, a "
        "scorer of scikit-learn, or numbers with commas.",
        rich_help_panel=_TRAINING,
    ),
]
ValidationFractionOption = Annotated[
    str | None,
    typer.Option(
        metavar="SHARE",
        help="Share or number of rows held out to learn the weights on, or none. Default: 0.1.",
        rich_help_panel=_TRAINING,
    ),
]
SeedOption = Annotated[
    int, typer.Option(help="Determines all that is random.", rich_help_panel=_TRAINING)
]
EngineOption = Annotated[
    Literal["auto", "fused", "keras"],
    typer.Option(help="How to train; both give the same result.", rich_help_panel=_TRAINING),
]
SetOption = Annotated[
    list[str] | None,
    typer.Option(
        "--set",
        metavar="NAME=VALUE",
        help="Any other parameter of the estimator, as in Python: optimizer__momentum=0.8, "
        "model__units=128, n_last=3. May be given several times.",
        rich_help_panel=_TRAINING,
    ),
]

JsonOption = Annotated[
    bool,
    typer.Option("--json", help="Print one JSON object; all else goes to standard error."),
]
QuietOption = Annotated[bool, typer.Option("--quiet", "-q", help="Print only warnings and errors.")]
TracebackOption = Annotated[
    bool,
    typer.Option(
        "--traceback",
        callback=_remember_traceback,
        help="Show where an error comes from, as SKENSEMBLE_TRACEBACK=1 does.",
    ),
]
