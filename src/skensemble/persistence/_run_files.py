"""The files of a run directory: their names, and how single ones are read and written."""

import csv
import json
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from zipfile import BadZipFile

import numpy as np

from skensemble._validation import Described, must_be

CONFIG = "config.json"
NETWORK = "network.json"
WEIGHTS = "weights.json"
HISTORY = "history.csv"
HOLDOUT = "holdout.npz"
LOG = "log.txt"
SNAPSHOTS = "snapshots"
NEEDED = (CONFIG, NETWORK, WEIGHTS, HISTORY, SNAPSHOTS)


@dataclass(frozen=True, eq=False)
class SavedHoldout:
    """What the snapshots predict on the rows that trained none of them.

    Attributes
    ----------
    probas : ndarray of shape (M, n, k), float64
        Probabilities of each snapshot, as of the first training where there was a second one
        (``refit``), for which these rows were unseen.
    y : ndarray of shape (n,), int64
        True classes, as indices into the classes of the run.
    sample_weight : ndarray of shape (n,), float64, or None
        How much each row counts, where classes were weighted.
    rows : ndarray of shape (n,), int64
        Which rows of the training data they are, counted from 0 after ``--limit``; empty where
        they came by themselves.
    """

    probas: np.ndarray
    y: np.ndarray
    sample_weight: np.ndarray | None
    rows: np.ndarray


def snapshot_name(cycle: int) -> str:
    """File of the snapshot of a cycle, from 1."""
    return f"snapshot_{cycle:02d}.weights.h5"


def read_json(path: Path) -> dict[str, Any]:
    """Read one JSON object."""
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except ValueError as error:
        raise ValueError(_damaged(path, "JSON", Described(error))) from error
    if not isinstance(found, dict):
        raise ValueError(_damaged(path, "a JSON object", found))
    return found


def write_history(path: Path, history: Mapping[str, Sequence[float]]) -> None:
    """Write a line per epoch; what has fewer values than epochs leaves the rest empty."""
    n_epochs = max((len(values) for values in history.values()), default=0)
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(["epoch", *history])
        for epoch in range(n_epochs):
            row = [values[epoch] if epoch < len(values) else "" for values in history.values()]
            writer.writerow([epoch + 1, *row])


def read_history(path: Path) -> dict[str, list[float]]:
    """Read ``history.csv``: one value per epoch."""
    with path.open(newline="", encoding="utf-8") as file:
        header, *rows = list(csv.reader(file)) or [[]]
    must = "a table of numbers, a line per epoch"
    if header[:1] != ["epoch"]:
        got = Described("one that does not start with the column epoch")
        raise ValueError(_damaged(path, must, got))
    if len(set(map(len, [header, *rows]))) > 1:
        raise ValueError(_damaged(path, must, Described("one of lines of different lengths")))
    try:
        return {
            name: [float(row[i]) for row in rows if row[i] != ""]
            for i, name in enumerate(header)
            if i > 0
        }
    except ValueError as error:
        raise ValueError(_damaged(path, must, Described(error))) from error


def write_holdout(path: Path, holdout: SavedHoldout) -> None:
    """Write ``holdout.npz``."""
    arrays = {"probas": holdout.probas, "y": holdout.y, "rows": holdout.rows}
    if holdout.sample_weight is not None:
        arrays["sample_weight"] = holdout.sample_weight
    np.savez_compressed(path, allow_pickle=False, **arrays)


def read_holdout(path: Path) -> SavedHoldout:
    """Read ``holdout.npz``."""
    try:
        with path.open("rb") as file, np.load(file, allow_pickle=False) as arrays:
            weight = arrays.get("sample_weight")
            found = SavedHoldout(arrays["probas"], arrays["y"], weight, arrays["rows"])
    except (OSError, KeyError, ValueError, EOFError, BadZipFile, zlib.error) as error:
        raise ValueError(_damaged(path, "a file of NumPy arrays", Described(error))) from error
    n = len(found.y) if found.y.ndim else 0
    sizes = {n, *(array.size for array in (found.rows, weight) if array is not None and array.size)}
    if found.probas.ndim != 3 or n == 0 or {*sizes, found.probas.shape[1]} != {n}:
        got = Described(f"probas of shape {found.probas.shape} and y of shape {found.y.shape}")
        raise ValueError(_damaged(path, "probabilities (M, n, k) of n labelled rows", got))
    return found


def _damaged(path: Path, must: str, got: Any) -> str:
    fix = "train again, or bring back the file as it was written"
    return must_be(f"the file {path}", must, got, fix)
