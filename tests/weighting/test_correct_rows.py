import itertools

import numpy as np
import pytest

from holdouts import eighths, softmax, votes
from skensemble.weighting import _correct_rows
from skensemble.weighting._correct_rows import correct_mass, open_pairs
from skensemble.weighting._member_predictions import read_members


def points(n_members, total=6):
    every = itertools.product(range(total + 1), repeat=n_members)
    return np.array([c for c in every if sum(c) == total] + [(1,) * n_members], dtype=float)


def found(probas, y, mass, counts):
    return correct_mass(open_pairs(read_members(probas, y, mass)), counts)


def by_argmax(probas, y, mass, counts):
    sums = np.tensordot(counts, probas.astype(np.float64), axes=1)
    return (sums.argmax(axis=2) == y) @ mass


@pytest.mark.parametrize("make", [softmax, votes, eighths])
@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("numbers", [1, 1000, 1 << 18])
def test_rows_are_those_of_argmax(make, weighted, numbers, monkeypatch):
    monkeypatch.setattr(_correct_rows, "_NUMBERS", numbers)
    monkeypatch.setattr(_correct_rows, "_PRODUCTS", numbers)
    probas, y = make()
    mass = np.random.default_rng(1).integers(1, 4, size=y.size) / 3 if weighted else np.ones(y.size)
    counts = points(len(probas))
    expected = by_argmax(probas, y, mass, counts)
    np.testing.assert_allclose(found(probas, y, mass, counts), expected, rtol=1e-12)


@pytest.mark.parametrize("make", [softmax, votes])
def test_more_classes_than_a_byte_can_count(make):
    probas, y = make(n_classes=300)
    counts = points(len(probas))
    expected = by_argmax(probas, y, np.ones(y.size), counts)
    np.testing.assert_array_equal(found(probas, y, None, counts), expected)


@pytest.mark.parametrize("order", ["C", "F"])
@pytest.mark.parametrize("dtype", [np.float32, np.float16, np.float64, np.longdouble])
def test_any_float_and_any_order_of_the_memory(dtype, order):
    probas, y = softmax()
    probas = probas.astype(dtype, order=order)
    counts = points(len(probas))
    expected = by_argmax(probas, y, np.ones(y.size), counts)
    np.testing.assert_array_equal(found(probas, y, None, counts), expected)


def test_a_tied_vote_goes_to_the_first_class():
    probas, counts = np.array([[[1, 0]], [[0, 1]]]), np.array([[1.0, 1.0], [3.0, 4.0]])
    assert found(probas, [0], None, counts).tolist() == [1.0, 0.0]
    assert found(probas, [1], None, counts).tolist() == [0.0, 1.0]


def test_sums_of_tenths_that_floats_would_not_tie():
    """0.1 + 0.2 > 0.3 in floats, but one vote and two are three."""
    probas, counts = np.eye(2)[[[0], [0], [1]]], np.array([[1.0, 2.0, 3.0]])
    assert found(probas, [1], None, counts).tolist() == [0.0]
    assert found(probas[:, :, ::-1], [0], None, counts).tolist() == [1.0]


def test_nothing_to_decide_and_no_points():
    probas = np.tile([0.2, 0.8], (3, 5, 1))
    assert found(probas, [1, 1, 0, 1, 0], None, np.ones((2, 3))).tolist() == [3.0, 3.0]
    assert found(*softmax(), None, np.ones((0, 3))).shape == (0,)


def test_members_that_never_predict_the_true_class():
    """Each is right on neither row, but together they are on the first."""
    probas = np.array([[[0.4, 0.6, 0.0], [0.0, 0.9, 0.1]], [[0.4, 0.0, 0.6], [0.0, 0.1, 0.9]]])
    assert found(probas, [0, 0], None, np.array([[1.0, 1.0], [1.0, 0.0]])).tolist() == [1.0, 0.0]
