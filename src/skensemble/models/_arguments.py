"""Checks of the arguments that the builders share."""

from collections.abc import Mapping, Sequence
from numbers import Integral
from typing import Any

import numpy as np

from skensemble._validation import check_integer, check_real, must_be

# Every network for images halves them twice.
SMALLEST_IMAGE = 4


def shape_and_classes(
    input_shape, n_classes, meta: Mapping[str, Any] | None, *, fix: str
) -> tuple[Sequence[int], int]:
    """Return the shape of one row and the number of classes, from ``meta`` where not given."""
    if meta is not None:
        input_shape = meta["X_shape_"][1:] if input_shape is None else input_shape
        n_classes = meta["n_classes_"] if n_classes is None else n_classes
    if input_shape is None:
        raise ValueError(must_be("input_shape", "given where there is no meta", None, fix))
    n_classes = check_integer("n_classes", n_classes, minimum=2, fix="pass the number of classes")
    return input_shape, n_classes


def image_and_classes(
    input_shape, n_classes, meta: Mapping[str, Any] | None
) -> tuple[tuple[int, int, int], int]:
    """Return (height, width, channels) and the number of classes."""
    layout = "colours come last, as in (32, 32, 3), or (32, 32, 1) for grey images"
    input_shape, n_classes = shape_and_classes(input_shape, n_classes, meta, fix=layout)
    sizes = tuple(input_shape) if np.iterable(input_shape) else ()
    if len(sizes) != 3 or not all(_is_size(size) for size in sizes):
        must = "the (height, width, channels) of an image"
        raise ValueError(must_be("input_shape", must, input_shape, layout))
    height, width, channels = map(int, sizes)
    if min(height, width) < SMALLEST_IMAGE:
        must = f"of at least {SMALLEST_IMAGE} x {SMALLEST_IMAGE} pixels"
        fix = "the network halves its images twice; enlarge them, and see that " + layout
        raise ValueError(must_be("input_shape", must, input_shape, fix))
    return (height, width, channels), n_classes


def _is_size(size) -> bool:
    return isinstance(size, Integral) and not isinstance(size, bool) and int(size) >= 1


def blocks_of(depth, *, per_block: int, others: int) -> int:
    """Return the n of at least 1 with ``depth == per_block * n + others``, or raise."""
    must = f"{per_block} n + {others}"
    smallest = per_block + others
    if isinstance(depth, bool | np.bool_) or not isinstance(depth, Integral):
        fix = f"{smallest} and {smallest + per_block} are the smallest"
        raise TypeError(must_be("depth", must, depth, fix))
    if depth < smallest:
        raise ValueError(must_be("depth", must, depth, f"{smallest} is the smallest"))
    n, rest = divmod(int(depth) - others, per_block)
    if rest:
        below = per_block * n + others
        fix = f"the nearest are {below} and {below + per_block}"
        raise ValueError(must_be("depth", must, depth, fix))
    return n


def check_dropout(dropout) -> float:
    """Return the share that is dropped, in [0, 1)."""
    dropout = check_real("dropout", dropout, positive=False, fix="0 drops nothing")
    if dropout >= 1:
        raise ValueError(must_be("dropout", "below 1", dropout, "0 drops nothing"))
    return dropout
