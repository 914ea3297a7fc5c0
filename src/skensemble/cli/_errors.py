"""Exceptions become one line and an exit code."""

from __future__ import annotations

import os
import re
import sys
import traceback
from collections.abc import Callable
from typing import Any

import typer
from rich.console import Console
from rich.text import Text
from typer.exceptions import TyperException

from skensemble.exceptions import SnapshotTrainingError

OK, UNEXPECTED, BAD_INPUT, INTERRUPTED = 0, 1, 2, 130
TRACEBACK_VARIABLE = "SKENSEMBLE_TRACEBACK"
_COLOURS = re.compile(r"\x1b\[[0-9;]*m")
_OF_INPUT = (ValueError, TypeError, OSError, ImportError, MemoryError, SnapshotTrainingError)


def exit_code_of(command: Callable[[], Any], settings: dict[str, Any]) -> int:
    """Run a command; print what goes wrong on one line of standard error.

    Parameters
    ----------
    command : callable
        Returns an exit code, or None.
    settings : dict
        The command may set ``"traceback"``, whether an error shows where it comes from.

    Returns
    -------
    int
        0, 2 for bad input and for arguments that are not understood, 130 after Ctrl-C, 1 for
        anything unexpected.
    """
    settings.setdefault("traceback", bool(os.environ.get(TRACEBACK_VARIABLE)))
    try:
        code = command()
    except TyperException as error:
        _print_error(error.format_message().replace("Value error, ", "").rstrip("."))
        context = getattr(error, "ctx", None)
        if context is not None:
            _print(Text(f"{context.command_path} --help lists what there is.", style="dim"))
        return BAD_INPUT
    except (KeyboardInterrupt, typer.Abort):
        return INTERRUPTED
    except SystemExit as error:  # a closed pipe, as after `| head`
        return error.code if isinstance(error.code, int) else UNEXPECTED
    except _OF_INPUT as error:
        _print_error(_message(error))
        _print_traceback(settings)
        return BAD_INPUT
    except Exception as error:
        _print_error(f"unexpected {type(error).__name__}: {_message(error)}")
        if not settings["traceback"]:
            _print(Text("Run it again with --traceback to see where.", style="dim"))
        _print_traceback(settings)
        return UNEXPECTED
    return code if isinstance(code, int) else OK


def _message(error: BaseException) -> str:
    text = " ".join(_COLOURS.sub("", str(error)).split())
    notes = " ".join(getattr(error, "__notes__", ()))
    if notes and " instead: " not in text:  # our own sentences say all there is to say
        text = f"{text} ({' '.join(notes.split())})"
    return text or type(error).__name__


def _print_error(text: str) -> None:
    _print(Text.assemble(("error: ", "bold red"), text))


def _print_traceback(settings: dict[str, Any]) -> None:
    if settings["traceback"]:
        traceback.print_exc(file=sys.stderr)


def _print(text: Text) -> None:
    Console(stderr=True, highlight=False).print(text, soft_wrap=True)
