"""``skensemble``: hands over to a sub-command."""

from __future__ import annotations

import argparse
from collections.abc import Sequence

from skensemble import __version__
from skensemble.cli import _demo


def main(argv: Sequence[str] | None = None) -> int:
    """Run the sub-command named by the first argument.

    Returns
    -------
    int
        Exit code: 0, 2 where the arguments are not understood, 130 after Ctrl-C.
    """
    parser = argparse.ArgumentParser(
        prog="skensemble",
        description="Turn one training run of a Keras network into an ensemble.",
    )
    parser.add_argument("--version", action="version", version=f"skensemble {__version__}")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    _demo.add_parser(commands)
    arguments = parser.parse_args(argv)
    try:
        code: int = arguments.run(arguments)
    except KeyboardInterrupt:
        return 130
    return code
