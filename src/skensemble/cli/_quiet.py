"""Importing TensorFlow without its greeting."""

from __future__ import annotations

import os
import sys
import tempfile
from importlib import import_module


def import_tensorflow() -> None:
    """Import TensorFlow; what it prints is shown only if the import fails.

    It writes hints about the machine to the standard error of the process before any setting can
    stop it.
    """
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    sys.stderr.flush()
    standard_error = os.dup(2)
    with tempfile.TemporaryFile() as printed:
        os.dup2(printed.fileno(), 2)
        try:
            import_module("tensorflow")
        except BaseException:
            printed.seek(0)
            os.write(standard_error, printed.read())
            raise
        finally:
            os.dup2(standard_error, 2)
            os.close(standard_error)
