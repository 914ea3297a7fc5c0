"""Importing TensorFlow without its greeting."""

import contextlib
import os
import sys
import tempfile
from collections.abc import Iterator
from importlib import import_module


def import_tensorflow() -> None:
    """Import TensorFlow; what it prints is shown only if the import fails.

    It writes hints about the machine to the standard error of the process before any setting can
    stop it.
    """
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    with silenced_standard_error():
        import_module("tensorflow")


@contextlib.contextmanager
def silenced_standard_error() -> Iterator[None]:
    """Keep what is written to the standard error of the process, by whatever language.

    It is shown if an error leads out of the block; Ctrl-C is none.
    """
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
