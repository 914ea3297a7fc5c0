from skensemble.augmentation._policy import POLICIES
from skensemble.augmentation._stage import OPERATIONS

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
