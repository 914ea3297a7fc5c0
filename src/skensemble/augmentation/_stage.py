"""The first or the second operation of all sub-policies, applied to a batch."""

from collections.abc import Sequence
from functools import partial

import numpy as np
from keras import ops

from skensemble.augmentation import _pillow
from skensemble.augmentation._magnitudes import Magnitudes
from skensemble.augmentation._policy import Step
from skensemble.augmentation._rows import change_rows

_PLACE_IN_AFFINE = {"ShearX": 1, "TranslateX": 2, "ShearY": 3, "TranslateY": 5}
_TABLES = {
    "Invert": lambda _: _pillow.invert_table(),
    "Posterize": _pillow.posterize_table,
    "Solarize": _pillow.solarize_table,
    "Brightness": _pillow.brightness_table,
}
_BLENDS = ("Contrast", "Color", "Sharpness")
OPERATIONS = (*_TABLES, *_BLENDS, "AutoContrast", "Equalize", *_PLACE_IN_AFFINE, "Rotate")


class Stage:
    """One operation of each sub-policy, prepared for images of one size.

    Rows ``2 * i`` and ``2 * i + 1`` are the operation of sub-policy ``i`` with the signs + and -;
    the last row does nothing.
    """

    def __init__(self, steps: Sequence[Step], magnitudes: Magnitudes, height: int, width: int):
        n_rows = 2 * len(steps) + 1
        # Of each row: the function that does it, and its argument where it has one.
        self.kinds = np.full(n_rows, "", dtype="U12")
        self.tables = np.tile(_pillow.LEVELS, (n_rows, 1))
        self.factors = np.ones(n_rows, dtype="float32")
        self.map_indices = np.zeros(n_rows, dtype="int32")
        maps = [_pillow.source_pixels(_pillow.IDENTITY, height, width)]
        for row in range(n_rows - 1):
            operation, _, level = steps[row // 2]
            value = magnitudes(operation, level, -1 if row % 2 else 1, height, width)
            self.kinds[row] = operation
            if operation in _TABLES:
                self.kinds[row] = "table"
                self.tables[row] = _TABLES[operation](value)
            elif operation in _BLENDS:
                self.factors[row] = value
            elif operation == "Rotate" or operation in _PLACE_IN_AFFINE:
                self.kinds[row] = "map"
                self.map_indices[row] = len(maps)
                affine = list(_pillow.IDENTITY)
                if operation == "Rotate":
                    affine = list(_pillow.rotation(value, height, width))
                else:
                    affine[_PLACE_IN_AFFINE[operation]] = value
                maps.append(_pillow.source_pixels(affine, height, width))
        self.maps = np.stack(maps)  # (n_maps, height * width)

    def apply(self, images, rows, fill: np.ndarray):
        """Apply to each uint8 image the operation of its row; ``fill`` as in `_pillow.move`."""
        tables = ops.take(self.tables, rows, axis=0)[:, None]
        factors = ops.take(self.factors, rows)
        map_indices = ops.take(self.map_indices, rows)
        move = partial(_pillow.move, maps=ops.convert_to_tensor(self.maps), fill=fill)
        changes = (
            ("table", _pillow.look_up, tables),
            ("Contrast", _pillow.contrast, factors),
            ("AutoContrast", _pillow.autocontrast),
            ("Equalize", _pillow.equalize),
            ("Color", _pillow.color, factors),
            ("Sharpness", _pillow.sharpness, factors),
            ("map", move, map_indices),
        )
        return change_rows(
            images, [(ops.take(self.kinds == kind, rows), *change) for kind, *change in changes]
        )
