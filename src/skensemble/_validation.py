"""Checks of single parameters, with one wording for all of them."""

from __future__ import annotations

import math
from collections.abc import Collection
from numbers import Integral, Real
from typing import Any

import numpy as np


def must_be(name: str, must: str, got: Any, fix: str) -> str:
    """The sentence of every refused value: what must be, what was given, how to fix it.

    Examples
    --------
    >>> must_be("M", "an integer of at least 1", 0, "M=5 is the usual choice")
    'M must be an integer of at least 1, got 0 instead: M=5 is the usual choice.'
    """
    return f"{name} must be {must}, got {_short(got)} instead: {fix}."


def _short(value: Any) -> str:
    text = value if isinstance(value, Described) else repr(value)
    return text if len(text) <= 120 else text[:117] + "..."


class Described(str):
    """What was given, in words where its ``repr`` would say little."""


def check_integer(name: str, value: Any, *, minimum: int, fix: str) -> int:
    """Return ``value`` as an int of at least ``minimum``; bools are not integers here."""
    must = f"an integer of at least {minimum}"
    if isinstance(value, bool | np.bool_) or not isinstance(value, Integral):
        raise TypeError(must_be(name, must, value, fix))
    if value < minimum:
        raise ValueError(must_be(name, must, value, fix))
    return int(value)


def check_real(name: str, value: Any, *, positive: bool, fix: str) -> float:
    """Return ``value`` as a finite float that is positive (or, if not asked, not negative)."""
    must = "a finite number greater than 0" if positive else "a finite number of at least 0"
    if isinstance(value, bool | np.bool_) or not isinstance(value, Real):
        raise TypeError(must_be(name, must, value, fix))
    number = float(value)
    if not math.isfinite(number) or number < 0 or (positive and number == 0):
        raise ValueError(must_be(name, must, value, fix))
    return number


def check_choice(name: str, value: Any, choices: Collection[Any], *, fix: str) -> None:
    """Raise unless ``value`` is one of ``choices``."""
    is_number = isinstance(value, Integral) and not isinstance(value, bool | np.bool_)
    if not any(
        (is_number if isinstance(choice, int) else isinstance(value, type(choice)))
        and value == choice
        for choice in choices
    ):
        must = "one of " + ", ".join(repr(choice) for choice in choices)
        raise ValueError(must_be(name, must, value, fix))
