"""Labelled rows that a run should not have seen."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from skensemble._validation import Described, must_be
from skensemble.cli._console import Output
from skensemble.cli._data import DataOptions, read_rows_for
from skensemble.cli._labels import class_indices
from skensemble.cli._run_directory import Run
from skensemble.cli._scores import FloatArray

_CIFAR = ("cifar10", "cifar100")


def warn_about_seen_rows(run: Run, data: DataOptions, out: Output) -> None:
    """Say so where rows look like those that the run was trained on."""
    trained = run.config["data"]
    if not _is_same(data.source, trained["source"]):
        return
    if data.source in _CIFAR:
        parts = {trained["subset"] or "train", data.subset or "test"}
    else:
        parts = {trained["subset"] or "all", data.subset or "all"}
    if len(parts) == 1 or "all" in parts:
        out.warn(
            f"{data.source} is what {run.path} was trained on: of rows that have trained a network "
            "it knows more than of any others. Bring rows that it has not seen."
        )


def _is_same(source: str, other: str) -> bool:
    return source == other or Path(source).resolve() == Path(other).resolve()


def members_on(run: Run, data: DataOptions) -> tuple[FloatArray, NDArray[np.int64]]:
    """Let every snapshot of a run predict labelled rows.

    Parameters
    ----------
    run : Run
        Open.
    data : DataOptions
        Which rows.

    Returns
    -------
    members : ndarray of shape (M, n, k), float64
        Class probabilities; NaN for a snapshot that is not finite.
    y : ndarray of shape (n,), int64
        True classes, as indices into those of the run.

    Raises
    ------
    ValueError, OSError, ImportError
        If the rows cannot be read, are not like those of training, or there are none.
    """
    rows = read_rows_for(run, data, labelled=True)
    y: Any = rows.y
    if len(y) == 0:
        fix = "bring at least one labelled row"
        raise ValueError(must_be("--data", "labelled rows", Described("none"), fix))
    indices = class_indices(y, run.classes)
    return run.estimator().member_predict_proba(rows.X), indices
