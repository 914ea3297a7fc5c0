"""The files of a run directory: their names, and how single ones are read and written."""

from __future__ import annotations

import csv
import json
import math
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any
from zipfile import BadZipFile

import numpy as np

from skensemble._validation import Described, must_be
from skensemble.weighting import Comparison, WeightingResult

CONFIG = "config.json"
NETWORK = "network.json"
WEIGHTS = "weights.json"
HISTORY = "history.csv"
HOLDOUT = "holdout.npz"
LOG = "log.txt"
SNAPSHOTS = "snapshots"
OWN_HOLDOUT = "the holdout of the run"
NEEDED = (CONFIG, NETWORK, WEIGHTS, HISTORY, SNAPSHOTS)
_REPAIR = "train again, or bring back the file as `skensemble train` wrote it"


@dataclass(frozen=True, eq=False)
class SavedHoldout:
    """What the snapshots predict on the rows that trained none of them.

    Attributes
    ----------
    probas : ndarray of shape (M, n, k), float64
        Probabilities of each snapshot, as of the first training where there was a second one
        (``--refit``), for which these rows were unseen.
    y : ndarray of shape (n,), int64
        True classes, as indices into the classes of the run.
    sample_weight : ndarray of shape (n,), float64, or None
        How much each row counts, where classes were weighted.
    rows : ndarray of shape (n,), int64
        Which rows of the training data they are, counted from 0 after ``--limit``.
    """

    probas: np.ndarray
    y: np.ndarray
    sample_weight: np.ndarray | None
    rows: np.ndarray


def snapshot_name(cycle: int) -> str:
    """File of the snapshot of a cycle, from 1."""
    return f"snapshot_{cycle:02d}.weights.h5"


def read_json(path: Path) -> dict[str, Any]:
    """Read one JSON object.

    Raises
    ------
    ValueError
        If the file is damaged, naming it.
    """
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except ValueError as error:
        raise ValueError(_refusal(path, "JSON", Described(error))) from error
    if not isinstance(found, dict):
        raise ValueError(_refusal(path, "a JSON object", found))
    return found


def _float(value: float | str | None) -> float:
    return math.nan if value is None else float(value)


def weights_to_json(
    result: WeightingResult, scores: Mapping[str, Sequence[Any]] | None
) -> dict[str, Any]:
    """Weights, how they were found, and the holdout scores, for ``weights.json``."""
    return {**asdict(result), "scores": scores}


def weights_from_json(
    path: Path, content: Mapping[str, Any]
) -> tuple[WeightingResult, dict[str, list[Any]] | None]:
    """Read weights and scores out of the content of ``weights.json``.

    Raises
    ------
    ValueError
        If it is damaged, naming it and what is missing.
    """
    try:
        comparisons = tuple(
            Comparison(
                found["against"],
                found["criterion"],
                *(_float(found[name]) for name in ("gain", "low", "high")),
            )
            for found in content["comparisons"]
        )
        result = WeightingResult(
            weights=np.array(content["weights"], dtype=np.float64),
            loss=_float(content["loss"]),
            gap=_float(content["gap"]),
            n_iter=content["n_iter"],
            converged=content["converged"],
            method=content["method"],
            prior=content["prior"],
            uniform_loss=_float(content["uniform_loss"]),
            n_samples=content["n_samples"],
            criterion=content["criterion"],
            comparisons=comparisons,
            note=content["note"],
        )
        scores = content["scores"]
        if scores is not None:
            scores = {
                name: [v if name == "name" else _float(v) for v in values]
                for name, values in scores.items()
            }
    except (KeyError, TypeError, ValueError) as error:
        got = Described(f"one where {error} is missing or of no use")
        raise ValueError(_refusal(path, "a file of combination weights", got)) from error
    return result, scores


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
        raise ValueError(_refusal(path, must, got))
    if len(set(map(len, [header, *rows]))) > 1:
        raise ValueError(_refusal(path, must, Described("one of lines of different lengths")))
    try:
        return {
            name: [float(row[i]) for row in rows if row[i] != ""]
            for i, name in enumerate(header)
            if i > 0
        }
    except ValueError as error:
        raise ValueError(_refusal(path, must, Described(error))) from error


def write_holdout(path: Path, holdout: SavedHoldout) -> None:
    """Write ``holdout.npz``."""
    arrays = {"probas": holdout.probas, "y": holdout.y, "rows": holdout.rows}
    if holdout.sample_weight is not None:
        arrays["sample_weight"] = holdout.sample_weight
    np.savez_compressed(path, allow_pickle=False, **arrays)


def read_holdout(path: Path) -> SavedHoldout:
    """Read ``holdout.npz``.

    Raises
    ------
    ValueError
        If it is damaged, naming it.
    """
    try:
        with path.open("rb") as file, np.load(file, allow_pickle=False) as arrays:
            weight = arrays.get("sample_weight")
            found = SavedHoldout(arrays["probas"], arrays["y"], weight, arrays["rows"])
    except (OSError, KeyError, ValueError, EOFError, BadZipFile, zlib.error) as error:
        raise ValueError(_refusal(path, "a file of NumPy arrays", Described(error))) from error
    n = len(found.y) if found.y.ndim else 0
    others = [found.rows, *([] if weight is None else [weight])]
    if found.probas.ndim != 3 or n == 0 or {n, found.probas.shape[1], *map(np.size, others)} != {n}:
        got = Described(f"probas of shape {found.probas.shape} and y of shape {found.y.shape}")
        raise ValueError(_refusal(path, "probabilities (M, n, k) of n labelled rows", got))
    return found


def _refusal(path: Path, must: str, got: Any) -> str:
    return must_be(f"the file {path}", must, got, _REPAIR)
