"""Training and test rows of a comparison."""

import numpy as np
import pytest

from skensemble.cli._data import DataOptions, draw
from skensemble.cli._splits import Splits


@pytest.fixture
def path(tmp_path):
    """90 rows that are numbered, of three classes."""
    X = np.arange(90, dtype="float32")[:, None].repeat(2, axis=1)
    np.savez(tmp_path / "rows.npz", X=X, y=np.array(["a", "b", "c"])[np.arange(90) % 3])
    return str(tmp_path / "rows.npz")


@pytest.fixture
def test_path(tmp_path):
    X = np.arange(100, 130, dtype="float32")[:, None].repeat(2, axis=1)
    np.savez(tmp_path / "test.npz", X=X, y=np.array(["c", "b", "a"])[np.arange(30) % 3])
    return str(tmp_path / "test.npz")


def numbers(X):
    return X[:, 0].astype(int).tolist()


def test_every_seed_has_a_split_of_its_own(path):
    splits = Splits(DataOptions(path), None, None)
    found = list(splits(3))
    assert [split.seed for split in found] == [0, 1, 2]
    for split in found:
        assert len(split.X) == 67
        assert len(split.X_test) == 23
        assert sorted(numbers(split.X) + numbers(split.X_test)) == list(range(90))
        assert split.y_test.tolist() == [number % 3 for number in numbers(split.X_test)]
        assert np.bincount(split.y_test).min() >= 7
    assert numbers(found[0].X_test) != numbers(found[1].X_test)
    assert numbers(next(splits(1)).X_test) == numbers(found[0].X_test)


def test_size_of_test_and_training(path):
    (split,) = Splits(DataOptions(path, limit=30), None, 12)(1)
    assert (len(split.X), len(split.X_test)) == (30, 12)
    assert not set(numbers(split.X)) & set(numbers(split.X_test))


@pytest.mark.parametrize("limit", [78, 9999])
def test_a_limit_beyond_the_rows_takes_all(path, limit):
    (split,) = Splits(DataOptions(path, limit=limit), None, 12)(1)
    assert len(split.X) == 78


def test_classes_of_one_row(tmp_path):
    np.savez(tmp_path / "rare.npz", X=np.zeros((9, 2), "float32"), y=np.array(list("aaaabbbbc")))
    with pytest.raises(ValueError) as caught:
        Splits(DataOptions(str(tmp_path / "rare.npz")), None, None)
    assert str(caught.value) == (
        "--data must be of classes of at least two rows, to train and to test on, got one with a "
        "single row instead: bring test rows with --test-data."
    )


@pytest.mark.parametrize(("size", "counts"), [(60, [30, 20, 10]), (89, None), (3, [1, 1, 1])])
def test_drawing_rows(size, counts):
    y = np.repeat([0, 1, 2], [45, 30, 15])
    rows = draw(y, size, 0)
    assert len(set(rows.tolist())) == size
    found = np.bincount(y[rows], minlength=3)
    assert found.min() >= 1
    if counts is not None:
        assert found.tolist() == counts
    assert draw(y, size, 0).tolist() == rows.tolist()
    assert sorted(draw(y, size, 1).tolist()) != sorted(rows.tolist())


def test_drawing_keeps_a_class_of_one_row():
    y = np.array([0] * 20 + [1])
    assert all(20 in draw(y, 2, seed) for seed in range(5))


def test_given_test_rows(path, test_path):
    found = list(Splits(DataOptions(path, limit=60), DataOptions(test_path), None)(2))
    for split in found:
        assert len(split.X) == 60
        assert numbers(split.X_test) == list(range(100, 130))
        assert split.y_test.tolist() == [2, 1, 0] * 10
    assert numbers(found[0].X) != numbers(found[1].X)


def test_built_in_data():
    (split,) = Splits(DataOptions("wine"), None, None)(1)
    assert split.X.shape == (133, 13)
    assert split.X.dtype == np.float32


@pytest.mark.parametrize(
    ("limit", "test_size", "message"),
    [
        (2, None, r"^--limit must be at least 3, a row of each class, got 2 instead: leave it out"),
        (None, 0.0, r"^--test-size must be a finite number greater than 0, got 0\.0 instead"),
        (
            None,
            2,
            r"^--test-size must be from 3 rows, one of each class, to 87, for 90 rows of 3 "
            r"classes, got 2 instead: 0\.25 tests on a quarter of the rows, 500 on 500 of them\.$",
        ),
        (None, 88, r"^--test-size must be from 3 rows, one of each class, to 87, for 90 rows"),
        (None, 0.99, r"^--test-size must be from 3 rows, .*, got 0\.99 instead: "),
        (
            None,
            1.5,
            r"^--test-size must be a share below 1, or a whole number of rows, got 1\.5 instead: "
            r"0\.25 tests on a quarter of the rows, 500 on 500 of them\.$",
        ),
    ],
    ids=["limit", "zero", "few", "many", "share", "fraction"],
)
def test_bad_sizes(path, limit, test_size, message):
    with pytest.raises(ValueError, match=message):
        list(Splits(DataOptions(path, limit=limit), None, test_size)(1))


def test_test_rows_of_another_kind(path, tmp_path):
    np.savez(tmp_path / "wide.npz", X=np.zeros((3, 4), "float32"), y=np.array(["a", "b", "c"]))
    with pytest.raises(ValueError) as caught:
        Splits(DataOptions(path), DataOptions(str(tmp_path / "wide.npz")), None)
    assert str(caught.value) == (
        "--test-data must be rows of shape (2,), as those of --data, got rows of shape (4,) "
        "instead: bring rows like those of training."
    )
    np.savez(tmp_path / "new.npz", X=np.zeros((1, 2), "float32"), y=np.array(["z"]))
    with pytest.raises(ValueError, match="^the test rows must be with labels that"):
        list(Splits(DataOptions(path), DataOptions(str(tmp_path / "new.npz")), None)(1))


def test_one_kind_of_test_rows(path, test_path):
    with pytest.raises(ValueError) as caught:
        Splits(DataOptions(path), DataOptions(test_path), 0.25)
    assert str(caught.value) == (
        "--test-size must be left out, got 0.25 besides --test-data instead: leave one of them out."
    )
