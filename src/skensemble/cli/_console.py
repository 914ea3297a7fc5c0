"""What a command prints, and where: lines for people, one JSON object, and the log of a run."""

import contextlib
import os
import sys
import tempfile
import warnings
from collections.abc import Callable, Iterator, Sequence
from importlib import import_module
from pathlib import Path
from typing import IO, Any, TextIO

from rich.console import Console
from rich.table import Table
from rich.text import Text


class Output:
    """The lines of one command.

    A stream that fails, as a full disk or a pipe that was closed, gets no more lines and ends
    nothing: there may be work to be kept.
    """

    def __init__(self, *, as_json: bool = False, quiet: bool = False):
        self.as_json = as_json
        self.console = _Console(stderr=as_json, quiet=quiet, highlight=False)
        self._errors = _Console(stderr=True, highlight=False)
        self.failure: Exception | None = None
        self._log: TextIO | None = None
        self._warned: set[str] = set()

    def say(self, text: str, style: str = "") -> None:
        """Print a line, however wide the terminal is."""
        self._print(self.console, Text(text, style=style))

    def say_at_once(self, text: str) -> None:
        """Print a line from a signal handler, which may have interrupted another one."""
        # A console of its own: that of the line that was interrupted would print it again.
        console = _Console(stderr=self.as_json, quiet=self.console.quiet, highlight=False)
        # A progress line has no end; a stream in the middle of a line refuses another one.
        start = "\n" if console.is_terminal else ""
        with contextlib.suppress(RuntimeError):
            self._print(console, Text(start + text))

    def warn(self, text: str) -> None:
        """Print a warning on one line of standard error, once."""
        line = " ".join(text.split())
        if line not in self._warned:
            self._warned.add(line)
            self._print(self._errors, Text.assemble(("warning: ", "yellow"), line))

    def table(self, title: str, columns: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
        """Print a table; its first column is text, the others are numbers."""
        table = Table(title=title, title_justify="left")
        for i, name in enumerate(columns):
            table.add_column(name, justify="right" if i else "left")
        for row in rows:
            table.add_row(*map(Text, row))
        self._print(self.console, table)

    def result(self, **content: Any) -> None:
        if self.as_json:
            from skensemble.persistence import to_json

            # Whatever the encoding of standard output is, the labels stay what they are.
            line = to_json(content, ascii_only=True) + "\n"
            self._attempt(sys.stdout, lambda: sys.stdout.write(line))

    @contextlib.contextmanager
    def logging_to(self, path: Path) -> Iterator[None]:
        with path.open("a", encoding="utf-8") as self._log:
            try:
                yield
            finally:
                self._log = None

    def _print(self, console: Console, what: Text | Table) -> None:
        wrap = isinstance(what, Text)
        if self._log is not None:
            log = _Console(file=self._log, width=120, no_color=True)
            if not self._attempt(self._log, lambda: log.print(what, soft_wrap=wrap)):
                self._log = None
        if not self._attempt(console.file, lambda: console.print(what, soft_wrap=wrap)):
            console.quiet = True

    def _attempt(self, stream: IO[str], write: Callable[[], object]) -> bool:
        """Write to a stream; whether it can go on. A pipe that the reader closed is no failure."""
        try:
            write()
            stream.flush()
        except (OSError, UnicodeError) as error:
            if not isinstance(error, BrokenPipeError):
                self.failure = error
            with contextlib.suppress(OSError), open(os.devnull, "w") as nowhere:
                # What is still in its buffer would fail again when the process ends.
                os.dup2(nowhere.fileno(), stream.fileno())
            return False
        return True


class _Console(Console):
    def on_broken_pipe(self) -> None:
        """Raise, which the caller handles; by default, the process ends here."""
        raise


@contextlib.contextmanager
def output(*, as_json: bool = False, quiet: bool = False) -> Iterator[Output]:
    """Give a command its output, with the warnings of the library that are not for programmers."""
    out = Output(as_json=as_json, quiet=quiet)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        warnings.simplefilter("always", UserWarning)
        warnings.showwarning = lambda message, *args, **kwargs: out.warn(str(message))
        yield out
    if out.failure is not None:
        raise OSError(f"All is done, but not all could be said: {out.failure}.") from out.failure


def import_tensorflow() -> None:
    """Import TensorFlow; its hints about the machine, which no setting stops, are not shown."""
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    with silenced_standard_error():
        import_module("tensorflow")


@contextlib.contextmanager
def silenced_standard_error() -> Iterator[None]:
    """Keep what any language writes there; it is shown if an error, not Ctrl-C, leads out."""
    sys.stderr.flush()
    standard_error = os.dup(2)
    with tempfile.TemporaryFile() as printed:
        os.dup2(printed.fileno(), 2)
        try:
            yield
        except Exception:
            printed.seek(0)
            os.write(standard_error, printed.read())
            raise
        finally:
            os.dup2(standard_error, 2)
            os.close(standard_error)
