"""Reading the rows of ``--data``."""

from __future__ import annotations

import os
import warnings
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from skensemble._validation import Described, check_integer, must_be
from skensemble.cli._option_groups import RowOptions

if TYPE_CHECKING:
    from skensemble.persistence import Run

CIFAR = ("cifar10", "cifar100")


@dataclass(frozen=True, eq=False)
class Rows:
    """Rows that were read."""

    X: np.ndarray
    y: np.ndarray | None
    names: list[str]
    feature_names: tuple[str, ...] | None
    skipped: tuple[str, ...]


def read_rows(
    source: str,
    options: RowOptions,
    *,
    seed: int = 0,
    labelled: bool = True,
    columns: Sequence[str] | None = None,
) -> Rows:
    """Read rows, and choose those of ``--limit``; warn of each image that cannot be read."""
    from skensemble import datasets
    from skensemble.evaluation import single_labels

    if options.limit is not None:
        fix = "leave it out to take all rows"
        check_integer("limit", options.limit, minimum=1, fix=fix)
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
    n = len(found.X)
    names = list(found.paths) if found.paths is not None else [str(i) for i in range(n)]
    y = None if found.y is None else single_labels(found.y)
    rows = _chosen(n, y, options.limit, seed)
    if rows is None:
        return Rows(found.X, y, names, found.feature_names, found.skipped)
    return Rows(
        found.X[rows],
        None if y is None else y[rows],
        [names[i] for i in rows],
        found.feature_names,
        found.skipped,
    )


def read_rows_for(
    run: Run, source: str, options: RowOptions, *, labelled: bool, seed: int = 0
) -> Rows:
    """Read rows as a run was trained on: its columns, its size of images, its shape.

    Of CIFAR, the test images are read unless ``--subset`` says otherwise.
    """
    trained = run.config["data"]
    columns = trained["feature_names"]
    is_table = columns is not None
    is_folder = source not in CIFAR and os.path.isdir(source)
    takes_size = is_folder and options.image_size is None and not is_table
    own = replace(
        options,
        target=options.target or (trained["target"] if is_table else None),
        subset="test" if options.subset is None and source in CIFAR else options.subset,
        image_size=trained["image_size"] if takes_size else options.image_size,
    )
    rows = read_rows(source, own, seed=seed, labelled=labelled, columns=columns)
    if rows.X.shape[1:] != run.row_shape:
        got = Described(f"rows of shape {rows.X.shape[1:]}")
        fix = "bring rows like those of training"
        if is_folder and len(run.row_shape) == 3:
            fix = f"--image-size {run.row_shape[0]}x{run.row_shape[1]} resizes images of a folder"
        must = f"rows of shape {run.row_shape}, as the run was trained on"
        raise ValueError(must_be("--data", must, got, fix))
    return rows


def describe_rows(source: str, options: RowOptions, rows: Rows) -> dict[str, Any]:
    """Return the data of a run for ``config.json``; a file or a folder by its absolute path."""
    return {
        "source": source if source in CIFAR else os.path.abspath(source),
        **asdict(options),
        "n_rows": len(rows.X),
        "feature_names": None if rows.feature_names is None else list(rows.feature_names),
        "skipped": list(rows.skipped),
    }


def _height_and_width(text: str | None) -> tuple[int, int] | None:
    if text is None:
        return None
    sizes = text.split("x")
    try:
        height, width = (int(sizes[0]), int(sizes[-1]))
    except ValueError:
        height = 0
    if height < 1 or width < 1 or len(sizes) > 2:
        fix = "32 is for 32x32, 32x48 is 32 high and 48 wide"
        raise ValueError(must_be("--image-size", "a size in pixels", text, fix))
    return height, width


def _chosen(n: int, y: np.ndarray | None, limit: int | None, seed: int) -> np.ndarray | None:
    """Row numbers, increasing, of the rows to take; None for all."""
    from skensemble.evaluation import check_train_size, draw_rows

    if limit is None or limit >= n:
        return None
    if y is None:
        return np.arange(limit)
    check_train_size(limit, y)
    return np.sort(draw_rows(y, limit, seed))
