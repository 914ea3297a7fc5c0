"""Labelled rows that a run should not have seen."""

import os
import re

import numpy as np

from skensemble._validation import Described, must_be
from skensemble.cli._console import Output
from skensemble.cli._option_groups import RowOptions
from skensemble.cli._row_source import CIFAR, read_rows_for
from skensemble.persistence import OWN_HOLDOUT, Run
from skensemble.tasks import class_indices

_PLACE_AND_PART = re.compile(r"(.*?)(?: \((\w+)\))?", re.DOTALL)


def warn_about_training_rows(run: Run, data: str, subset: str | None, out: Output) -> None:
    """Say so where rows look like those that the run was trained on."""
    trained = run.config["data"]
    if trained["source"] is None:  # it was trained in Python
        return
    if _overlap(rows_name(data, subset), _name(trained["source"], trained["subset"], "train")):
        out.warn(
            f"{data} is what {run.path} was trained on: of rows that have trained a network "
            "it knows more than of any others. Bring rows that it has not seen."
        )


def warn_about_seen_rows(run: Run, data: str, subset: str | None, out: Output) -> None:
    """Say so where rows look like those that trained the run, or that chose its weights."""
    warn_about_training_rows(run, data, subset, out)
    if run.weights_source != OWN_HOLDOUT and _overlap(rows_name(data, subset), run.weights_source):
        out.warn(
            f"{data} is what the weights of {run.path} come from: on these rows they do "
            "better than on any others. Bring rows that have chosen nothing about it."
        )


def rows_name(data: str, subset: str | None) -> str:
    """Call rows by an absolute path, and the part of it that they are: ``"cifar10 (test)"``."""
    return _name(data, subset, "test")


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


def labelled_rows(
    run: Run, data: str, options: RowOptions
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Read labelled rows for a run; there is at least one."""
    rows = read_rows_for(run, data, options, labelled=True)
    if rows.y is None or len(rows.y) == 0:
        fix = "bring at least one labelled row"
        raise ValueError(must_be("--data", "labelled rows", Described("none"), fix))
    return rows.X, rows.y, class_indices(rows.y, run.classes, "--data")
