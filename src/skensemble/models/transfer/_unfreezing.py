"""Which layers of a backbone are trained."""

import difflib
import math
from collections.abc import Sequence
from numbers import Integral, Real
from typing import Any

import numpy as np

from skensemble._validation import must_be

_FIX = "0.8 trains the last fifth of the backbone's layers"


def freeze(backbone, unfreeze_from) -> None:
    """Freeze the layers of a backbone before the first one to train, and unfreeze the others."""
    first = first_unfrozen(backbone.layers, unfreeze_from)
    backbone.trainable = True
    for position, layer in enumerate(backbone.layers):
        layer.trainable = position >= first


def first_unfrozen(layers: Sequence[Any], unfreeze_from) -> int:
    """Position of the first layer to train; ``len(layers)`` if all are frozen."""
    check_unfreeze_from(unfreeze_from)
    n = len(layers)
    if unfreeze_from is None:
        return n
    if isinstance(unfreeze_from, str):
        return _position_of(unfreeze_from, [layer.name for layer in layers])
    if not isinstance(unfreeze_from, Integral):
        return round(float(unfreeze_from) * n)
    position = int(unfreeze_from)
    if not -n <= position < n:
        must = f"the position of a layer of the backbone, from {-n} to {n - 1}"
        raise ValueError(must_be("unfreeze_from", must, unfreeze_from, "None freezes all layers"))
    return position % n


def check_unfreeze_from(value) -> None:
    """Raise unless it can name a layer of some backbone."""
    if value is None or isinstance(value, str):
        return
    if isinstance(value, bool | np.bool_) or not isinstance(value, Real):
        must = "the position or the name of a layer, a share of the layers, or None"
        raise TypeError(must_be("unfreeze_from", must, value, _FIX))
    number = float(value)
    if not isinstance(value, Integral) and not (math.isfinite(number) and 0 <= number <= 1):
        must = "an integer, or a share from 0.0 to 1.0"
        raise ValueError(must_be("unfreeze_from", must, value, _FIX))


def _position_of(name: str, names: list[str]) -> int:
    if name in names:
        return names.index(name)
    close = difflib.get_close_matches(name, names, 3)
    fix = f"did you mean {' or '.join(close)}" if close else f"the last one is {names[-1]}"
    raise ValueError(must_be("unfreeze_from", "the name of a layer of the backbone", name, fix))
