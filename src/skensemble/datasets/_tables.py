"""Load tables from CSV and Parquet files."""

import difflib
import os
import zlib
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager

import numpy as np

from skensemble._validation import Described, must_be
from skensemble.datasets._dataset import (
    Dataset,
    check_labelled,
    existing_file,
    import_extra,
    listed,
)


def load_csv(
    path: str | os.PathLike[str],
    target: str | None = None,
    *,
    columns: Sequence[str] | None = None,
    labelled: bool = True,
) -> Dataset:
    r"""Load a table from a CSV file.

    Parameters
    ----------
    path : str or path
        A file with the names of the columns in its first line; ``.csv.gz`` is decompressed.
    target : str
        The column with the labels.
    columns : sequence of str, optional
        The features, in this order. Default: all other columns.
    labelled : bool, default=True
        False: the target may be missing from the file, or not given; ``y`` is then None. A given
        target is never one of the features.

    Returns
    -------
    Dataset
        ``X`` float32 of shape (n, d); ``y`` the labels, strings or numbers, of shape (n,);
        ``feature_names``. Booleans become 0 and 1. Whole numbers above 2^24 are rounded to the
        precision of float32.

    Raises
    ------
    FileNotFoundError
        If there is no such file.
    TypeError, ValueError
        If it cannot be read, a column is missing (the message suggests the nearest name), features
        are not numbers, or values are missing or infinite; the message names the columns.
    ImportError
        If pandas is not installed.

    Examples
    --------
    >>> import os, tempfile
    >>> from skensemble.datasets import load_csv
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = os.path.join(folder, "flowers.csv")
    ...     with open(path, "w") as file:
    ...         _ = file.write("length,width,kind\n5.1,3.5,setosa\n6.3,3.3,virginica\n")
    ...     data = load_csv(path, "kind")
    >>> data
    Dataset(X: float32 (2, 2), y: 2 classes)
    >>> data.feature_names, data.y
    (('length', 'width'), array(['setosa', 'virginica'], dtype='<U9'))
    """
    pandas = import_extra("pandas", "pandas", "CSV files")
    file = existing_file(path)
    with _readable(file, "CSV"):
        header = pandas.read_csv(file, nrows=1, header=None, dtype=str, keep_default_na=False)
        found = list(pandas.read_csv(file, nrows=0).columns)
    names = header.iloc[0].tolist()
    twice = sorted({name for name in names if name and names.count(name) > 1})
    if twice:  # pandas renames the second
        got = Described(f"{listed(twice, 5)} more than once")
        fix = "rename them, or remove all but one"
        raise ValueError(must_be(f"the columns of {file}", "of different names", got, fix))
    features, label = _choose_columns(file, found, target, columns, labelled)
    with _readable(file, "CSV"):
        # All columns: with usecols, pandas accepts lines that have too many fields.
        frame = pandas.read_csv(file, low_memory=False)
    return _dataset(file, frame, features, label)


def load_parquet(
    path: str | os.PathLike[str],
    target: str | None = None,
    *,
    columns: Sequence[str] | None = None,
    labelled: bool = True,
) -> Dataset:
    """Load a table from a Parquet file.

    Only the columns asked for are read. An index that pandas wrote is not a feature.

    Parameters
    ----------
    path : str or path
        The file.
    target, columns, labelled
        As for `load_csv`.

    Returns
    -------
    Dataset
        As from `load_csv`.

    Raises
    ------
    FileNotFoundError, ValueError
        As `load_csv`.
    ImportError
        If pandas or pyarrow is not installed.

    Examples
    --------
    >>> import os, tempfile
    >>> import pandas as pd
    >>> from skensemble.datasets import load_parquet
    >>> frame = pd.DataFrame({"length": [5.1, 6.3], "kind": [0, 1]})
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = os.path.join(folder, "flowers.parquet")
    ...     frame.to_parquet(path)
    ...     load_parquet(path, "kind")
    Dataset(X: float32 (2, 1), y: 2 classes)
    """
    pandas = import_extra("pandas", "pandas", "Parquet files")
    parquet = import_extra("pyarrow.parquet", "pyarrow", "Parquet files")
    file = existing_file(path)
    with _readable(file, "Parquet"):
        schema = parquet.read_schema(file)
    index = (schema.pandas_metadata or {}).get("index_columns", [])
    found = [name for name in schema.names if name not in index]
    features, label = _choose_columns(file, found, target, columns, labelled)
    wanted = [*features, *([] if label is None else [label])]
    with _readable(file, "Parquet"):
        frame = pandas.read_parquet(file, columns=wanted, engine="pyarrow")
    return _dataset(file, frame, features, label)


def _dataset(file, frame, features, label) -> Dataset:
    if not len(frame):
        fix = "check that it was written"
        raise ValueError(must_be(file, "a table with rows", Described("no rows"), fix))
    y = None if label is None else _label_array(file, frame[label])
    return Dataset(_feature_array(file, frame, features), y, feature_names=tuple(features))


@contextmanager
def _readable(file, kind) -> Iterator[None]:
    try:
        yield
    except (EOFError, OSError, ValueError, zlib.error) as error:  # pandas's own are ValueErrors
        got = Described(str(error).strip() or type(error).__name__)
        fix = "check that it is one, and whole"
        raise ValueError(must_be(file, f"a {kind} file", got, fix)) from error


def _choose_columns(file, found, target, columns, labelled) -> tuple[list[str], str | None]:
    """Names of the features, in order, and of the target if the table has one."""
    check_labelled(labelled)
    there_are = f"{file} has {listed(found)}"
    if target is not None and not isinstance(target, str):
        raise TypeError(must_be("target", "the name of a column", target, there_are))
    if labelled and target is None:
        must = "the name of the column with the labels"
        raise ValueError(must_be("target", must, None, there_are))
    if labelled and target not in found:
        fix = _did_you_mean(target, found) + there_are
        raise ValueError(must_be("target", f"a column of {file}", target, fix))
    if columns is None:
        features = [name for name in found if name != target]
        nameless = [name for name in features if name.startswith(("Unnamed: ", "__index_level_"))]
        if nameless:
            got = Described(listed(nameless, 5))
            fix = "it looks like numbers of rows; write the file without them (index=False), or "
            fix += "name the features with columns="
            raise ValueError(must_be(f"the columns of {file}", "named", got, fix))
    elif isinstance(columns, Iterable):
        features = [columns] if isinstance(columns, str) else list(columns)
    else:
        fix = "None takes all but the target"
        raise TypeError(must_be("columns", "the names of columns", columns, fix))
    missing = [name for name in features if name not in found]
    if missing:
        got = Described(listed(missing, 5))
        fix = _did_you_mean(missing[0], found) + there_are
        raise ValueError(must_be("columns", f"columns of {file}", got, fix))
    if target in features or len(set(features)) < len(features):
        must = "features, each once, without the target"
        raise ValueError(must_be("columns", must, columns, "name each column once"))
    if not features:
        got = Described(f"only {target!r}" if target in found else "none")
        raise ValueError(must_be(f"the columns of {file}", "features", got, "add some"))
    return features, target if target in found else None


def _did_you_mean(name, found) -> str:
    near = difflib.get_close_matches(str(name), found, n=1)
    return f"did you mean {near[0]!r}? " if near else ""


def _feature_array(file: str, frame, names: list[str]) -> np.ndarray:
    other = [name for name in names if frame[name].dtype.kind not in "biuf"]
    if other:
        got = Described(f"{len(other)} columns that are not")
        fix = f"encode {listed(other)} as numbers, or leave them out with columns="
        raise ValueError(must_be(f"the features of {file}", "numbers", got, fix))
    X = np.empty((len(frame), len(names)), np.float32)
    with np.errstate(over="ignore"):
        for j, name in enumerate(names):
            X[:, j] = frame[name].to_numpy(dtype=np.float32, na_value=np.nan)
    _check_none(np.isnan, X, file, names, "without missing values", "missing")
    _check_none(np.isinf, X, file, names, "within the range of float32", "too large")
    return X


def _check_none(is_bad, X, file, names, must, bad) -> None:
    counts = np.count_nonzero(is_bad(X), axis=0).tolist()
    of_each = [f"{count} in {name!r}" for name, count in zip(names, counts, strict=True) if count]
    if of_each:
        more = f" and in {len(of_each) - 10} columns more" if len(of_each) > 10 else ""
        listing = ", ".join(of_each[:10]) + more
        fix = f"of {len(X)} rows, {listing} are {bad}; fill, scale or remove them"
        got = Described(f"{sum(counts)} values that are {bad}")
        raise ValueError(must_be(f"the features of {file}", must, got, fix))


def _label_array(file: str, series) -> np.ndarray:
    """Labels of shape (n,): numbers, or an array of str."""
    what = f"the target {series.name!r} of {file}"
    missing = int(series.isna().sum())
    if missing:
        got = Described(f"{missing} of {len(series)} rows")
        fix = "fill or remove them; in CSV, empty and words such as NA, None or null are missing"
        raise ValueError(must_be(what, "without missing values", got, fix))
    # Nullable numbers become plain ones, and categories their values.
    values = series.to_numpy(dtype=getattr(series.dtype, "numpy_dtype", None))
    if values.dtype.kind in "biuf":
        return values
    if all(isinstance(value, str) for value in values):
        return values.astype(str)
    got = Described(f"values of {series.dtype}")
    raise ValueError(must_be(what, "strings or numbers", got, "write the labels as strings"))
