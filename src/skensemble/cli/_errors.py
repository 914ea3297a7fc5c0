"""Exceptions become one line and an exit code."""

import contextlib
import json
import os
import re
import sys
import traceback
from collections.abc import Callable, Mapping
from typing import Any

import typer
from rich.console import Console
from rich.text import Text
from typer.exceptions import TyperException

from skensemble.exceptions import SnapshotTrainingError

OK, UNEXPECTED, BAD_INPUT, INTERRUPTED = 0, 1, 2, 130
_ERROR = ("error: ", "bold red")
_COLOURS = re.compile(r"\x1b\[[0-9;]*m")
_OF_INPUT = (ValueError, TypeError, OSError, ImportError, MemoryError, SnapshotTrainingError)


def exit_code_of(command: Callable[[], Any], settings: Mapping[str, Any]) -> int:
    """Run a command; print what goes wrong on one line of standard error."""
    arguments = settings.get("arguments", ())
    failure: BaseException
    try:
        code = command()
        return code if isinstance(code, int) else OK
    except SystemExit as error:  # a closed pipe, as after `| head`, or a signal
        return error.code if isinstance(error.code, int) else UNEXPECTED
    except TyperException as error:
        failure, code = error, BAD_INPUT
        text = error.format_message().replace("Value error, ", "").rstrip(".")
        _print(Text.assemble(_ERROR, text))
        context = getattr(error, "ctx", None)
        if context is not None:
            _print(Text(f"{context.command_path} --help lists what there is.", style="dim"))
    except (KeyboardInterrupt, typer.Abort) as error:
        failure, code, text = error, INTERRUPTED, "interrupted"
    except Exception as error:
        failure, text = error, _message(error, settings.get("options", {}))
        code = _explain(error, text, arguments)
    if "--json" in arguments:
        content = {"error": {"type": type(failure).__name__, "message": text}, "exit_code": code}
        with contextlib.suppress(OSError):  # the reader has closed the pipe
            print(json.dumps(content), flush=True)
    return code


def _explain(error: Exception, text: str, arguments: Any) -> int:
    """Say on standard error what went wrong; the exit code."""
    is_expected = isinstance(error, _OF_INPUT)
    kind = "" if is_expected else f"unexpected {type(error).__name__}: "
    _print(Text.assemble(_ERROR, kind + text))
    # What is not a sentence of ours may be a fault of ours.
    is_foreign = isinstance(error, ValueError | TypeError) and _refusal_of(error) is None
    if "--traceback" in arguments or os.environ.get("SKENSEMBLE_TRACEBACK"):
        traceback.print_exc(file=sys.stderr)
    elif is_foreign or not is_expected:
        _print(Text("Run it again with --traceback to see where.", style="dim"))
    return BAD_INPUT if is_expected else UNEXPECTED


def _message(error: BaseException, options: Mapping[str, str]) -> str:
    refusal = _refusal_of(error)
    if refusal is not None:
        return _in_options(refusal, options)
    notes = " ".join(getattr(error, "__notes__", ()))
    return _on_one_line(f"{error} ({notes})" if notes else f"{error}") or type(error).__name__


def _refusal_of(error: BaseException) -> Any:
    first = error.args[0] if error.args else None
    return first if hasattr(first, "parameter") else None


def _in_options(refusal: Any, options: Mapping[str, str]) -> str:
    """Name the option of a command in the place of the parameter that a sentence is about.

    Examples
    --------
    >>> from skensemble._validation import must_be
    >>> options = {"M": "--snapshots", "folder": "RUN", "force": "--force"}
    >>> _in_options(must_be("M", "at least 1", 0, "5 is the usual choice"), options)
    '--snapshots must be at least 1, got 0 instead: 5 is the usual choice.'
    >>> _in_options(must_be("folder a", "new", "a run", "force=True replaces it"), options)
    "RUN a must be new, got 'a run' instead: --force replaces it."
    """
    name, space, rest = refusal.parameter.partition(" ")
    got = "nothing" if refusal.got == "None" and name in options else refusal.got
    # A flag has no value: force=True is --force.
    fix = re.sub(r"\b(\w+)=True\b", lambda flag: options.get(flag[1], flag[0]), refusal.fix)
    name = f"{options.get(name, name)}{space}{rest}"
    return _on_one_line(f"{name} must be {refusal.must}, got {got} instead: {fix}.")


def _on_one_line(text: str) -> str:
    return " ".join(_COLOURS.sub("", text).split())


def _print(text: Text) -> None:
    Console(stderr=True, highlight=False).print(text, soft_wrap=True)
