"""Reading the rows of ``--data``, and what a run has seen of them."""

import os
import re
import warnings
from collections.abc import Sequence
from dataclasses import asdict, replace
from typing import Any

import numpy as np

from skensemble import datasets
from skensemble._validation import Described, check_integer, must_be
from skensemble.cli._console import Output
from skensemble.cli._option_groups import RowOptions
from skensemble.evaluation import check_train_size, draw_rows, single_labels
from skensemble.persistence import OWN_HOLDOUT, Run
from skensemble.tasks import class_indices

CIFAR = ("cifar10", "cifar100")


def read_rows(
    source: str,
    options: RowOptions,
    *,
    seed: int = 0,
    labelled: bool = True,
    columns: Sequence[str] | None = None,
) -> datasets.Dataset:
    """Read rows, and choose those of ``--limit``; what is not an image has its number as path."""
    limit = options.limit
    if limit is not None:
        check_integer("limit", limit, minimum=1, fix="leave it out to take all rows")
    found = datasets.load(
        source,
        subset=options.subset,
        target=options.target,
        columns=columns,
        image_size=_height_and_width(options.image_size),
        on_unreadable=options.on_unreadable,
        labelled=labelled,
    )
    for name in found.skipped:
        warnings.warn(f"{name} cannot be read and is left out", stacklevel=2)
    X, n = found.X, len(found.X)
    y = None if found.y is None else single_labels(found.y)
    names = found.paths or tuple(map(str, range(n)))
    if limit is not None and limit < n:
        rows = np.arange(limit)
        if y is not None:
            check_train_size(limit, y)
            rows = np.sort(draw_rows(y, limit, seed))
            y = y[rows]
        X, names = X[rows], tuple(names[i] for i in rows)
    return replace(found, X=X, y=y, paths=names)


def _height_and_width(text: str | None) -> tuple[int, int] | None:
    if text is None:
        return None
    sizes = [int(part) if part.isdecimal() else 0 for part in text.split("x")]
    if len(sizes) > 2 or min(sizes) < 1:
        fix = "32 is for 32x32, 32x48 is 32 high and 48 wide"
        raise ValueError(must_be("--image-size", "a size in pixels", text, fix))
    return sizes[0], sizes[-1]


def describe_rows(source: str, options: RowOptions, rows: datasets.Dataset) -> dict[str, Any]:
    """Return the data of a run for ``config.json``; a file or a folder by its absolute path."""
    return {
        "source": source if source in CIFAR else os.path.abspath(source),
        **asdict(options),
        "n_rows": len(rows.X),
        "feature_names": None if rows.feature_names is None else list(rows.feature_names),
        "skipped": list(rows.skipped),
    }


def read_rows_for(
    run: Run, source: str, options: RowOptions, *, labelled: bool, seed: int = 0
) -> datasets.Dataset:
    """Read rows as a run was trained on: its columns, its size of images, its shape."""
    trained = run.config["data"]
    columns = trained["feature_names"]
    is_folder = source not in CIFAR and os.path.isdir(source)
    if columns is not None and options.target is None:
        options = replace(options, target=trained["target"])
    if columns is None and is_folder and options.image_size is None:
        options = replace(options, image_size=trained["image_size"])
    if source in CIFAR and options.subset is None:
        options = replace(options, subset="test")
    rows = read_rows(source, options, seed=seed, labelled=labelled, columns=columns)
    if rows.X.shape[1:] != run.row_shape:
        got = Described(f"rows of shape {rows.X.shape[1:]}")
        fix = "bring rows like those of training"
        if is_folder and len(run.row_shape) == 3:
            fix = f"--image-size {run.row_shape[0]}x{run.row_shape[1]} resizes images of a folder"
        must = f"rows of shape {run.row_shape}, as the run was trained on"
        raise ValueError(must_be("--data", must, got, fix))
    return rows


def labelled_rows(
    run: Run, data: str, options: RowOptions
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Read labelled rows for a run: the rows, the labels, and these as numbers of classes."""
    rows = read_rows_for(run, data, options, labelled=True)
    if rows.y is None or len(rows.y) == 0:
        fix = "bring at least one labelled row"
        raise ValueError(must_be("--data", "labelled rows", Described("none"), fix))
    return rows.X, rows.y, class_indices(rows.y, run.classes, "--data")


def warn_about_training_rows(run: Run, data: str, subset: str | None, out: Output) -> None:
    trained = run.config["data"]
    if trained["source"] is None:  # it was trained in Python
        return
    name = rows_name(trained["source"], trained["subset"], of_cifar="train")
    if _overlap(rows_name(data, subset), name):
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


def rows_name(source: str, subset: str | None, *, of_cifar: str = "test") -> str:
    """Call rows by an absolute path, and the part of it that they are: ``"cifar10 (test)"``."""
    if source in CIFAR:
        return f"{source} ({subset or of_cifar})"
    place = os.path.abspath(source)
    if subset is None:
        return place
    return os.path.join(place, subset) if os.path.isdir(place) else f"{place} ({subset})"


def _overlap(name: str, other: str) -> bool:
    (place, part), (other_place, other_part) = map(_place_and_part, (name, other))
    return place == other_place and (part == other_part or "all" in (part, other_part))


def _place_and_part(name: str) -> tuple[str, str]:
    found = re.fullmatch(r"(.*) \((\w+)\)", name, re.DOTALL)
    place, part = found.groups() if found else (name, "all")
    return os.path.realpath(place), part
