"""Options that commands share: each is declared once, as a field of a group."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from dataclasses import MISSING, dataclass, fields, is_dataclass
from functools import partial
from typing import TYPE_CHECKING, Annotated, Any, Literal, get_type_hints

import typer

from skensemble.cli import _snapshot_ensembles_flags as other

if TYPE_CHECKING:
    from skensemble.cli._console import Output

_data = partial(typer.Option, rich_help_panel="Data")
_network = partial(typer.Option, rich_help_panel="Network")
_training = partial(typer.Option, rich_help_panel="Training")


def command(function: Callable[..., Any]) -> Callable[..., Any]:
    """Make a command of a function whose parameters are options, or groups of options."""
    hints = get_type_hints(function, include_extras=True)
    groups: dict[str, Any] = {name: kind for name, kind in hints.items() if is_dataclass(kind)}
    parameters: list[inspect.Parameter] = []
    for name, parameter in inspect.signature(function).parameters.items():
        if name in groups:
            parameters.extend(_fields_as_parameters(groups[name]))
        else:
            kind = inspect.Parameter.KEYWORD_ONLY
            parameters.append(parameter.replace(kind=kind, annotation=hints[name]))

    def call(**given: Any) -> Any:
        made = {
            name: kind(**{field.name: given.pop(field.name) for field in fields(kind)})
            for name, kind in groups.items()
        }
        return function(**made, **given)

    call.__name__, call.__doc__ = function.__name__, function.__doc__
    call.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]
    return call


def _fields_as_parameters(group: type) -> Iterator[inspect.Parameter]:
    hints = get_type_hints(group, include_extras=True)
    for field in fields(group):
        default = inspect.Parameter.empty if field.default is MISSING else field.default
        yield inspect.Parameter(
            field.name,
            inspect.Parameter.KEYWORD_ONLY,
            default=default,
            annotation=hints[field.name],
        )


RunArgument = Annotated[str, typer.Argument(metavar="RUN", help="Run directory.")]


@dataclass(frozen=True)
class RowOptions:
    """Which part of the rows to read, and how."""

    target: Annotated[
        str | None, _data(metavar="COLUMN", help="Column of the labels, for tables.")
    ] = None
    subset: Annotated[
        str | None,
        _data(
            metavar="NAME",
            help="Part of CIFAR (train, test, all), of a folder, or of an .npz file.",
        ),
    ] = None
    image_size: Annotated[
        str | None,
        _data(
            metavar="SIZE",
            help="Resize the images of a folder: 32, or 32x48 for height and width.",
        ),
    ] = None
    on_unreadable: Annotated[
        Literal["raise", "skip"], _data(help="What to do about images that cannot be read.")
    ] = "raise"
    limit: Annotated[
        int | None,
        _data(metavar="N", help="Take N rows only, each class in proportion to its size."),
    ] = None


DataOption = Annotated[
    str,
    _data(
        metavar="SOURCE",
        help="cifar10, cifar100, a folder of class folders of images, or a file that ends in "
        ".npz, .csv, .csv.gz, .parquet or .pq.",
    ),
]


@dataclass(frozen=True)
class NetworkOptions:
    """Which network."""

    recipe: Annotated[
        str | None,
        _network(
            metavar="NAME",
            help="Published settings by name, such as wrn-16-4; other options then change single "
            "ones.",
        ),
    ] = None
    model: Annotated[
        str | None,
        _network(
            metavar="wrn|dn|resnext|senet|mlp|FUNCTION",
            help="Wide ResNet, DenseNet, ResNeXt, SE-ResNeXt or dense blocks; or MODULE:FUNCTION "
            "or FILE.py:FUNCTION, a builder of yours, whose code is run. Default: wrn for images, "
            "mlp for tables.",
        ),
    ] = None
    depth: Annotated[
        int | None, _network(help="Depth of wrn (16), dn (40), resnext or senet (29).")
    ] = None
    width: Annotated[
        int | None, _network(help="Width factor of wrn (4); width of resnext and senet (64).")
    ] = None
    growth_rate: Annotated[int | None, _network(help="Growth rate of dn (12).")] = None
    cardinality: Annotated[
        int | None, _network(help="Groups of each convolution of resnext (8) and senet (4).")
    ] = None
    bottleneck: Annotated[
        bool | None, _network("--bottleneck/--no-bottleneck", help="DenseNet-BC.")
    ] = None
    units: Annotated[
        str | None, _network(metavar="N,N", help="Width of each block of mlp (64,64).")
    ] = None
    dropout: Annotated[float | None, _network(help="Share of units dropped (0).")] = None
    weight_decay: Annotated[float | None, _network(help="Weight decay: 5e-4, for dn 1e-4.")] = None
    normalize: Annotated[
        Literal["auto", "data", "none"],
        _network(
            help="Where the mean and standard deviation come from that the network shifts and "
            "scales its input by: the recipe if it has them, or the training data."
        ),
    ] = "auto"


@dataclass(frozen=True)
class TrainingOptions:
    """How to train, and to weigh the snapshots; None where the recipe or the network says it."""

    snapshots: Annotated[
        int | None,
        _training("--snapshots", other.SNAPSHOTS, help="Cycles, hence snapshots. Default: 5."),
    ] = None
    epochs: Annotated[
        int | None,
        _training(
            "--epochs",
            other.EPOCHS,
            help="Budget of all cycles together. Default: 200; for mlp and builders of yours 50.",
        ),
    ] = None
    alpha_zero: Annotated[
        float | None,
        _training(
            "--alpha-zero",
            other.ALPHA_ZERO,
            help="Learning rate at the start of every cycle. Default: 0.1.",
        ),
    ] = None
    batch_size: Annotated[
        int | None,
        _training(
            help="Rows per iteration. Default: 128 for wrn, 64 for dn, 120 for resnext and senet, "
            "else 32."
        ),
    ] = None
    augmentation: Annotated[
        str | None,
        _training(
            metavar="NAMES",
            help="Of training batches: none, or autoaugment, standard, cutout with commas. "
            "Default: none, or the recipe's.",
        ),
    ] = None
    loss: Annotated[
        str | None,
        _training(metavar="NAME", help="cross-entropy (default), focal, or a name of Keras."),
    ] = None
    label_smoothing: Annotated[float | None, _training(help="Of cross-entropy or focal loss.")] = (
        None
    )
    weighting: Annotated[
        str | None,
        _training(
            metavar="NAME",
            help="How to weigh the snapshots: log_loss (default), uniform, accuracy, greedy, "
            "auto, a scorer of scikit-learn, or numbers with commas.",
        ),
    ] = None
    validation_fraction: Annotated[
        str | None,
        _training(
            metavar="SHARE",
            help="Share or number of rows held out to learn the weights on, or none. Default: 0.1.",
        ),
    ] = None
    set: Annotated[
        list[str] | None,
        _training(
            metavar="NAME=VALUE",
            help="Any other parameter of the estimator, as in Python: optimizer__momentum=0.8, "
            "model__units=128, n_last=3. May be given several times.",
        ),
    ] = None


@dataclass(frozen=True)
class TracebackOption:
    """What every command has."""

    traceback: Annotated[
        bool,
        typer.Option(
            "--traceback", help="Show where an error comes from, as SKENSEMBLE_TRACEBACK=1 does."
        ),
    ] = False

    def open(self) -> AbstractContextManager[Output]:
        """Return a context manager that gives the output of the command."""
        from skensemble.cli._console import output

        return output(as_json=getattr(self, "as_json", False), quiet=getattr(self, "quiet", False))


@dataclass(frozen=True)
class JsonOptions(TracebackOption):
    """With the result as JSON."""

    as_json: Annotated[
        bool,
        typer.Option("--json", help="Print one JSON object; all else goes to standard error."),
    ] = False


@dataclass(frozen=True)
class ConsoleOptions(JsonOptions):
    """What a command prints."""

    quiet: Annotated[
        bool, typer.Option("--quiet", "-q", help="Print only warnings and errors.")
    ] = False
