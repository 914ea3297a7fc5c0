"""Strength of each operation at levels 0 to 10, as in the two well-known implementations."""

from collections.abc import Callable

# From an operation, a level, a sign (1 or -1), and the height and width of the images.
Magnitudes = Callable[[str, int, int, int, int], float]


def _reference(operation: str, level: int, sign: int, height: int, width: int) -> float:
    """Magnitudes of the paper's code; translations in pixels, whatever the size of the images."""
    if operation in ("ShearX", "ShearY"):
        return sign * 0.3 * level / 10
    if operation in ("TranslateX", "TranslateY"):
        return sign * level
    if operation == "Rotate":
        return sign * 3 * level
    if operation == "Posterize":
        return 4 - 4 * level // 10
    if operation == "Solarize":
        return 256 - 256 * level // 10
    return 1.8 * level / 10 + 0.1


def _torchvision(operation: str, level: int, sign: int, height: int, width: int) -> float:
    """Magnitudes of ``torchvision.transforms.AutoAugment``, whose levels end at 9."""
    if operation in ("ShearX", "ShearY"):
        return sign * 0.3 * level / 9
    if operation in ("TranslateX", "TranslateY"):
        length = width if operation == "TranslateX" else height
        return sign * int(150 / 331 * length * level / 9)
    if operation == "Rotate":
        return sign * 30 * level / 9
    if operation == "Posterize":
        return 8 - round(4 * level / 9)
    if operation == "Solarize":
        return 255 - 255 * level / 9
    return 1 + sign * 0.9 * level / 9


MAGNITUDES: dict[str, Magnitudes] = {"reference": _reference, "torchvision": _torchvision}
