import itertools

import numpy as np
import pytest

from holdouts import eighths, softmax, votes
from skensemble.weighting import _contests
from skensemble.weighting._contests import Contests
from skensemble.weighting._holdout import read_members


def points(n_members, total=6):
    every = itertools.product(range(total + 1), repeat=n_members)
    return np.array([c for c in every if sum(c) == total] + [(1,) * n_members], dtype=float)


def argmax_hits(probas, y, mass, counts):
    sums = np.tensordot(counts, probas.astype(np.float64), axes=1)
    return (sums.argmax(axis=2) == y) @ mass


@pytest.mark.parametrize("make", [softmax, votes, eighths])
@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("products", [1, 1000, 1 << 18])
def test_hits_are_those_of_argmax(make, weighted, products, monkeypatch):
    monkeypatch.setattr(_contests, "_PRODUCTS", products)
    probas, y = make()
    mass = np.random.default_rng(1).integers(1, 4, size=y.size) / 3 if weighted else np.ones(y.size)
    counts = points(len(probas))
    hits = Contests(read_members(probas, y, mass)).hits(counts)
    np.testing.assert_allclose(hits, argmax_hits(probas, y, mass, counts), rtol=1e-12)


@pytest.mark.parametrize("make", [softmax, votes])
def test_more_classes_than_a_byte_can_count(make):
    probas, y = make(n_classes=300)
    contests, counts = Contests(read_members(probas, y, None)), points(len(probas))
    hits = argmax_hits(probas, y, np.ones(y.size), counts)
    np.testing.assert_array_equal(contests.hits(counts), hits)
    assert (contests.most_hits(counts, 2) >= hits).all()


@pytest.mark.parametrize("order", ["C", "F"])
@pytest.mark.parametrize("dtype", [np.float32, np.float16, np.float64])
def test_any_float_and_any_order_of_the_memory(dtype, order):
    probas, y = softmax()
    probas = probas.astype(dtype, order=order)
    counts = points(len(probas))
    hits = Contests(read_members(probas, y, None)).hits(counts)
    np.testing.assert_array_equal(hits, argmax_hits(probas, y, np.ones(y.size), counts))


def test_a_tied_vote_goes_to_the_first_class():
    probas, counts = np.array([[[1, 0]], [[0, 1]]]), np.array([[1.0, 1.0], [3.0, 4.0]])
    assert Contests(read_members(probas, [0], None)).hits(counts).tolist() == [1.0, 0.0]
    assert Contests(read_members(probas, [1], None)).hits(counts).tolist() == [0.0, 1.0]


def test_sums_of_tenths_that_floats_would_not_tie():
    """0.1 + 0.2 > 0.3 in floats, but one vote and two are three."""
    probas, counts = np.eye(2)[[[0], [0], [1]]], np.array([[1.0, 2.0, 3.0]])
    assert Contests(read_members(probas, [1], None)).hits(counts).tolist() == [0.0]
    mirrored = read_members(probas[:, :, ::-1], [0], None)
    assert Contests(mirrored).hits(counts).tolist() == [1.0]


@pytest.mark.parametrize("make", [softmax, votes, eighths])
def test_upper_bounds_come_down_to_the_hits(make):
    probas, y = make()
    contests, counts = Contests(read_members(probas, y, None)), points(len(probas))
    hits = contests.hits(counts)
    bounds = [contests.most_hits(counts, n) for n in range(1, contests.n_rounds + 1)]
    for above, below in itertools.pairwise([*bounds, hits]):
        assert (above >= below).all()
    assert (bounds[0] > hits).any()
    if make is softmax:  # no ties, of which float32 cannot be sure
        np.testing.assert_array_equal(bounds[-1], hits)


def test_one_round_for_two_classes():
    probas, y = softmax(n_classes=2)
    contests, counts = Contests(read_members(probas, y, None)), points(3)
    assert contests.n_rounds == 1
    np.testing.assert_array_equal(contests.most_hits(counts, 1), contests.hits(counts))


def test_nothing_to_decide_and_no_points():
    probas = np.tile([0.2, 0.8], (3, 5, 1))
    contests = Contests(read_members(probas, [1, 1, 0, 1, 0], None))
    assert contests.n_rounds == 0
    assert contests.hits(np.ones((2, 3))).tolist() == [3.0, 3.0]
    assert contests.most_hits(np.ones((2, 3)), 1).tolist() == [3.0, 3.0]
    assert Contests(read_members(*softmax(), None)).hits(np.ones((0, 3))).shape == (0,)
