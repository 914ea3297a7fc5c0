"""Columns of a table: the choice of features and target, and their values as arrays."""

import difflib
from collections.abc import Iterable, Sequence

import numpy as np

from skensemble._validation import Described, must_be
from skensemble.datasets._sources import check_labelled, listed


def choose_columns(
    file: str,
    found: Sequence[str],
    target: str | None,
    columns: Sequence[str] | None,
    labelled: bool,
) -> tuple[list[str], str | None]:
    """Names of the features, in order, and of the target if the table has one."""
    check_labelled(labelled)
    there_are = f"{file} has {listed(found)}"
    if target is not None and not isinstance(target, str):
        raise TypeError(must_be("target", "the name of a column", target, there_are))
    if labelled and target is None:
        raise ValueError(
            must_be("target", "the name of the column with the labels", None, there_are)
        )
    if labelled and target not in found:
        fix = _did_you_mean(target, found) + there_are
        raise ValueError(must_be("target", f"a column of {file}", target, fix))
    if columns is None:
        features = [name for name in found if name != target]
        nameless = [name for name in features if name.startswith(("Unnamed: ", "__index_level_"))]
        if nameless:
            got = Described(listed(nameless, 5))
            fix = (
                "it looks like numbers of rows; write the file without them (index=False), or "
                "name the features with columns="
            )
            raise ValueError(must_be(f"the columns of {file}", "named", got, fix))
    elif isinstance(columns, Iterable):
        features = [columns] if isinstance(columns, str) else list(columns)
    else:
        fix = "None takes all but the target"
        raise TypeError(must_be("columns", "the names of columns", columns, fix))
    missing = [name for name in features if name not in found]
    if missing:
        fix = _did_you_mean(missing[0], found) + there_are
        raise ValueError(
            must_be("columns", f"columns of {file}", Described(listed(missing, 5)), fix)
        )
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


def check_once(file: str, names: Sequence[str]) -> None:
    """Raise if two columns have the same name; pandas would rename the second."""
    twice = sorted({name for name in names if name and names.count(name) > 1})
    if twice:
        got = Described(f"{listed(twice, 5)} more than once")
        fix = "rename them, or remove all but one"
        raise ValueError(must_be(f"the columns of {file}", "of different names", got, fix))


def feature_array(file: str, frame, names: list[str]) -> np.ndarray:
    """Float32 array of shape (n, d) of the columns, all of them finite numbers."""
    other = [name for name in names if frame[name].dtype.kind not in "biuf"]
    if other:
        got = Described(f"{len(other)} columns that are not")
        fix = f"encode {listed(other)} as numbers, or leave them out with columns="
        raise ValueError(must_be(f"the features of {file}", "numbers", got, fix))
    counts = {name: int(frame[name].isna().sum()) for name in names}
    missing = {name: count for name, count in counts.items() if count}
    if missing:
        raise _not_finite(file, "without missing values", "missing", missing, len(frame))
    X = np.empty((len(frame), len(names)), np.float32)
    with np.errstate(over="ignore"):
        for j, name in enumerate(names):
            X[:, j] = frame[name].to_numpy(dtype=np.float32)
    if not np.isfinite(X).all():
        wrong = np.count_nonzero(~np.isfinite(X), axis=0)
        infinite = {names[j]: int(wrong[j]) for j in np.flatnonzero(wrong)}
        raise _not_finite(file, "within the range of float32", "too large", infinite, len(frame))
    return X


def _not_finite(file, must, what, counts: dict[str, int], n: int) -> ValueError:
    shown = [f"{count} in {name!r}" for name, count in list(counts.items())[:10]]
    more = f" and in {len(counts) - 10} columns more" if len(counts) > 10 else ""
    fix = f"of {n} rows, {', '.join(shown)}{more} are {what}; fill, scale or remove them"
    got = Described(f"{sum(counts.values())} values that are {what}")
    return ValueError(must_be(f"the features of {file}", must, got, fix))


def label_array(file: str, series) -> np.ndarray:
    """Labels of shape (n,): numbers, or an array of str."""
    missing = int(series.isna().sum())
    if missing:
        must = "without missing values"
        got = Described(f"{missing} of {len(series)} rows")
        fix = "fill or remove them; in CSV, empty and words such as NA, None or null are missing"
        raise ValueError(must_be(f"the target {series.name!r} of {file}", must, got, fix))
    # Nullable numbers become plain ones, and categories their values.
    values = series.to_numpy(dtype=getattr(series.dtype, "numpy_dtype", None))
    if values.dtype.kind in "biuf":
        return values
    if all(isinstance(value, str) for value in values):
        return values.astype(str)
    what = f"the target {series.name!r} of {file}"
    got = Described(f"values of {series.dtype}")
    raise ValueError(must_be(what, "strings or numbers", got, "write the labels as strings"))
