"""The sub-policies of the paper, and the strength of their operations."""

import numpy as np
import pytest

from skensemble.augmentation._policy import MAGNITUDES, OPERATIONS, POLICIES

# The paper's table, written down a second time.
TABLE = """
Invert .1 7 + Contrast .2 6 | Rotate .7 2 + TranslateX .3 9 | Sharpness .8 1 + Sharpness .9 3 |
ShearY .5 8 + TranslateY .7 9 | AutoContrast .5 8 + Equalize .9 2 | ShearY .2 7 + Posterize .3 7 |
Color .4 3 + Brightness .6 7 | Sharpness .3 9 + Brightness .7 9 | Equalize .6 5 + Equalize .5 1 |
Contrast .6 7 + Sharpness .6 5 | Color .7 7 + TranslateX .5 8 | Equalize .3 7 + AutoContrast .4 8 |
TranslateY .4 3 + Sharpness .2 6 | Brightness .9 6 + Color .2 8 | Solarize .5 2 + Invert 0 3 |
Equalize .2 0 + AutoContrast .6 0 | Equalize .2 8 + Equalize .6 4 | Color .9 9 + Equalize .6 6 |
AutoContrast .8 4 + Solarize .2 8 | Brightness .1 3 + Color .7 0 |
Solarize .4 5 + AutoContrast .9 3 | TranslateY .9 9 + TranslateY .7 9 |
AutoContrast .9 2 + Solarize .8 3 | Equalize .8 8 + Invert .1 3 |
TranslateY .7 9 + AutoContrast .9 1
"""


def test_cifar10():
    expected = []
    for sub_policy in TABLE.split("|"):
        steps = [step.split() for step in sub_policy.split("+")]
        expected.append(tuple((name, float(p), int(level)) for name, p, level in steps))
    assert POLICIES["cifar10"] == tuple(expected)
    assert len(expected) == 25
    assert {step[0] for steps in expected for step in steps} <= set(OPERATIONS)


WITH_SIGN = ("ShearX", "ShearY", "TranslateX", "TranslateY", "Rotate")
FACTORS = ("Color", "Contrast", "Brightness", "Sharpness")


def values(name, operation, sign=1, size=(32, 32)):
    levels = range(11 if name == "reference" else 10)
    return [MAGNITUDES[name](operation, level, sign, *size) for level in levels]


@pytest.mark.parametrize(
    ("operation", "expected"),
    [
        ("ShearX", [0, 0.03, 0.06, 0.09, 0.12, 0.15, 0.18, 0.21, 0.24, 0.27, 0.3]),
        ("ShearY", [0, 0.03, 0.06, 0.09, 0.12, 0.15, 0.18, 0.21, 0.24, 0.27, 0.3]),
        ("TranslateX", [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10]),
        ("TranslateY", [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10]),
        ("Rotate", [0, 3, 6, 9, 12, 15, 18, 21, 24, 27, 30]),
        ("Posterize", [4, 4, 4, 3, 3, 2, 2, 2, 1, 1, 0]),
        ("Solarize", [256, 231, 205, 180, 154, 128, 103, 77, 52, 26, 0]),
        *((name, np.arange(0.1, 2, 0.18)) for name in FACTORS),
    ],
)
def test_reference(operation, expected):
    np.testing.assert_allclose(values("reference", operation), expected, atol=1e-12)


@pytest.mark.parametrize(
    ("operation", "expected"),
    [
        ("ShearX", np.linspace(0, 0.3, 10)),
        ("ShearY", np.linspace(0, 0.3, 10)),
        ("TranslateX", [0, 1, 3, 4, 6, 8, 9, 11, 12, 14]),  # 150/331 of 32 is 14.5
        ("TranslateY", [0, 1, 3, 4, 6, 8, 9, 11, 12, 14]),
        ("Rotate", np.linspace(0, 30, 10)),
        ("Posterize", [8, 8, 7, 7, 6, 6, 5, 5, 4, 4]),
        ("Solarize", np.linspace(255, 0, 10)),
        *((name, np.linspace(1, 1.9, 10)) for name in FACTORS),
    ],
)
def test_torchvision(operation, expected):
    np.testing.assert_allclose(values("torchvision", operation), expected, atol=1e-12)


@pytest.mark.parametrize("operation", OPERATIONS)
def test_signs(operation):
    plus, minus = (np.array(values("reference", operation, sign)) for sign in (1, -1))
    np.testing.assert_array_equal(minus, -plus if operation in WITH_SIGN else plus)
    plus, minus = (np.array(values("torchvision", operation, sign)) for sign in (1, -1))
    if operation in FACTORS:  # 1 plus or minus the magnitude
        np.testing.assert_allclose(plus + minus, 2)
    elif operation in WITH_SIGN:
        np.testing.assert_array_equal(minus, -plus)


def test_torchvision_translates_by_a_share_of_the_image():
    assert values("torchvision", "TranslateX", size=(10, 331))[9] == 150
    assert values("torchvision", "TranslateY", size=(10, 331))[9] == 4
    assert values("reference", "TranslateX", size=(10, 331))[9] == 9
