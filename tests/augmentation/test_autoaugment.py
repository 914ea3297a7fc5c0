import keras
import numpy as np
import pytest
from scipy import stats

from skensemble._validation import must_be
from skensemble.augmentation import AutoAugment
from skensemble.augmentation._policy import MAGNITUDES, POLICIES

POLICY = POLICIES["cifar10"]


def draw(seed, n_images):
    """The rows of both stages: ints of shape (2, n_images)."""
    return np.stack([np.asarray(rows) for rows in AutoAugment(seed=seed)._draw(n_images)])


def is_plausible(n_hits, n, p):
    low, high = stats.binom.interval(1 - 1e-6, n, p)
    return low <= n_hits <= high


@pytest.mark.parametrize("magnitudes", ["reference", "torchvision"])
@pytest.mark.parametrize("shape", [(32, 32, 3), (20, 13, 1)])
def test_applies_the_drawn_operations(pillow, magnitudes, shape):
    images = np.random.default_rng(0).integers(0, 256, (150, *shape), dtype="uint8")
    layer = AutoAugment(magnitudes=magnitudes, fill_value=128, seed=0)
    out = np.asarray(layer(images, training=True))
    n_changed = 0
    for i, (image, rows) in enumerate(zip(images, draw(0, 150).T, strict=True)):
        expected = image
        for stage, row in enumerate(rows):
            if row == 2 * len(POLICY):
                continue
            operation, _, level = POLICY[row // 2][stage]
            sign = -1 if row % 2 else 1
            value = MAGNITUDES[magnitudes](operation, level, sign, *shape[:2])
            expected = pillow(operation, expected, value)
        np.testing.assert_array_equal(out[i], expected)
        n_changed += not np.array_equal(image, expected)
    assert n_changed > 75


def test_frequencies_of_steps_are_those_of_the_policy():
    n = 50_000
    rows = draw(0, n)
    for stage in range(2):
        for i, steps in enumerate(POLICY):
            p = steps[stage][1] / len(POLICY)
            for row in (2 * i, 2 * i + 1):
                assert is_plausible(np.sum(rows[stage] == row), n, p / 2), (stage, row)
    is_done = rows < 2 * len(POLICY)
    both = is_done.all(axis=0)
    # The two steps of a sub-policy are drawn independently.
    assert is_plausible(both.sum(), n, np.mean([a[1] * b[1] for a, b in POLICY]))
    np.testing.assert_array_equal(rows[0, both] // 2, rows[1, both] // 2)
    # Their signs are independent, too.
    assert is_plausible(np.sum(rows[0, both] % 2 == rows[1, both] % 2), both.sum(), 0.5)


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        ({}, 128),
        ({"magnitudes": "torchvision"}, 0),
        ({"fill_value": (1, 2.6, 255)}, (1, 3, 255)),
        ({"fill_value": 7, "magnitudes": "torchvision"}, 7),
    ],
)
def test_fills(arguments, expected):
    images = np.full((60, 8, 8, 3), 50, dtype="uint8")
    rows = draw(0, 60)
    # A translation, and nothing else that changes images of one level.
    steps = [POLICY[row // 2][1][0] if row < 50 else None for row in rows[1]]
    i = next(i for i in range(60) if rows[0, i] == 50 and steps[i] in ("TranslateX", "TranslateY"))
    out = np.asarray(AutoAugment(seed=0, **arguments)(images, training=True))[i]
    is_moved = (out != 50).any(axis=-1)
    assert is_moved.any()
    np.testing.assert_array_equal(
        out[is_moved], np.broadcast_to(np.float32(expected), out[is_moved].shape)
    )


def test_floats_are_rounded_and_clipped():
    levels = np.array([-3.0, 0.4, 0.6, 99.7, 254.6, 300.0], dtype="float32")
    images = np.broadcast_to(levels[:, None], (40, 6, 6))[..., None]
    whole = np.broadcast_to(np.uint8([0, 0, 1, 100, 255, 255])[:, None], (40, 6, 6))[..., None]
    out = AutoAugment(seed=0)(images, training=True)
    np.testing.assert_array_equal(out, AutoAugment(seed=0)(whole, training=True))


MUST = "one of 'reference', 'torchvision'"
FIX = '"reference" has those of the paper\'s authors'


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (
            {"policy": "svhn"},
            must_be("policy", "one of 'cifar10'", "svhn", "it is the only policy there is"),
        ),
        ({"magnitudes": "timm"}, must_be("magnitudes", MUST, "timm", FIX)),
        (
            {"fill_value": 256},
            must_be("fill_value", "from 0 to 255", 256, "128 is a mid grey"),
        ),
        (
            {"fill_value": (1, -1, 1)},
            must_be("fill_value", "from 0 to 255", (1, -1, 1), "128 is a mid grey"),
        ),
    ],
)
def test_refuses_arguments(arguments, message):
    with pytest.raises(ValueError) as error:
        AutoAugment(**arguments)
    assert str(error.value) == message


@pytest.mark.parametrize("n_channels", [2, 4])
def test_refuses_channels(n_channels):
    fix = "the operations are those of grey and of red, green and blue images"
    message = must_be("channels of images", "1 or 3", n_channels, fix)
    with pytest.raises(ValueError) as error:
        AutoAugment()(np.zeros((2, 8, 8, n_channels), dtype="uint8"))
    assert message in str(error.value)
    with pytest.raises(ValueError) as error:
        AutoAugment()(keras.Input((8, 8, n_channels)))
    assert message in str(error.value)
