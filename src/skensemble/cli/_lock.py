"""A lock file: who has it open and locked is at work."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path
from typing import IO

try:
    import fcntl
except ImportError:  # Windows, which does not let go of files that are open
    fcntl = None  # type: ignore[assignment]


def take(path: Path) -> IO[str]:
    """Make a file if it is not there, and lock it for as long as it stays open.

    The system lets go of it when the process ends, however it ends. Where there are no such locks,
    on Windows and some network drives, the file is only opened.

    Parameters
    ----------
    path : Path
        In a folder that is there.

    Raises
    ------
    BlockingIOError
        If another one holds it.
    """
    file = path.open("a", encoding="utf-8")
    try:
        if fcntl is not None:
            with _where_supported():
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        # It may have been removed between the two calls, by one that held it then.
        if not path.exists() or not os.path.samestat(os.fstat(file.fileno()), path.stat()):
            raise BlockingIOError(f"{path} is another file now")
    except BaseException:
        file.close()
        raise
    return file


@contextlib.contextmanager
def _where_supported() -> Iterator[None]:
    try:
        yield
    except BlockingIOError:
        raise
    except OSError:  # the file system has no locks
        pass
