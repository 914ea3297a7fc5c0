"""Checks of single parameters, with one wording for all of them."""

import math
from collections.abc import Collection
from numbers import Integral, Real
from typing import Any

import numpy as np


class Refusal(str):
    """The sentence of a refused value, ``error.args[0]``, with its parts as attributes."""

    # Name of what was refused, what it must be, what was given, and what to do.
    parameter = must = got = fix = ""


class Described(str):
    """What was given, in words where its ``repr`` would say little."""


def must_be(name: str, must: str, got: Any, fix: str) -> Refusal:
    """The sentence of every refused value: what must be, what was given, how to fix it."""
    given = got if isinstance(got, Described) else repr(got)
    if len(given) > 120:
        given = given[:117] + "..."
    refusal = Refusal(f"{name} must be {must}, got {given} instead: {fix}.")
    refusal.parameter, refusal.must, refusal.got, refusal.fix = name, must, given, fix
    return refusal


def is_integer(value: Any) -> bool:
    """Bools are none here."""
    return isinstance(value, Integral) and not isinstance(value, bool)


def check_integer(name: str, value: Any, *, minimum: int, fix: str) -> int:
    """Return ``value`` as an int of at least ``minimum``."""
    if not is_integer(value) or value < minimum:
        error = ValueError if is_integer(value) else TypeError
        raise error(must_be(name, f"an integer of at least {minimum}", value, fix))
    return int(value)


def check_real(
    name: str, value: Any, *, positive: bool, below: float = math.inf, fix: str
) -> float:
    """Return ``value`` as a finite float that is positive (or, if not asked, not negative)."""
    must = "a finite number greater than 0" if positive else "a finite number of at least 0"
    if isinstance(value, bool) or not isinstance(value, Real):
        raise TypeError(must_be(name, must, value, fix))
    number = float(value)
    if not math.isfinite(number) or number < 0 or (positive and number == 0):
        raise ValueError(must_be(name, must, value, fix))
    if number >= below:
        raise ValueError(must_be(name, f"below {below}", number, fix))
    return number


def check_choice(name: str, value: Any, choices: Collection[Any], *, fix: str) -> None:
    if not any(
        (is_integer(value) if isinstance(choice, int) else isinstance(value, type(choice)))
        and value == choice
        for choice in choices
    ):
        must = "one of " + ", ".join(repr(choice) for choice in choices)
        raise ValueError(must_be(name, must, value, fix))


def check_flag(name: str, value: Any, *, fix: str) -> bool:
    if not isinstance(value, bool | np.bool_):
        raise TypeError(must_be(name, "True or False", value, fix))
    return bool(value)


def check_image_size(image_size: Any, *, fix: str) -> tuple[int, int]:
    if not isinstance(image_size, list | tuple | np.ndarray) or len(image_size) != 2:
        raise TypeError(must_be("image_size", "(height, width) in pixels", image_size, fix))
    height, width = (check_integer("each of image_size", n, minimum=1, fix=fix) for n in image_size)
    return height, width


def check_statistics(
    mean: Any, std: Any, channels: int | None
) -> tuple[list[float], list[float]] | None:
    """Return both of each channel; ``channels`` of None are as many as one of the two has."""
    if mean is None and std is None:
        return None
    if mean is None or std is None:
        given, missing = ("std", "mean") if mean is None else ("mean", "std")
        fix = "pass both, or neither"
        raise ValueError(must_be(missing, f"given together with {given}", None, fix))
    if channels is None:
        channels = next((len(value) for value in (mean, std) if hasattr(value, "__len__")), 1)
    return (
        _per_channel("mean", mean, channels, positive=False),
        _per_channel("std", std, channels, positive=True),
    )


def as_array(value: Any) -> np.ndarray:
    """Return ``value`` as an array, of objects where it is a ragged list."""
    try:
        return np.asarray(value)
    except ValueError:
        return np.asarray(None)


def _per_channel(name: str, value: Any, channels: int, *, positive: bool) -> list[float]:
    kind = "positive and finite" if positive else "finite"
    channel = "the channel" if channels == 1 else f"each of the {channels} channels"
    must = f"{kind}, one number for all or one for {channel}"
    fix = f"X.{name}(axis=(0, 1, 2)) has them, in the units of X"
    numbers = as_array(value)
    if numbers.dtype.kind not in "iuf":
        raise TypeError(must_be(name, must, value, fix))
    fits = numbers.shape in ((), (channels,))
    if not fits or not np.isfinite(numbers).all() or (positive and not (numbers > 0).all()):
        raise ValueError(must_be(name, must, value, fix))
    return list(np.broadcast_to(numbers, channels).astype(float).tolist())
