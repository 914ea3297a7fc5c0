import numpy as np
import pytest

from skensemble.weighting._tally import Tally, width


@pytest.mark.parametrize("n_rows", [1, 8, 9, 2039, 2040, 2041, 5000])
@pytest.mark.parametrize("equal", [True, False])
def test_sums_of_the_marked_rows(n_rows, equal):
    rng = np.random.default_rng(n_rows)
    mass = np.full(n_rows, 3.0) if equal else rng.random(n_rows)
    marks = rng.random((7, n_rows)) < [[0.0], [1.0], [0.5], [0.1], [0.9], [0.5], [1.0]]
    tally = Tally(n_points=7, size=3, mass=mass)
    for start in range(0, 7, 3):
        some = marks[start : start + 3]
        tally.won[: len(some), :n_rows] = some
        tally.add(start, len(some))
    np.testing.assert_allclose(tally.sums(), marks @ mass, rtol=1e-13)


def test_widths_are_whole_words_and_hardly_wider():
    for n_rows in range(1, 5000):
        assert n_rows <= width(n_rows) <= max(1.02 * n_rows, n_rows + 24)
        assert width(n_rows) % 8 == 0
        assert Tally(1, 1, np.ones(n_rows)).won.shape == (1, width(n_rows))


def test_no_byte_overflows_where_all_rows_are_marked():
    tally = Tally(1, 1, np.ones(100_000))
    tally.won[:, :100_000] = True
    tally.add(0, 1)
    assert tally.sums().tolist() == [100_000]
