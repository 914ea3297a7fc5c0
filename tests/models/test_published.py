"""The published networks for images of 32 x 32 pixels and ten classes: one table."""

import math
import re
from pathlib import Path
from typing import NamedTuple

import keras
import pytest

from skensemble.models import densenet, resnext, wide_resnet


class Published(NamedTuple):
    """A network and its published sizes.

    ``trainable`` is exact, ``millions`` as printed in the paper where it is; ``convolutions`` are
    counted by hand: for WRN all are in the depth, for DenseNet all but the dense layer at the end,
    for ResNeXt neither that layer nor the three projections.
    """

    build: object
    parameters: dict
    trainable: int
    millions: float | None
    convolutions: int


def _wide(depth, width, trainable, millions=None):
    return Published(
        wide_resnet, {"depth": depth, "width": width}, trainable, millions, convolutions=depth
    )


def _dense(depth, growth_rate, bottleneck, trainable, millions=None):
    parameters = {"depth": depth, "growth_rate": growth_rate, "bottleneck": bottleneck}
    return Published(densenet, parameters, trainable, millions, convolutions=depth - 1)


def _next(cardinality, se, trainable, millions=None):
    parameters = {"depth": 29, "cardinality": cardinality, "width": 64, "se": se}
    return Published(resnext, parameters, trainable, millions, convolutions=29 - 1 + 3)


PUBLISHED = {
    "WRN-16-4": _wide(16, 4, 2_748_890, 2.7),
    "WRN-16-8": _wide(16, 8, 10_961_370, 11.0),
    "WRN-28-8": _wide(28, 8, 23_354_842),
    "WRN-28-10": _wide(28, 10, 36_479_194, 36.5),
    "WRN-40-4": _wide(40, 4, 8_949_210, 8.9),
    "DenseNet-40-12": _dense(40, 12, False, 1_019_722, 1.0),
    "DenseNet-100-12": _dense(100, 12, False, 6_979_642, 7.0),
    "DenseNet-100-24": _dense(100, 24, False, 27_249_082, 27.2),
    "DenseNet-BC-100-12": _dense(100, 12, True, 769_162, 0.8),
    "DenseNet-BC-250-24": _dense(250, 24, True, 15_324_406, 15.3),
    "DenseNet-BC-190-40": _dense(190, 40, True, 25_624_430, 25.6),
    "DenseNet-BC-160-24": _dense(160, 24, True, 6_831_466),
    "ResNeXt-29-8x64d": _next(8, False, 34_426_698, 34.4),
    "ResNeXt-29-16x64d": _next(16, False, 68_155_210, 68.1),
    "ResNeXt-29-4x64d": _next(4, False, 17_562_442),
    "SE-ResNeXt-29-4x64d": _next(4, True, 18_084_250),
}

WITH_STATISTICS = {"WRN-28-10": 36_497_146}
DOCUMENTED = Path(__file__).parents[2] / "docs" / "models.md"


def count(weights):
    return sum(math.prod(weight.shape) for weight in weights)


@pytest.mark.parametrize("name", PUBLISHED)
def test_sizes(name, zeros):
    build, parameters, trainable, millions, convolutions = PUBLISHED[name]
    model = build((32, 32, 3), 10, **parameters)
    assert model.name.replace("_", "-") == name.lower().replace("wrn", "wide-resnet")
    assert count(model.trainable_weights) == trainable
    if millions is not None:
        assert trainable / 1e6 == pytest.approx(millions, abs=0.06)
    kinds = [type(layer) for layer in model.layers]
    assert kinds.count(keras.layers.Conv2D) == convolutions
    # Mean and variance of each channel of each batch norm are all that is not trained.
    channels = [v.shape[-1] for v in model.weights if v.path.endswith("moving_mean")]
    assert count(model.non_trainable_weights) == 2 * sum(channels)
    if name in WITH_STATISTICS:
        assert model.count_params() == WITH_STATISTICS[name]


def test_documented_table():
    rows = re.findall(
        r"^\| ([A-Za-z]\S*-\d\S*) \| `(\w+)\((.*?)\)` \| ([\d,]+) \| (\S*) ?\|$",
        DOCUMENTED.read_text(),
        re.MULTILINE,
    )
    table = {
        name: (build, eval(f"dict({arguments})"), int(size.replace(",", "")), millions)
        for name, build, arguments, size, millions in rows
    }
    assert table == {
        name: (
            row.build.__name__,
            {key: value for key, value in row.parameters.items() if value is not False},
            row.trainable,
            "" if row.millions is None else f"{row.millions}M",
        )
        for name, row in PUBLISHED.items()
    }
