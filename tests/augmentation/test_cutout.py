import numpy as np
import pytest
from scipy import stats

from skensemble._validation import must_be
from skensemble.augmentation import Cutout


def squares(size, shape, n_images, seed=0):
    """Whether each pixel of images of ones has become 0: bool of shape (n_images, *shape)."""
    images = np.ones((n_images, *shape, 1), dtype="float32")
    return np.asarray(Cutout(size=size, seed=seed)(images))[..., 0] == 0


def square(size, shape, row, column):
    """The mask of the paper's code."""
    half, mask = size // 2, np.zeros(shape, dtype=bool)
    top, bottom = np.clip([row - half, row + half], 0, shape[0])
    left, right = np.clip([column - half, column + half], 0, shape[1])
    mask[top:bottom, left:right] = True
    return mask


@pytest.mark.parametrize(("size", "shape"), [(2, (5, 7)), (4, (6, 5)), (5, (8, 6)), (16, (9, 9))])
def test_centres_are_uniform(size, shape):
    n = 3000
    counts = {}
    for mask in squares(size, shape, n):
        counts[mask.tobytes()] = counts.get(mask.tobytes(), 0) + 1
    # Different centres may leave the same square; a large one covers all.
    expected = {}
    for row, column in np.ndindex(*shape):
        key = square(size, shape, row, column).tobytes()
        expected[key] = expected.get(key, 0) + 1 / np.prod(shape)
    assert counts.keys() == expected.keys()
    for key, p in expected.items():
        low, high = stats.binom.interval(1 - 1e-6, n, p)
        assert low <= counts[key] <= high


@pytest.mark.parametrize("fill_value", [0, -1.5, (1.0, 2.0, 3.0), np.array([0.5, 0.25, 4.0])])
def test_fills_the_square_and_nothing_else(fill_value):
    images = np.random.default_rng(0).normal(size=(20, 10, 12, 3)).astype("float32")
    out = np.asarray(Cutout(size=4, fill_value=fill_value, seed=3)(images))
    is_cut = squares(4, (10, 12), 20, seed=3)
    np.testing.assert_array_equal(out[~is_cut], images[~is_cut])
    fills = np.broadcast_to(np.float32(fill_value), out.shape)
    np.testing.assert_array_equal(out[is_cut], fills[is_cut])


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        (
            {"size": 1},
            ValueError,
            must_be(
                "size",
                "an integer of at least 2",
                1,
                "the paper has 16 for images of 32 × 32 pixels",
            ),
        ),
        (
            {"size": 8.0},
            TypeError,
            must_be(
                "size",
                "an integer of at least 2",
                8.0,
                "the paper has 16 for images of 32 × 32 pixels",
            ),
        ),
        (
            {"fill_value": "black"},
            TypeError,
            must_be(
                "fill_value",
                "a number, or one per channel",
                "black",
                "the mean of the data is what normalisation makes 0",
            ),
        ),
        (
            {"fill_value": (0.0, np.nan)},
            ValueError,
            must_be(
                "fill_value",
                "a finite number, or one per channel",
                (0.0, np.nan),
                "the mean of the data is what normalisation makes 0",
            ),
        ),
        (
            {"seed": -1},
            ValueError,
            must_be("seed", "an integer of at least 0", -1, "None draws a seed"),
        ),
    ],
)
def test_refuses_arguments(arguments, error, message):
    with pytest.raises(error) as caught:
        Cutout(**arguments)
    assert str(caught.value) == message


def test_refuses_values_for_other_channels():
    message = must_be(
        "fill_value",
        "a number, or 3 of them, one per channel of the images",
        [1.0, 2.0],
        "a single number serves all channels",
    )
    with pytest.raises(ValueError) as error:
        Cutout(fill_value=(1, 2))(np.zeros((2, 8, 8, 3)))
    assert message in str(error.value)
