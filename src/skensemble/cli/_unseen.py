"""Labelled rows that a run should not have seen."""

from __future__ import annotations

import os
import re
from typing import Any

import numpy as np
from numpy.typing import NDArray

from skensemble._validation import Described, must_be
from skensemble.cli._console import Output
from skensemble.cli._data import CIFAR, DataOptions, read_rows_for
from skensemble.cli._labels import class_indices
from skensemble.cli._run_directory import Run
from skensemble.cli._run_files import OWN_HOLDOUT
from skensemble.cli._scores import FloatArray

_PLACE_AND_PART = re.compile(r"(.*?)(?: \((\w+)\))?", re.DOTALL)


def warn_about_training_rows(run: Run, data: DataOptions, out: Output) -> None:
    """Say so where rows look like those that the run was trained on."""
    trained = run.config["data"]
    if _overlap(name_of(data), _name(trained["source"], trained["subset"], "train")):
        out.warn(
            f"{data.source} is what {run.path} was trained on: of rows that have trained a network "
            "it knows more than of any others. Bring rows that it has not seen."
        )


def warn_about_seen_rows(run: Run, data: DataOptions, out: Output) -> None:
    """Say so where rows look like those that trained the run, or that chose its weights."""
    warn_about_training_rows(run, data, out)
    if run.weights_source != OWN_HOLDOUT and _overlap(name_of(data), run.weights_source):
        out.warn(
            f"{data.source} is what the weights of {run.path} come from: on these rows they do "
            "better than on any others. Bring rows that have chosen nothing about it."
        )


def name_of(data: DataOptions) -> str:
    """Call rows by an absolute path, and the part of it that they are: ``"cifar10 (test)"``."""
    return _name(data.source, data.subset, "test")


def _name(source: str, subset: str | None, of_cifar: str) -> str:
    if source in CIFAR:
        return f"{source} ({subset or of_cifar})"
    place = os.path.abspath(source)
    if subset is None:
        return place
    return os.path.join(place, subset) if os.path.isdir(place) else f"{place} ({subset})"


def _overlap(name: str, other: str) -> bool:
    (place, part), (other_place, other_part) = map(_place_and_part, (name, other))
    parts = {part, other_part}
    return place == other_place and (len(parts) == 1 or "all" in parts)


def _place_and_part(name: str) -> tuple[str, str]:
    found = _PLACE_AND_PART.fullmatch(name)
    assert found is not None  # it fits any text
    place, part = found.groups()
    return place if place in CIFAR else os.path.realpath(place), part or "all"


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
