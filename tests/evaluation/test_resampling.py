"""Training and test rows of a comparison."""

import numpy as np
import pytest
import scipy.sparse as sp

from skensemble.evaluation import draw_rows, draw_splits


@pytest.fixture
def rows():
    """90 rows that are numbered, of three classes."""
    X = np.arange(90, dtype="float32")[:, None].repeat(2, axis=1)
    return X, np.array(["a", "b", "c"])[np.arange(90) % 3]


@pytest.fixture
def test_rows():
    X = np.arange(100, 130, dtype="float32")[:, None].repeat(2, axis=1)
    return {"X_test": X, "y_test": np.array(["c", "b", "a"])[np.arange(30) % 3]}


def numbers(X):
    return X[:, 0].astype(int).tolist()


def test_every_seed_has_a_split_of_its_own(rows):
    found = list(draw_splits(*rows, 3))
    assert [split.seed for split in found] == [0, 1, 2]
    for split in found:
        assert len(split.X) == 67
        assert len(split.X_test) == 23
        assert sorted(numbers(split.X) + numbers(split.X_test)) == list(range(90))
        assert split.y_test.tolist() == [number % 3 for number in numbers(split.X_test)]
        assert np.bincount(split.y_test).min() >= 7
    assert numbers(found[0].X_test) != numbers(found[1].X_test)
    assert numbers(next(draw_splits(*rows, 1)).X_test) == numbers(found[0].X_test)


def test_size_of_test_and_training(rows):
    (split,) = draw_splits(*rows, 1, train_size=30, test_size=12)
    assert (len(split.X), len(split.X_test)) == (30, 12)
    assert not set(numbers(split.X)) & set(numbers(split.X_test))


@pytest.mark.parametrize("size", [78, 9999])
def test_a_train_size_beyond_the_rows_takes_all(rows, size):
    (split,) = draw_splits(*rows, 1, train_size=size, test_size=12)
    assert len(split.X) == 78


def test_classes_of_one_row():
    with pytest.raises(ValueError) as caught:
        draw_splits(np.zeros((9, 2)), list("aaaabbbbc"), 1)
    assert str(caught.value) == (
        "y must be of classes of at least two rows, to train and to test on, got one with a "
        "single row instead: bring test rows of your own."
    )


@pytest.mark.parametrize(("size", "counts"), [(60, [30, 20, 10]), (89, None), (3, [1, 1, 1])])
def test_drawing_rows(size, counts):
    y = np.repeat([0, 1, 2], [45, 30, 15])
    rows = draw_rows(y, size, 0)
    assert len(set(rows.tolist())) == size
    found = np.bincount(y[rows], minlength=3)
    assert found.min() >= 1
    if counts is not None:
        assert found.tolist() == counts
    assert draw_rows(y, size, 0).tolist() == rows.tolist()
    assert sorted(draw_rows(y, size, 1).tolist()) != sorted(rows.tolist())


def test_drawing_keeps_a_class_of_one_row():
    y = np.array([0] * 20 + [1])
    assert all(20 in draw_rows(y, 2, seed) for seed in range(5))


def test_given_test_rows(rows, test_rows):
    found = list(draw_splits(*rows, 2, train_size=60, **test_rows))
    for split in found:
        assert len(split.X) == 60
        assert numbers(split.X_test) == list(range(100, 130))
        assert split.y_test.tolist() == [2, 1, 0] * 10
    assert numbers(found[0].X) != numbers(found[1].X)


@pytest.mark.parametrize(
    ("train_size", "test_size", "message"),
    [
        (
            2,
            None,
            r"^train_size must be at least 3, a row of each class, got 2 instead: leave it",
        ),
        (None, 0.0, r"^test_size must be a finite number greater than 0, got 0\.0 instead"),
        (
            None,
            2,
            r"^test_size must be from 3 rows, one of each class, to 87, for 90 rows of 3 "
            r"classes, got 2 instead: 0\.25 tests on a quarter of the rows, 500 on 500 of them\.$",
        ),
        (None, 88, r"^test_size must be from 3 rows, one of each class, to 87, for 90 rows"),
        (None, 0.99, r"^test_size must be from 3 rows, .*, got 0\.99 instead: "),
        (
            None,
            1.5,
            r"^test_size must be a share below 1, or a whole number of rows, got 1\.5 instead: "
            r"0\.25 tests on a quarter of the rows, 500 on 500 of them\.$",
        ),
    ],
    ids=["train", "zero", "few", "many", "share", "fraction"],
)
def test_bad_sizes(rows, train_size, test_size, message):
    with pytest.raises(ValueError, match=message):
        draw_splits(*rows, 1, train_size=train_size, test_size=test_size)


def test_test_rows_of_another_kind(rows):
    with pytest.raises(ValueError) as caught:
        draw_splits(*rows, 1, X_test=np.zeros((3, 4)), y_test=["a", "b", "c"])
    assert str(caught.value) == (
        "X_test must be rows of shape (2,), as those of training, got rows of shape (4,) instead: "
        "bring rows like those of training."
    )
    with pytest.raises(ValueError) as caught:
        list(draw_splits(*rows, 1, X_test=np.zeros((1, 2)), y_test=["z"]))
    assert str(caught.value) == (
        "y_test must be labels that training has seen, 'a', 'b', 'c', got labels 'z' instead: "
        "bring rows of these classes only."
    )


def test_sparse_rows(rows):
    (dense,), (sparse,) = (draw_splits(X, rows[1], 1) for X in (rows[0], sp.coo_matrix(rows[0])))
    np.testing.assert_array_equal(sparse.X.toarray(), dense.X)
    np.testing.assert_array_equal(sparse.X_test.toarray(), dense.X_test)


def test_labels_are_single():
    with pytest.raises(ValueError) as caught:
        draw_splits(np.zeros((6, 2)), np.eye(2)[[0, 1] * 3], 1)
    assert str(caught.value) == (
        "y must be of shape (n,), one label per row, got shape (6, 2) instead: one-hot rows become "
        "labels by y.argmax(axis=1)."
    )


def test_one_kind_of_test_rows(rows, test_rows):
    with pytest.raises(ValueError) as caught:
        draw_splits(*rows, 1, test_size=0.25, **test_rows)
    assert str(caught.value) == (
        "test_size must be left out, got 0.25 besides test rows instead: leave one of them out."
    )
