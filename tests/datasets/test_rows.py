"""split: order, views, random parts, and impossible sizes; statistics of channels."""

import numpy as np
import pytest
from scipy.sparse import csr_matrix

from skensemble.datasets import channel_statistics, split

X = np.arange(60).reshape(30, 2)
Y = np.array(["a", "b", "c"] * 10)


def test_parts_are_views_of_consecutive_rows():
    (X1, y1), (X2, y2) = split(X, Y, (20, 4))
    np.testing.assert_array_equal(X1, X[:20])
    np.testing.assert_array_equal(X2, X[20:24])
    np.testing.assert_array_equal(y1, Y[:20])
    np.testing.assert_array_equal(y2, Y[20:24])
    for part in (X1, X2):
        assert np.shares_memory(part, X)


def test_the_default_is_49_000_and_1_000():
    X, y = np.arange(50_000)[:, None], np.arange(50_000) % 10
    (X1, _), (X2, y2) = split(X, y)
    assert len(X1) == 49_000
    assert X2[[0, -1], 0].tolist() == [49_000, 49_999]
    assert y2[0] == 0


@pytest.mark.parametrize("stratify", [False, True], ids=["random", "stratified"])
def test_random_parts_are_disjoint_and_repeat_with_their_seed(stratify):
    parts = split(X, Y, (15, 9), random_state=0, stratify=stratify)
    again = split(X, Y, (15, 9), random_state=np.random.RandomState(0), stratify=stratify)
    other = split(X, Y, (15, 9), random_state=1, stratify=stratify)
    rows = np.concatenate([part[:, 0] // 2 for part, _ in parts])
    assert len(set(rows.tolist())) == 24
    assert rows.tolist() != sorted(rows.tolist())
    for (X1, y1), (X2, y2), (X3, _) in zip(parts, again, other, strict=True):
        np.testing.assert_array_equal(y1, Y[X1[:, 0] // 2])
        np.testing.assert_array_equal(X1, X2)
        np.testing.assert_array_equal(y1, y2)
        assert X1.tolist() != X3.tolist()


@pytest.mark.parametrize("sizes", [(15, 9), (15, 9, 6), (24, 3), (30,)], ids=str)
def test_stratified_parts_keep_the_shares_of_classes(sizes):
    y = np.sort(Y)  # order does not matter where rows are drawn
    parts = split(X, y, sizes, random_state=0, stratify=True)
    assert [len(part) for part, _ in parts] == list(sizes)
    for _, labels in parts:
        assert np.unique(labels, return_counts=True)[1].tolist() == [len(labels) / 3] * 3


def test_the_global_generator_is_left_alone():
    before = np.random.get_state()[1].copy()  # noqa: NPY002
    split(X, Y, (15, 9), random_state=0, stratify=True)
    np.testing.assert_array_equal(np.random.get_state()[1], before)  # noqa: NPY002


CASES = {
    "too-many": (
        (X, Y, (20, 11)),
        {},
        ValueError,
        "sizes must be at most 30 rows together, as many as X has, got (20, 11) instead: ask for "
        "fewer.",
    ),
    "zero": (
        (X, Y, (20, 0)),
        {},
        ValueError,
        "sizes must be an integer of at least 1, got 0 instead: pass the rows of each part.",
    ),
    "fraction": (
        (X, Y, (0.9, 0.1)),
        {},
        TypeError,
        "sizes must be an integer of at least 1, got 0.9 instead: pass the rows of each part.",
    ),
    "one-number": (
        (X, Y, 20),
        {},
        TypeError,
        "sizes must be integers, one for each part, got 20 instead: pass the rows of each part, as "
        "in sizes=(49_000, 1_000).",
    ),
    "none": (
        (X, Y, ()),
        {},
        TypeError,
        "sizes must be integers, one for each part, got () instead: pass the rows of each part, as "
        "in sizes=(49_000, 1_000).",
    ),
    "lengths": (
        (X, Y[:20], (2,)),
        {},
        ValueError,
        "X and y must be as many rows as labels, got shapes (30, 2) and (20,) instead: pass y of "
        "shape (n,).",
    ),
    "no-labels": (
        (X, None, (2,)),
        {},
        ValueError,
        "X and y must be as many rows as labels, got shapes (30, 2) and () instead: pass y of "
        "shape (n,).",
    ),
    "sparse": (
        (csr_matrix(X), Y, (2,)),
        {},
        TypeError,
        "X must be an array of rows, got csr_matrix instead: rows of a sparse matrix are "
        "X[:49_000].",
    ),
    "no-flag": (
        (X, Y, (2,)),
        {"stratify": "yes"},
        TypeError,
        "stratify must be True or False, got 'yes' instead: True keeps the proportions of the "
        "classes.",
    ),
    "sorted": (
        (X, np.sort(Y)[::-1], (20, 10)),
        {},
        ValueError,
        "y must be in mixed order where random_state is None, got rows sorted by class instead: "
        "the first part would lack classes; pass random_state=0, say, to draw the rows.",
    ),
    "stratified-without-seed": (
        (X, Y, (20, 10)),
        {"stratify": True},
        ValueError,
        "random_state must be given with stratify=True, got None instead: stratified parts are "
        "drawn; pass random_state=0, say.",
    ),
    "stratified-too-small": (
        (X, Y, (20, 2)),
        {"stratify": True, "random_state": 0},
        ValueError,
        "sizes must be such that there is room for every class in each part, and in what is left, "
        "got (20, 2) instead: make them larger, or take all rows, or leave stratify out.",
    ),
}


@pytest.mark.parametrize(("args", "options", "kind", "message"), CASES.values(), ids=CASES)
def test_bad_input(args, options, kind, message, message_of):
    assert message_of(kind, split, *args, **options) == message


def test_mean_and_std_are_those_of_numpy():
    X = np.random.default_rng(0).integers(0, 256, (2500, 3, 2, 3)).astype(np.uint8)
    X[..., 2] = 7
    mean, std = channel_statistics(X)
    np.testing.assert_allclose(mean, X.mean(axis=(0, 1, 2)))
    np.testing.assert_allclose(std[:2], X.std(axis=(0, 1, 2))[:2])
    assert std[2] == 1  # what is constant is not divided by 0
    assert len(channel_statistics(np.ones((5, 3)))[0]) == 3
