"""Whether an array fits into memory."""

from __future__ import annotations

import contextlib
import os

from skensemble._validation import Described, must_be

_CGROUP = "/sys/fs/cgroup/memory.max"


def memory_limit() -> int | None:
    """Bytes that this process may have at most; None where that cannot be told."""
    limits = []
    with contextlib.suppress(AttributeError, ValueError, OSError):  # not on Windows
        limits.append(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES"))
    # Not in a container, or one without a limit.
    with contextlib.suppress(OSError, ValueError), open(_CGROUP) as file:
        limits.append(int(file.read()))
    return min((limit for limit in limits if limit > 0), default=None)


def check_fits(name: str, shape: tuple[int, ...], itemsize: int, fix: str) -> None:
    """Raise MemoryError where an array is larger than all memory there is."""
    size = itemsize
    for length in shape:
        size *= length
    limit = memory_limit()
    if limit is not None and size > limit:
        must = f"at most {limit / 1e9:.1f} GB together, the memory of this machine"
        raise MemoryError(must_be(name, must, Described(f"{size / 1e9:.1f} GB for {shape}"), fix))
