"""load_csv and load_parquet: values, labels, and columns that cannot be features."""

import datetime as dt
import gzip

import numpy as np
import pandas as pd
import pytest

from skensemble.datasets import load_csv, load_parquet


@pytest.fixture(params=["csv", "parquet"])
def table(request, tmp_path):
    """Write a frame as either kind of file; returns the loader and the path."""

    def table(frame):
        path = tmp_path / f"t.{request.param}"
        if request.param == "csv":
            frame.to_csv(path, index=False)
            return load_csv, path
        frame.to_parquet(path)
        return load_parquet, path

    return table


FRAME = pd.DataFrame(
    {
        "width": [1.25, -2.5, 1e-3],
        "label": ["b", "a", "b"],
        "count": [3, 4, 2**31],
        "round": [True, False, True],
    }
)


def test_values_and_names(table):
    load, path = table(FRAME)
    data = load(path, "label")
    expected = np.array([[1.25, 3, 1], [-2.5, 4, 0], [1e-3, 2**31, 1]], np.float32)
    np.testing.assert_array_equal(data.X, expected)
    assert data.X.dtype == np.float32
    assert data.X.flags.c_contiguous
    assert data.feature_names == ("width", "count", "round")
    assert data.y.tolist() == ["b", "a", "b"]
    assert data.y.dtype.kind == "U"


def test_columns_choose_and_order(table):
    load, path = table(FRAME)
    data = load(str(path), target="label", columns=["round", "width"])
    assert data.feature_names == ("round", "width")
    np.testing.assert_array_equal(data.X[1], np.array([0, -2.5], np.float32))
    assert load(path, "label", columns="width").feature_names == ("width",)


@pytest.mark.parametrize(
    ("target", "features"),
    [("label", ["width", "count", "round"]), ("absent", ["width", "count", "round"]), (None, None)],
    ids=["there", "absent", "not-named"],
)
def test_for_prediction(target, features, table):
    load, path = table(FRAME if target == "label" else FRAME.drop(columns="label"))
    data = load(path, target, labelled=False)
    assert data.feature_names == tuple(features or ["width", "count", "round"])
    assert (None if data.y is None else data.y.tolist()) == (
        ["b", "a", "b"] if target == "label" else None
    )


@pytest.mark.parametrize(
    ("labels", "kind"),
    [([3, 1, 2], "i"), ([True, False, True], "b"), ([0.0, 1.0, 1.0], "f"), (["1", "x", "2"], "U")],
    ids=["int", "bool", "float", "mixed"],
)
def test_labels_are_not_changed(labels, kind, table):
    load, path = table(pd.DataFrame({"a": [1, 2, 3], "y": labels}))
    data = load(path, "y")
    assert data.y.tolist() == labels
    assert data.y.dtype.kind == kind


@pytest.mark.parametrize(
    ("labels", "expected", "kind"),
    [
        (pd.array([3, 1], "Int64"), [3, 1], "i"),
        (pd.Categorical(["u", "v"]), ["u", "v"], "U"),
        (pd.Categorical([7, 5]), [7, 5], "i"),
        (pd.array(["u", "v"], "string"), ["u", "v"], "U"),
        (pd.array([True, False], "boolean"), [True, False], "b"),
    ],
    ids=["nullable-int", "categories", "number-categories", "string", "nullable-bool"],
)
def test_labels_of_pandas_own_types(labels, expected, kind, tmp_path):
    pd.DataFrame({"a": pd.array([1, 2], "Float32"), "y": labels}).to_parquet(tmp_path / "t.pq")
    data = load_parquet(tmp_path / "t.pq", "y")
    assert data.X.tolist() == [[1], [2]]
    assert data.y.tolist() == expected
    assert data.y.dtype.kind == kind


def test_an_index_is_not_a_feature(tmp_path):
    FRAME.set_index(pd.Index([5, 6, 7], name="id")).to_parquet(tmp_path / "t.parquet")
    assert load_parquet(tmp_path / "t.parquet", "label").feature_names == (
        *("width", "count", "round"),
    )


def test_row_numbers_are_not_a_feature(tmp_path, message_of):
    path = tmp_path / "t.csv"
    FRAME.to_csv(path)
    assert message_of(ValueError, load_csv, path, "label") == (
        f"the columns of {path} must be named, got 'Unnamed: 0' instead: it looks like numbers of "
        "rows; write the file without them (index=False), or name the features with columns=."
    )
    assert load_csv(path, "label", columns=["Unnamed: 0", "width"]).X[2, 0] == 2


def message(table, frame, *args, message_of, **kwargs):
    load, path = table(frame)
    kind = kwargs.pop("kind", ValueError)
    return message_of(kind, load, path, *args, **kwargs).replace(str(path), "FILE")


CASES = {
    "no-target": (
        FRAME,
        {},
        "target must be the name of the column with the labels, got None instead: FILE has "
        "'width', 'label', 'count', 'round'.",
    ),
    "target-missing": (
        FRAME,
        {"target": "lable"},
        "target must be a column of FILE, got 'lable' instead: did you mean 'label'? FILE has "
        "'width', 'label', 'count', 'round'.",
    ),
    "target-unlike-any": (
        FRAME,
        {"target": "z"},
        "target must be a column of FILE, got 'z' instead: FILE has 'width', 'label', 'count', "
        "'round'.",
    ),
    "columns-missing": (
        FRAME,
        {"target": "label", "columns": ["width", "height", "counts"]},
        "columns must be columns of FILE, got 'height', 'counts' instead: FILE has 'width', "
        "'label', 'count', 'round'.",
    ),
    "target-among-columns": (
        FRAME,
        {"target": "label", "columns": ["width", "label"]},
        "columns must be features, each once, without the target, got ['width', 'label'] instead: "
        "name each column once.",
    ),
    "column-twice": (
        FRAME,
        {"target": "label", "columns": ["width", "width"]},
        "columns must be features, each once, without the target, got ['width', 'width'] instead: "
        "name each column once.",
    ),
    "no-features": (
        FRAME[["label"]],
        {"target": "label"},
        "the columns of FILE must be features, got only 'label' instead: add some.",
    ),
    "text": (
        FRAME.assign(city=["x", "y", "z"], size=["1", "2", "large"]),
        {"target": "label"},
        "the features of FILE must be numbers, got 2 columns that are not instead: encode 'city', "
        "'size' as numbers, or leave them out with columns=.",
    ),
    "missing-values": (
        FRAME.assign(width=[1, None, None], depth=[None, 1.0, 2.0]),
        {"target": "label"},
        "the features of FILE must be without missing values, got 3 values that are missing "
        "instead: of 3 rows, 2 in 'width', 1 in 'depth' are missing; fill, scale or remove them.",
    ),
    "infinite": (
        FRAME.assign(width=[1, np.inf, 1e300], depth=[1.0, -np.inf, 2.0]),
        {"target": "label"},
        "the features of FILE must be within the range of float32, got 3 values that are too large "
        "instead: of 3 rows, 2 in 'width', 1 in 'depth' are too large; fill, scale or remove them.",
    ),
    "labels-missing": (
        FRAME.assign(label=["a", None, "b"]),
        {"target": "label"},
        "the target 'label' of FILE must be without missing values, got 1 of 3 rows instead: fill "
        "or remove them; in CSV, empty and words such as NA, None or null are missing.",
    ),
    "no-rows": (
        FRAME[:0],
        {"target": "label"},
        "FILE must be a table with rows, got no rows instead: check that it was written.",
    ),
}


@pytest.mark.parametrize(("frame", "options", "expected"), CASES.values(), ids=CASES)
def test_bad_tables(frame, options, expected, table, message_of):
    assert message(table, frame, message_of=message_of, **options) == expected


def test_a_target_that_is_not_a_name(table, message_of):
    assert message(table, FRAME, 1, message_of=message_of, kind=TypeError) == (
        "target must be the name of a column, got 1 instead: FILE has 'width', 'label', 'count', "
        "'round'."
    )


def test_columns_that_are_not_names(table, message_of):
    assert message(table, FRAME, "label", message_of=message_of, kind=TypeError, columns=3) == (
        "columns must be the names of columns, got 3 instead: None takes all but the target."
    )


def test_the_first_of_many_columns_are_listed(table, message_of):
    frame = pd.DataFrame({f"c{i}": [i] for i in range(30)})
    names = ", ".join(f"'c{i}'" for i in range(20))
    assert message(table, frame, "label", message_of=message_of) == (
        f"target must be a column of FILE, got 'label' instead: FILE has {names} and 10 more."
    )
    holes = frame.astype(float).replace(dict.fromkeys(range(29), np.nan))
    text = message(table, holes, "c29", message_of=message_of)
    shown = ", ".join(f"1 in 'c{i}'" for i in range(10))
    assert f"of 1 rows, {shown} and in 19 columns more are missing; " in text


def test_labels_that_are_neither_text_nor_numbers(tmp_path, message_of):
    path = tmp_path / "t.parquet"
    pd.DataFrame({"a": [1.0], "y": [dt.datetime(2020, 1, 1)]}).to_parquet(path)
    assert message_of(ValueError, load_parquet, path, "y") == (
        f"the target 'y' of {path} must be strings or numbers, got values of datetime64[us] "
        "instead: write the labels as strings."
    )


def test_files_of_another_kind(tmp_path, message_of):
    path = tmp_path / "t.csv"
    fix = "check that it is one, and whole."
    path.write_bytes(b"")
    assert message_of(ValueError, load_csv, path, "y") == (
        f"{path} must be a CSV file, got No columns to parse from file instead: {fix}"
    )
    path.write_text("a,y\n1,2\n3,4,5\n")
    for columns in (None, ["a"]):
        assert message_of(ValueError, load_csv, path, "y", columns=columns) == (
            f"{path} must be a CSV file, got Error tokenizing data. C error: Expected 2 fields in "
            f"line 3, saw 3 instead: {fix}"
        )
    path.write_bytes("a,y\n1,é\n".encode("latin-1"))
    assert message_of(ValueError, load_csv, path, "y").startswith(
        f"{path} must be a CSV file, got 'utf-8' codec can't decode byte 0xe9 in position "
    )
    packed = tmp_path / "t.csv.gz"
    packed.write_bytes(gzip.compress(b"a,y\n1,2\n" * 2000)[:-20])
    assert message_of(ValueError, load_csv, packed, "y") == (
        f"{packed} must be a CSV file, got Compressed file ended before the end-of-stream marker "
        f"was reached instead: {fix}"
    )
    packed.write_text("a,y\n1,2\n")
    assert message_of(ValueError, load_csv, packed, "y") == (
        f"{packed} must be a CSV file, got Not a gzipped file (b'a,') instead: {fix}"
    )
    table = tmp_path / "t.parquet"
    table.write_text("a,y\n1,2\n3,4\n")
    assert message_of(ValueError, load_parquet, table, "y").startswith(
        f"{table} must be a Parquet file, got Parquet magic bytes not found in footer."
    )


def test_columns_with_the_same_name(tmp_path, message_of):
    path = tmp_path / "t.csv"
    path.write_text("a,t,t\n1,x,x\n2,y,y\n")
    assert message_of(ValueError, load_csv, path, "t") == (
        f"the columns of {path} must be of different names, got 't' more than once instead: rename "
        "them, or remove all but one."
    )
