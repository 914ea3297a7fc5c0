"""One operation on every image of a batch, each image its own."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

import numpy as np
from keras import ops

from skensemble.augmentation import _blends, _geometry, _tables
from skensemble.augmentation._magnitudes import Magnitudes
from skensemble.augmentation._policy import Step
from skensemble.augmentation._rows import change_rows

_PLACE_IN_MAP = {"ShearX": 1, "TranslateX": 2, "ShearY": 3, "TranslateY": 5}
_KINDS = {
    **dict.fromkeys(["Invert", "Posterize", "Solarize", "Brightness"], "table"),
    **dict.fromkeys(["Contrast", "AutoContrast", "Equalize", "Color", "Sharpness"]),
    **dict.fromkeys([*_PLACE_IN_MAP, "Rotate"], "map"),
}
OPERATIONS = tuple(_KINDS)


class Stage:
    """What there is to choose from: a row for every step and sign.

    Rows ``2 * i`` and ``2 * i + 1`` are step ``i`` with the signs + and -; the last row does
    nothing.
    """

    def __init__(self, steps: Sequence[Step], magnitudes: Magnitudes, height: int, width: int):
        n_rows = 2 * len(steps) + 1
        self.kinds = np.full(n_rows, "", dtype="U12")
        self.tables = np.tile(_tables.LEVELS, (n_rows, 1))
        self.factors = np.ones(n_rows, dtype="float32")
        self.places = np.zeros(n_rows, dtype="int32")
        maps = [_geometry.sources(_geometry.IDENTITY, height, width)]
        for row in range(n_rows - 1):
            operation, _, level = steps[row // 2]
            value = magnitudes(operation, level, -1 if row % 2 else 1, height, width)
            self.kinds[row] = _KINDS[operation] or operation
            if self.kinds[row] == "table":
                self.tables[row] = _table(operation, value)
            elif self.kinds[row] == "map":
                self.places[row] = len(maps)
                affine = _affine(operation, value, height, width)
                maps.append(_geometry.sources(affine, height, width))
            elif operation in ("Contrast", "Color", "Sharpness"):
                self.factors[row] = value
        self.maps = np.stack(maps)

    def apply(self, images, rows, fill: np.ndarray):
        """Return the images, each after the operation of its row."""
        tables = ops.take(self.tables, rows, axis=0)[:, None]
        factors = ops.take(self.factors, rows)
        places = ops.take(self.places, rows)
        moved = partial(_geometry.moved, maps=ops.convert_to_tensor(self.maps), fill=fill)
        changes = (
            ("table", _tables.look_up, tables),
            ("Contrast", _tables.contrasted, factors),
            ("AutoContrast", _tables.autocontrasted),
            ("Equalize", _tables.equalized),
            ("Color", _blends.colored, factors),
            ("Sharpness", _blends.sharpened, factors),
            ("map", moved, places),
        )
        return change_rows(
            images, [(ops.take(self.kinds == kind, rows), *change) for kind, *change in changes]
        )


def _table(operation: str, value: float) -> np.ndarray:
    if operation == "Invert":
        return _tables.inverted()
    if operation == "Posterize":
        return _tables.posterized(int(value))
    if operation == "Solarize":
        return _tables.solarized(value)
    return _tables.brightened(value)


def _affine(operation: str, value: float, height: int, width: int) -> Sequence[float]:
    if operation == "Rotate":
        return _geometry.rotation(value, height, width)
    affine = list(_geometry.IDENTITY)
    affine[_PLACE_IN_MAP[operation]] = value
    return affine
