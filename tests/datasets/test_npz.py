"""load_npz: layouts, labels, and files of other kinds."""

import io
import zipfile

import numpy as np
import pytest

from skensemble.datasets import load_npz

X = np.arange(12, dtype=np.uint8).reshape(3, 2, 2)
Y = np.array(["b", "a", "b"])


@pytest.fixture
def path(tmp_path):
    return tmp_path / "data.npz"


@pytest.mark.parametrize("name", ["X", "x"])
@pytest.mark.parametrize("compressed", [False, True], ids=["plain", "compressed"])
def test_rows_and_labels(name, compressed, path):
    (np.savez_compressed if compressed else np.savez)(path, **{name: X, "y": Y})
    data = load_npz(path)
    np.testing.assert_array_equal(data.X, X)
    np.testing.assert_array_equal(data.y, Y)
    assert data.X.dtype == np.uint8
    assert data.y.dtype.kind == "U"


@pytest.mark.parametrize("name", ["X", "x"])
def test_the_layout_of_keras(name, path):
    arrays = {f"{name}_train": X, "y_train": [[0], [1], [2]], f"{name}_test": X[:2] + 1}
    np.savez(path, **arrays, y_test=[[3], [4]])
    train, test = (load_npz(str(path), subset=subset) for subset in ("train", "test"))
    np.testing.assert_array_equal(train.X, X)
    np.testing.assert_array_equal(test.X, X[:2] + 1)
    assert train.y.tolist() == [0, 1, 2]
    assert test.y.tolist() == [3, 4]


def test_labels_may_be_missing_with_labelled_false(path):
    np.savez(path, X=X)
    assert load_npz(path, labelled=False).y is None
    np.savez(path, X=X, y=Y)
    np.testing.assert_array_equal(load_npz(path, labelled=False).y, Y)


def test_integer_labels_stay_integers(path):
    np.savez(path, X=X, y=np.array([5, 7, 5], np.int16))
    assert load_npz(path).y.dtype == np.int16


CASES = {
    "other-names": (
        {"a": X, "b": Y},
        {},
        "the arrays of {path} must be X (or x) and y, got 'a', 'b' instead: write it with "
        "numpy.savez(path, X=X, y=y).",
    ),
    "no-labels": (
        {"X": X},
        {},
        "the arrays of {path} must be X (or x) and y, got 'X' instead: rows without labels can be "
        "read with labelled=False.",
    ),
    "nothing": (
        {},
        {"labelled": False},
        "the arrays of {path} must be X (or x), got none instead: write it with "
        "numpy.savez(path, X=X, y=y).",
    ),
    "subset-not-named": (
        {"x_train": X, "y_train": Y, "x_test": X, "y_test": Y},
        {},
        "subset must be one of those in {path}, 'test', 'train', got None instead: pass the one "
        "to read, as in subset='train'.",
    ),
    "subset-not-there": (
        {"x_train": X, "y_train": Y, "x_test": X, "y_test": Y},
        {"subset": "val"},
        "the arrays of {path} must be X_val (or x_val) and y_val, got 'x_train', 'y_train', "
        "'x_test', 'y_test' instead: subset can be 'test', 'train'.",
    ),
    "subset-not-used": (
        {"X": X, "y": Y},
        {"subset": "train"},
        "the arrays of {path} must be X_train (or x_train) and y_train, got 'X', 'y' instead: "
        "leave subset out.",
    ),
    "lengths": (
        {"X": X, "y": Y[:2]},
        {},
        "y of {path} must be one number or string for each row of X, of shape (3,), got an array "
        "of <U1 and shape (2,) instead: save the label of each row, of one-hot labels their "
        "argmax.",
    ),
    "missing": (
        {"X": X, "y": np.array([1.0, np.nan, 3.0])},
        {},
        "y of {path} must be a finite label for each row, got 1 of 3 rows without instead: fill or "
        "remove them.",
    ),
    "one-hot": (
        {"X": X, "y": np.eye(3)},
        {},
        "y of {path} must be one number or string for each row of X, of shape (3,), got an array "
        "of float64 and shape (3, 3) instead: save the label of each row, of one-hot labels their "
        "argmax.",
    ),
    "rows-of-strings": (
        {"X": Y[:, None], "y": Y},
        {},
        "X of {path} must be numbers of shape (n, ...), at least one row, got an array of <U1 and "
        "shape (3, 1) instead: one row for each example.",
    ),
    "one-row": (
        {"x": np.zeros(3), "y": Y},
        {},
        "x of {path} must be numbers of shape (n, ...), at least one row, got an array of float64 "
        "and shape (3,) instead: one row for each example.",
    ),
    "no-rows": (
        {"X": X[:0], "y": Y[:0]},
        {},
        "X of {path} must be numbers of shape (n, ...), at least one row, got an array of uint8 "
        "and shape (0, 2, 2) instead: one row for each example.",
    ),
    "objects": (
        {"X": X, "y": np.array([1, "a", None], object)},
        {},
        "y of {path} must be an array of numbers or strings that can be read without pickle, got "
        "Object arrays cannot be loaded when allow_pickle=False instead: write the file again.",
    ),
}


@pytest.mark.parametrize(("arrays", "options", "message"), CASES.values(), ids=CASES)
def test_arrays_that_do_not_fit(arrays, options, message, path, message_of):
    np.savez(path, **arrays)
    assert message_of(ValueError, load_npz, path, **options) == message.format(path=path)


def test_files_of_another_kind(path, message_of):
    fix = "write it with numpy.savez(path, X=X, y=y)."
    assert message_of(FileNotFoundError, load_npz, path) == (
        f"path must be a file that exists, got '{path}' instead: check its name."
    )
    assert message_of(IsADirectoryError, load_npz, path.parent) == (
        f"path must be a file, got '{path.parent}' instead: it is a folder; name a file in it."
    )
    path.write_bytes(b"")
    assert message_of(ValueError, load_npz, path) == (
        f"{path} must be an .npz file, got No data left in file instead: {fix}"
    )
    buffer = io.BytesIO()
    np.save(buffer, X)
    path.write_bytes(buffer.getvalue())
    assert message_of(ValueError, load_npz, path) == (
        f"{path} must be an .npz file, got one array, not an archive of them instead: {fix}"
    )
    np.savez(path, X=X, y=Y)
    path.write_bytes(path.read_bytes()[:300])
    assert message_of(ValueError, load_npz, path) == (
        f"{path} must be an .npz file, got File is not a zip file instead: {fix}"
    )


def test_a_damaged_array(path, message_of):
    np.savez(path, X=X, y=Y)
    with zipfile.ZipFile(path) as archive:
        offset = archive.getinfo("X.npy").header_offset
    content = bytearray(path.read_bytes())
    start = content.index(X.tobytes(), offset)
    content[start : start + 4] = b"\xff\xff\xff\xff"
    path.write_bytes(content)
    assert message_of(ValueError, load_npz, path) == (
        f"X of {path} must be an array of numbers or strings that can be read without pickle, got "
        "Bad CRC-32 for file 'X.npy' instead: write the file again."
    )
