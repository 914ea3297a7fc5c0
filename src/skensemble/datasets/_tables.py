"""Load tables from CSV and Parquet files."""

import os
import zlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from skensemble._validation import Described, must_be
from skensemble.datasets._columns import check_once, choose_columns, feature_array, label_array
from skensemble.datasets._dataset import Dataset
from skensemble.datasets._sources import existing_file, import_extra


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
    damaged = (EOFError, OSError, ValueError, zlib.error)  # pandas's own are ValueErrors
    with _readable(file, "CSV", damaged):
        header = pandas.read_csv(file, nrows=1, header=None, dtype=str, keep_default_na=False)
        found = list(pandas.read_csv(file, nrows=0).columns)
    check_once(file, header.iloc[0].tolist())
    features, label = choose_columns(file, found, target, columns, labelled)
    with _readable(file, "CSV", damaged):
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
    damaged = (OSError, ValueError)  # pyarrow's own are ValueErrors
    with _readable(file, "Parquet", damaged):
        schema = parquet.read_schema(file)
    index = (schema.pandas_metadata or {}).get("index_columns", [])
    found = [name for name in schema.names if name not in index]
    features, label = choose_columns(file, found, target, columns, labelled)
    wanted = [*features, *([] if label is None else [label])]
    with _readable(file, "Parquet", damaged):
        frame = pandas.read_parquet(file, columns=wanted, engine="pyarrow")
    return _dataset(file, frame, features, label)


def _dataset(file, frame, features, label) -> Dataset:
    if not len(frame):
        got = Described("no rows")
        raise ValueError(must_be(file, "a table with rows", got, "check that it was written"))
    y = None if label is None else label_array(file, frame[label])
    return Dataset(feature_array(file, frame, features), y, feature_names=tuple(features))


@contextmanager
def _readable(file, kind, damaged) -> Iterator[None]:
    """Turn errors of the reader into one that names the file."""
    try:
        yield
    except damaged as error:
        got = Described(str(error).strip() or type(error).__name__)
        fix = "check that it is one, and whole"
        raise ValueError(must_be(file, f"a {kind} file", got, fix)) from error
