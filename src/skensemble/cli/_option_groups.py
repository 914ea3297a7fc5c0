"""Options that commands share: each is declared once, as a field of a group."""

import inspect
from collections.abc import Callable
from dataclasses import Field, dataclass, field, fields, is_dataclass
from functools import partial
from typing import Annotated, Any, Literal

import typer

from skensemble.cli._console import Output, output


def option(*spellings: str, default: Any = None, **settings: Any) -> Any:
    return field(default=default, metadata={"option": typer.Option(*spellings, **settings)})


flag = partial(option, default=False)
data_option = partial(option, rich_help_panel="Data")
network_option = partial(option, rich_help_panel="Network")
training_option = partial(option, rich_help_panel="Training")
weights_option = partial(option, rich_help_panel="Weights")


def command(function: Callable[..., Any]) -> Callable[..., Any]:
    """Make a command of a function whose parameters are options, groups of options, and lines."""
    groups: dict[str, Any] = {}
    parameters: list[inspect.Parameter] = []
    for name, parameter in inspect.signature(function).parameters.items():
        kind = parameter.annotation
        group = kind.__metadata__[0] if name == "lines" else kind
        if is_dataclass(group):
            groups[name] = group
            parameters.extend(_parameter(f.name, f.type, f) for f in fields(group))
        else:
            parameters.append(_parameter(name, kind, parameter.default))

    def call(**given: Any) -> Any:
        made = {
            name: kind(**{f.name: given.pop(f.name) for f in fields(kind)})
            for name, kind in groups.items()
        }
        asked = vars(made.pop("lines"))
        with output(as_json=asked.get("as_json", False), quiet=asked.get("quiet", False)) as lines:
            return function(**made, **given, lines=lines)

    call.__name__, call.__doc__ = function.__name__, function.__doc__
    call.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]
    return call


def _parameter(name: str, kind: Any, default: Any) -> inspect.Parameter:
    if isinstance(default, Field):
        kind, default = Annotated[kind, default.metadata["option"]], default.default
    return inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, default=default, annotation=kind)


RunArgument = Annotated[str, typer.Argument(metavar="RUN", help="Run directory.")]
DataOption = Annotated[
    str,
    typer.Option(
        metavar="SOURCE",
        help="cifar10, cifar100, a folder of class folders of images, or a file that ends in "
        ".npz, .csv, .csv.gz, .parquet or .pq.",
        rich_help_panel="Data",
    ),
]


@dataclass(frozen=True)
class RowOptions:
    target: str | None = data_option(metavar="COLUMN", help="Column of the labels, for tables.")
    subset: str | None = data_option(
        metavar="NAME", help="Part of CIFAR (train, test, all), of a folder, or of an .npz file."
    )
    image_size: str | None = data_option(
        metavar="SIZE", help="Resize the images of a folder: 32, or 32x48 for height and width."
    )
    on_unreadable: Literal["raise", "skip"] = data_option(
        default="raise", help="What to do about images that cannot be read."
    )
    limit: int | None = data_option(
        metavar="N", help="Take N rows only, each class in proportion to its size."
    )


@dataclass(frozen=True)
class NetworkOptions:
    recipe: str | None = network_option(
        metavar="NAME",
        help="Published settings by name, such as wrn-16-4; other options then change single ones.",
    )
    model: str | None = network_option(
        metavar="wrn|dn|resnext|senet|mlp|FUNCTION",
        help="Wide ResNet, DenseNet, ResNeXt, SE-ResNeXt or dense blocks; or MODULE:FUNCTION "
        "or FILE.py:FUNCTION, a builder of yours, whose code is run. Default: wrn for images, "
        "mlp for tables.",
    )
    depth: int | None = network_option(help="Depth of wrn (16), dn (40), resnext or senet (29).")
    width: int | None = network_option(
        help="Width factor of wrn (4); width of resnext and senet (64)."
    )
    growth_rate: int | None = network_option(help="Growth rate of dn (12).")
    cardinality: int | None = network_option(
        help="Groups of each convolution of resnext (8) and senet (4)."
    )
    bottleneck: bool | None = network_option("--bottleneck/--no-bottleneck", help="DenseNet-BC.")
    units: str | None = network_option(metavar="N,N", help="Width of each block of mlp (64,64).")
    dropout: float | None = network_option(help="Share of units dropped (0).")
    weight_decay: float | None = network_option(help="Weight decay: 5e-4, for dn 1e-4.")
    normalize: Literal["auto", "data", "none"] = network_option(
        default="auto",
        help="Where the mean and standard deviation come from that the network shifts and "
        "scales its input by: the recipe if it has them, or the training data.",
    )


@dataclass(frozen=True)
class NetworkFlags:
    """Of snapshot-ensembles, an earlier project; the flags of a network count for that one only."""

    wrn_N: int | None = network_option(
        "--wrn_N", help="Blocks per group of wrn: depth 6 N + 4. Default: 2, depth 16."
    )
    wrn_k: int | None = network_option(
        "--wrn_k",
        help="Width factor of wrn. Default: 4, as in the network that snapshot-ensembles "
        "published, not the 12 of its help.",
    )
    dn_depth: int | None = network_option("--dn_depth", help="Depth of dn. Default: 40.")
    dn_growth_rate: int | None = network_option(
        "--dn_growth_rate", help="Growth rate of dn. Default: 12."
    )


@dataclass(frozen=True)
class TrainingOptions:
    """None where the recipe or the network says it. Some are spelt as in snapshot-ensembles too."""

    snapshots: int | None = training_option(
        "--snapshots", "--M", help="Cycles, hence snapshots. Default: 5."
    )
    epochs: int | None = training_option(
        "--epochs",
        "--nb_epoch",
        help="Budget of all cycles together. Default: 200; for mlp and builders of yours 50.",
    )
    alpha_zero: float | None = training_option(
        "--alpha-zero",
        "--alpha_zero",
        help="Learning rate at the start of every cycle. Default: 0.1.",
    )
    batch_size: int | None = training_option(
        help="Rows per iteration. Default: 128 for wrn, 64 for dn, 120 for resnext and senet, "
        "else 32."
    )
    augmentation: str | None = training_option(
        metavar="NAMES",
        help="Of training batches: none, or autoaugment, standard, cutout with commas. "
        "Default: none, or the recipe's.",
    )
    loss: str | None = training_option(
        metavar="NAME", help="cross-entropy (default), focal, or a name of Keras."
    )
    label_smoothing: float | None = training_option(help="Of cross-entropy or focal loss.")
    weighting: str | None = training_option(
        metavar="NAME",
        help="How to weigh the snapshots: log_loss (default), uniform, accuracy, greedy, "
        "auto, a scorer of scikit-learn, or numbers with commas.",
    )
    validation_fraction: str | None = training_option(
        metavar="SHARE",
        help="Share or number of rows held out to learn the weights on, or none. Default: 0.1.",
    )
    set: list[str] | None = training_option(  # noqa: RUF009
        metavar="NAME=VALUE",
        help="Any other parameter of the estimator, as in Python: optimizer__momentum=0.8, "
        "model__units=128, n_last=3. May be given several times.",
    )


@dataclass(frozen=True)
class _TracebackOption:
    traceback: bool = flag(
        "--traceback", help="Show where an error comes from, as SKENSEMBLE_TRACEBACK=1 does."
    )


@dataclass(frozen=True)
class _JsonOptions(_TracebackOption):
    as_json: bool = flag("--json", help="Print one JSON object; all else goes to standard error.")


@dataclass(frozen=True)
class _ConsoleOptions(_JsonOptions):
    quiet: bool = flag("--quiet", "-q", help="Print only warnings and errors.")


# What a command prints with, and the options for it.
PlainLines = Annotated[Output, _TracebackOption]
JsonLines = Annotated[Output, _JsonOptions]
Lines = Annotated[Output, _ConsoleOptions]
