"""The sub-policies of AutoAugment, the strength of their operations, and how they are done."""

from collections.abc import Callable, Sequence
from functools import partial

import keras
import numpy as np
from keras import ops

from skensemble.augmentation import _pillow
from skensemble.augmentation._pillow import LEVELS

# An operation, its probability, its level.
Step = tuple[str, float, int]

# Cubuk, Zoph, Mane, Vasudevan, Le, AutoAugment, CVPR 2019, table 7: the 25 sub-policies found on
# CIFAR-10, each of two operations that follow each other.
_CIFAR10: tuple[tuple[Step, Step], ...] = (
    (("Invert", 0.1, 7), ("Contrast", 0.2, 6)),
    (("Rotate", 0.7, 2), ("TranslateX", 0.3, 9)),
    (("Sharpness", 0.8, 1), ("Sharpness", 0.9, 3)),
    (("ShearY", 0.5, 8), ("TranslateY", 0.7, 9)),
    (("AutoContrast", 0.5, 8), ("Equalize", 0.9, 2)),
    (("ShearY", 0.2, 7), ("Posterize", 0.3, 7)),
    (("Color", 0.4, 3), ("Brightness", 0.6, 7)),
    (("Sharpness", 0.3, 9), ("Brightness", 0.7, 9)),
    (("Equalize", 0.6, 5), ("Equalize", 0.5, 1)),
    (("Contrast", 0.6, 7), ("Sharpness", 0.6, 5)),
    (("Color", 0.7, 7), ("TranslateX", 0.5, 8)),
    (("Equalize", 0.3, 7), ("AutoContrast", 0.4, 8)),
    (("TranslateY", 0.4, 3), ("Sharpness", 0.2, 6)),
    (("Brightness", 0.9, 6), ("Color", 0.2, 8)),
    (("Solarize", 0.5, 2), ("Invert", 0.0, 3)),
    (("Equalize", 0.2, 0), ("AutoContrast", 0.6, 0)),
    (("Equalize", 0.2, 8), ("Equalize", 0.6, 4)),
    (("Color", 0.9, 9), ("Equalize", 0.6, 6)),
    (("AutoContrast", 0.8, 4), ("Solarize", 0.2, 8)),
    (("Brightness", 0.1, 3), ("Color", 0.7, 0)),
    (("Solarize", 0.4, 5), ("AutoContrast", 0.9, 3)),
    (("TranslateY", 0.9, 9), ("TranslateY", 0.7, 9)),
    (("AutoContrast", 0.9, 2), ("Solarize", 0.8, 3)),
    (("Equalize", 0.8, 8), ("Invert", 0.1, 3)),
    (("TranslateY", 0.7, 9), ("AutoContrast", 0.9, 1)),
)

POLICIES = {"cifar10": _CIFAR10}

# Strength of each operation at levels 0 to 10, as in the two well-known implementations:
# from an operation, a level, a sign (1 or -1), and the height and width of the images.
Magnitudes = Callable[[str, int, int, int, int], float]


def _reference(operation: str, level: int, sign: int, height: int, width: int) -> float:
    """As in the paper's code; translations in pixels, whatever the size of the images."""
    strengths = {
        "Shear": sign * 0.3 * level / 10,
        "Translate": sign * level,
        "Rotate": sign * 3 * level,
        "Posterize": 4 - 4 * level // 10,
        "Solarize": 256 - 256 * level // 10,
    }
    return strengths.get(operation.rstrip("XY"), 1.8 * level / 10 + 0.1)


def _torchvision(operation: str, level: int, sign: int, height: int, width: int) -> float:
    """As in ``torchvision.transforms.AutoAugment``, whose levels end at 9."""
    length = width if operation == "TranslateX" else height
    strengths = {
        "Shear": sign * 0.3 * level / 9,
        "Translate": sign * int(150 / 331 * length * level / 9),
        "Rotate": sign * 30 * level / 9,
        "Posterize": 8 - round(4 * level / 9),
        "Solarize": 255 - 255 * level / 9,
    }
    return strengths.get(operation.rstrip("XY"), 1 + sign * 0.9 * level / 9)


MAGNITUDES: dict[str, Magnitudes] = {"reference": _reference, "torchvision": _torchvision}

# The new value of each of the 256 grey levels.
_TABLES: dict[str, Callable[[float], np.ndarray]] = {
    "Invert": lambda _: 255 - LEVELS,
    "Posterize": lambda bits: LEVELS & (256 - 2 ** (8 - int(bits))),
    "Solarize": lambda threshold: np.where(threshold > LEVELS, LEVELS, 255 - LEVELS),
    "Brightness": lambda factor: (np.float32(factor) * LEVELS).clip(0, 255).astype("uint8"),
}
_BLENDS = ("Contrast", "Color", "Sharpness")
_AFFINE_MAPS: dict[str, Callable[[float, int, int], Sequence[float]]] = {
    "ShearX": lambda value, *_: (1, value, 0, 0, 1, 0),
    "TranslateX": lambda value, *_: (1, 0, value, 0, 1, 0),
    "ShearY": lambda value, *_: (1, 0, 0, value, 1, 0),
    "TranslateY": lambda value, *_: (1, 0, 0, 0, 1, value),
    "Rotate": _pillow.rotation,
}
OPERATIONS = (*_TABLES, *_BLENDS, "AutoContrast", "Equalize", *_AFFINE_MAPS)


class Stage:
    """The first or the second operation of all sub-policies, for images of one size."""

    def __init__(self, steps: Sequence[Step], magnitudes: Magnitudes, height: int, width: int):
        # Two rows for each sub-policy, of signs + and -, and one that does nothing. Of each: the
        # function that does it, and its argument where it has one.
        n_rows = 2 * len(steps) + 1
        self.kinds = np.full(n_rows, "", dtype="U12")
        self.tables = np.tile(LEVELS, (n_rows, 1))
        self.factors = np.ones(n_rows, dtype="float32")
        self.map_indices = np.zeros(n_rows, dtype="int32")
        maps = [_pillow.source_pixels((1, 0, 0, 0, 1, 0), height, width)]
        for row in range(n_rows - 1):
            operation, _, level = steps[row // 2]
            value = magnitudes(operation, level, -1 if row % 2 else 1, height, width)
            self.kinds[row] = operation
            if operation in _TABLES:
                self.kinds[row] = "table"
                self.tables[row] = _TABLES[operation](value)
            elif operation in _BLENDS:
                self.factors[row] = value
            elif operation in _AFFINE_MAPS:
                self.kinds[row] = "map"
                self.map_indices[row] = len(maps)
                affine = _AFFINE_MAPS[operation](value, height, width)
                maps.append(_pillow.source_pixels(affine, height, width))
        self.maps = np.stack(maps)  # (n_maps, height * width)

    def apply(self, images, rows, fill: np.ndarray):
        """Apply to each image the operation of its row."""
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
        has_fixed_shapes = keras.backend.backend() == "jax"
        changed, results = [], []
        for kind, function, *arguments in changes:
            chosen = ops.take(self.kinds == kind, rows)
            if has_fixed_shapes:
                chosen = chosen[:, None, None, None]
                images = ops.where(chosen, function(images, *arguments), images)
                continue
            places = ops.nonzero(chosen)[0]
            changed.append(places)
            results.append(function(*(_pillow.gather(a, places) for a in (images, *arguments))))
        if has_fixed_shapes:
            return images
        places = ops.concatenate(changed)[:, None]
        return ops.scatter_update(images, places, ops.concatenate(results, axis=0))
