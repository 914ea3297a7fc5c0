"""The command line: one module per sub-command."""

from skensemble.cli._main import main

__all__ = ["main"]
