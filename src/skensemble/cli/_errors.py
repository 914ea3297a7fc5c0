"""Exceptions become one line and an exit code."""

from __future__ import annotations

import contextlib
import json
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

from skensemble.cli._wording import in_options
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
        ``"arguments"``: with ``--json`` among them, an error is one JSON object on standard output
        as well. The command may set ``"traceback"``, whether an error shows where it comes from,
        and ``"options"``, how it spells the parameters of the library.

    Returns
    -------
    int
        0, 2 for bad input and for arguments that are not understood, 130 after Ctrl-C, 1 for
        anything unexpected.
    """
    settings.setdefault("traceback", bool(os.environ.get(TRACEBACK_VARIABLE)))
    try:
        code = command()
        return code if isinstance(code, int) else OK
    except SystemExit as error:  # a closed pipe, as after `| head`, or a signal
        return error.code if isinstance(error.code, int) else UNEXPECTED
    except TyperException as error:
        code, text = BAD_INPUT, error.format_message().replace("Value error, ", "").rstrip(".")
        _print_error(text)
        context = getattr(error, "ctx", None)
        if context is not None:
            _print(Text(f"{context.command_path} --help lists what there is.", style="dim"))
        failure: BaseException = error
    except (KeyboardInterrupt, typer.Abort) as error:
        code, text, failure = INTERRUPTED, "interrupted", error
    except Exception as error:
        code, text, failure = _explained(error, settings), _message(error, settings), error
    if "--json" in settings.get("arguments", ()):
        _print_json(failure, text, code)
    return code


def _explained(error: Exception, settings: dict[str, Any]) -> int:
    """Say on standard error what went wrong; the exit code."""
    text = _message(error, settings)
    is_expected = isinstance(error, _OF_INPUT)
    _print_error(text if is_expected else f"unexpected {type(error).__name__}: {text}")
    # What is not a sentence of ours may be a fault of ours.
    is_foreign = isinstance(error, ValueError | TypeError) and " instead: " not in text
    if (is_foreign or not is_expected) and not settings["traceback"]:
        _print(Text("Run it again with --traceback to see where.", style="dim"))
    if settings["traceback"]:
        traceback.print_exc(file=sys.stderr)
    return BAD_INPUT if is_expected else UNEXPECTED


def _message(error: BaseException, settings: dict[str, Any]) -> str:
    text = " ".join(_COLOURS.sub("", str(error)).split())
    notes = " ".join(getattr(error, "__notes__", ()))
    if notes and " instead: " not in text:  # our own sentences say all there is to say
        text = f"{text} ({' '.join(notes.split())})"
    return in_options(text, settings.get("options", {})) or type(error).__name__


def _print_error(text: str) -> None:
    _print(Text.assemble(("error: ", "bold red"), text))


def _print_json(error: BaseException, text: str, code: int) -> None:
    content = {"error": {"type": type(error).__name__, "message": text}, "exit_code": code}
    with contextlib.suppress(OSError):  # there is nobody to read it
        print(json.dumps(content), flush=True)


def _print(text: Text) -> None:
    Console(stderr=True, highlight=False).print(text, soft_wrap=True)
