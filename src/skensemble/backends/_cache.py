"""The cache of traced programs."""

import pickle
import random
import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable
from typing import Any, NamedTuple

import numpy as np

from skensemble._validation import check_integer


class CacheInfo(NamedTuple):
    """Requests that found their program and that did not, number of programs, and its bound."""

    hits: int
    misses: int
    size: int
    max_size: int


class ProgramCache:
    """Traced programs by what they compute; the least recently used ones are dropped first.

    Tracing a network takes far longer than training a small one for a few epochs. Networks of the
    same architecture and compile settings share their programs; weights, optimizer state, M,
    ``alpha_zero``, epochs, seeds and rows are inputs of a program. A fit gives the same bits
    whether its program was in the cache or not.

    Parameters
    ----------
    max_size : int, default=32
        Number of programs to keep; 0 keeps none.

    Notes
    -----
    All methods may be called from several threads. Programs are traced one at a time.

    Examples
    --------
    >>> from skensemble import program_cache
    >>> program_cache.clear()
    >>> program_cache.info().size
    0
    """

    def __init__(self, max_size: int = 32):
        self._programs: OrderedDict[Hashable, Any] = OrderedDict()
        self._lock = threading.RLock()
        self._hits = self._misses = 0
        self.max_size = max_size

    @property
    def max_size(self) -> int:
        """Number of programs to keep."""
        return self._max_size

    @max_size.setter
    def max_size(self, max_size: int) -> None:
        self._max_size = check_integer("max_size", max_size, minimum=0, fix="0 keeps no program")
        with self._lock:
            self._shrink()

    def get(self, key: Hashable | None, trace: Callable[[], Any]) -> Any:
        """Return the program for ``key``, traced now unless it is there.

        Parameters
        ----------
        key : hashable or None
            What determines the program; None for one that cannot be compared with others.
        trace : callable
            Makes the program. It is kept if its ``is_shareable`` is true.
        """
        with self._lock:
            if key is not None and key in self._programs:
                self._hits += 1
                self._programs.move_to_end(key)
                return self._programs[key]
            self._misses += 1
            before = _random_state()
            program = trace()
            # What tracing drew at random is a constant of the program, wrong for another seed.
            drew = _random_state() != before
            if key is not None and program.is_shareable and not drew:
                self._programs[key] = program
                self._shrink()
            return program

    def clear(self) -> None:
        """Forget all programs, give their memory back, and set the counts to 0."""
        from skensemble.backends import release_memory

        with self._lock:
            is_empty = not self._programs
            self._programs.clear()
            self._hits = self._misses = 0
        if not is_empty:
            release_memory()

    def info(self) -> CacheInfo:
        """Return hits and misses since the last ``clear``, and the number of programs."""
        with self._lock:
            return CacheInfo(self._hits, self._misses, len(self._programs), self._max_size)

    def _shrink(self) -> None:
        while len(self._programs) > self._max_size:
            self._programs.popitem(last=False)

    def __repr__(self) -> str:
        return f"ProgramCache({', '.join(f'{k}={v}' for k, v in self.info()._asdict().items())})"


def _random_state() -> tuple[Any, ...]:
    return random.getstate(), pickle.dumps(np.random.get_state())  # noqa: NPY002


program_cache = ProgramCache()
