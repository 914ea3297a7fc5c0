"""``skensemble``: hands over to a sub-command."""

import contextlib
import sys
from collections.abc import Callable, Iterator, Sequence
from importlib import import_module
from typing import Annotated, Any

import typer
from typer.main import get_command

from skensemble import __version__
from skensemble.cli._errors import exit_code_of

# A command's module is imported when the command is called: help of them all comes at once.
COMMANDS = {
    "train": "Train a network once, and keep an ensemble of its snapshots in a run directory.",
    "predict": "Predict with a run; where there are labels, say how well.",
    "evaluate": "Judge a run on test data: single network, equal and learned weights.",
    "reweight": "Combine the snapshots of a run in another way, without training.",
    "export": "Write the ensemble of a run as one Keras, SavedModel or ONNX file.",
    "inspect": "Show what is in a run directory.",
    "compare": "Compare snapshots with other ways to spend the same training budget.",
    "demo": "Train a snapshot ensemble, and compare it with a single network.",
}
# Parameters of the library that have an option of another name.
_OTHER_NAMES = {
    "--data": ("source", "X", "y"),
    "--limit": ("train_size",),
    "--test-data": ("X_test", "y_test"),
    "--out": ("folder",),
    "--method": ("weighting",),
}


def main(argv: Sequence[str] | None = None) -> int:
    """Run the sub-command named by the first argument."""
    arguments = list(sys.argv[1:] if argv is None else argv)
    settings: dict[str, Any] = {"arguments": arguments}
    with _printable():
        return exit_code_of(lambda: _call(arguments, settings), settings)


def _call(arguments: list[str], settings: dict[str, Any]) -> Any:
    group = get_command(_app(arguments))
    for name in arguments[:1]:
        settings["options"] = _options(group.commands.get(name))  # type: ignore[attr-defined]
    return group.main(args=arguments, prog_name="skensemble", standalone_mode=False, obj=settings)


def _options(command: Any) -> dict[str, str]:
    """How a command spells parameters: ``{"M": "--snapshots", "source": "--data", ...}``."""
    found: dict[str, str] = {"folder": "RUN", "path": "OUT"}
    for parameter in getattr(command, "params", ()):
        for spelling in parameter.opts:
            if spelling.startswith("--"):
                found[spelling.removeprefix("--").replace("-", "_")] = parameter.opts[0]
    for option, names in _OTHER_NAMES.items():
        if option in found.values():
            found.update(dict.fromkeys(names, option))
    return found


@contextlib.contextmanager
def _printable() -> Iterator[None]:
    """Print a question mark for what standard output cannot encode, as where it is ASCII."""
    stream: Any = sys.stdout
    is_strict = getattr(stream, "errors", None) == "strict" and hasattr(stream, "reconfigure")
    if is_strict:
        stream.reconfigure(errors="replace")
    try:
        yield
    finally:
        if is_strict and not stream.closed:
            stream.reconfigure(errors="strict")


def _app(arguments: Sequence[str]) -> typer.Typer:
    app = typer.Typer(
        add_completion=False,
        rich_markup_mode="markdown",
        context_settings={"help_option_names": ["-h", "--help"]},
    )
    app.callback()(_root)
    for name, summary in COMMANDS.items():
        function = _function(name) if name in arguments else lambda: None
        app.command(name, short_help=summary)(function)
    return app


def _print_version(asked: bool) -> None:
    if asked:
        print(f"skensemble {__version__}")
        raise typer.Exit


def _root(
    version: Annotated[
        bool, typer.Option("--version", is_eager=True, callback=_print_version)
    ] = False,
) -> None:
    """Turn one training run of a Keras network into an ensemble."""


def _function(name: str) -> Callable[..., Any]:
    function: Callable[..., Any] = getattr(import_module(f"skensemble.cli._{name}_command"), name)
    return function
