"""Checks that the layers share."""

from __future__ import annotations

import math
from collections.abc import Sequence
from numbers import Real
from typing import Any

import numpy as np

from skensemble._validation import Described, check_integer, must_be


def check_seed(seed: Any) -> int | None:
    """Return the seed as an int, or None."""
    if seed is None:
        return None
    return check_integer("seed", seed, minimum=0, fix="None draws a seed")


def check_values(name: str, value: Any, *, fix: str) -> float | list[float]:
    """Return a finite number, or a list of one per channel, as plain floats."""
    items: Any = np.ravel(value).tolist() if isinstance(value, np.ndarray) else value
    is_list = isinstance(items, Sequence) and not isinstance(items, str | bytes)
    numbers: list[Any] = list(items) if is_list else [items]
    for number in numbers:
        if isinstance(number, bool | np.bool_) or not isinstance(number, Real):
            raise TypeError(must_be(name, "a number, or one per channel", value, fix))
    if not numbers or not all(math.isfinite(number) for number in numbers):
        raise ValueError(must_be(name, "a finite number, or one per channel", value, fix))
    return [float(number) for number in numbers] if is_list else float(numbers[0])


def check_shape(shape: Sequence[int | None]) -> None:
    """Raise unless this is the shape of images, of one or of a batch, channels last."""
    if len(shape) not in (3, 4):
        must = "of shape (rows, height, width, channels), or (height, width, channels)"
        fix = "give an image its axis of channels, as in X[..., np.newaxis]"
        raise ValueError(must_be("images", must, Described(f"shape {tuple(shape)}"), fix))
    if None in shape[-3:]:
        must = "of one size that is known before they come"
        fix = "resize them, or set their shape, before this layer"
        raise ValueError(must_be("images", must, Described(f"shape {tuple(shape)}"), fix))


def check_fits(fill_value: float | Sequence[float], n_channels: int | None) -> None:
    """Raise unless there is one value, or one for every channel."""
    if isinstance(fill_value, Sequence) and len(fill_value) != n_channels:
        must = f"a number, or {n_channels} of them, one per channel of the images"
        fix = "a single number serves all channels"
        raise ValueError(must_be("fill_value", must, list(fill_value), fix))
