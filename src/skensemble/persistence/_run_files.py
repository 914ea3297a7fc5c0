"""The files of a run directory: their names, what they must have, and how they are read."""

import csv
import json
import math
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import zip_longest
from pathlib import Path
from typing import Annotated, Any, TypeVar
from zipfile import BadZipFile

import numpy as np
from pydantic import BaseModel, BeforeValidator, ValidationError

from skensemble._validation import Described, Refusal, must_be
from skensemble.weighting import Comparison, WeightingResult

SCHEMA = 1
OWN_HOLDOUT = "the holdout of the run"
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


def snapshot_name(m: int) -> str:
    return f"{SNAPSHOTS}/snapshot_{m + 1:02d}.weights.h5"


# What the commands read of ``config.json``; there may be more.
class _Network(BaseModel):
    name: str
    parameters: dict[str, Any]


class _Estimator(BaseModel):
    M: int
    epochs: int
    alpha_zero: float
    batch_size: int | None
    random_state: int | None
    weighting: str | list[Any]
    n_last: int | None
    min_weight: float


class _Classes(BaseModel):
    labels: list[Any]
    dtype: str


class _Row(BaseModel):
    shape: list[int]


class _OutputLayer(BaseModel):
    n_weights: int
    from_logits: bool
    n_units: int


class _Config(BaseModel):
    command: list[Any]
    versions: dict[str, Any]
    model: _Network
    estimator: _Estimator
    data: dict[str, Any]
    classes: _Classes
    row: _Row
    network: _OutputLayer
    n_snapshots: int
    cycle_ends: list[int]


# JSON has no NaN; it is null there, and infinity is a word.
_Number = Annotated[float, BeforeValidator(lambda value: math.nan if value is None else value)]


class _Scores(BaseModel):
    name: list[str]
    log_loss: list[_Number]
    accuracy: list[_Number]


class _Comparison(BaseModel):
    against: str
    criterion: str
    gain: _Number
    low: _Number
    high: _Number


class WeightsFile(BaseModel):
    weights: list[float]
    loss: _Number
    gap: _Number
    n_iter: int
    converged: bool
    method: str
    prior: float
    uniform_loss: _Number
    n_samples: int
    criterion: str
    comparisons: list[_Comparison]
    note: str
    scores: _Scores | None
    source: str = OWN_HOLDOUT
    earlier: list[dict[str, Any]] = []

    def result(self) -> WeightingResult:
        content = self.model_dump(exclude={"scores", "source", "earlier"})
        content["weights"] = np.array(self.weights, dtype=np.float64)
        content["comparisons"] = tuple(Comparison(**found) for found in content["comparisons"])
        return WeightingResult(**content)


_Model = TypeVar("_Model", bound=BaseModel)
_AS_WRITTEN = "bring back the file as it was written"


def read_json(path: Path) -> dict[str, Any]:
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except ValueError as error:
        raise ValueError(_damaged(path, "JSON", Described(error))) from error
    if not isinstance(found, dict):
        raise ValueError(_damaged(path, "a JSON object", found))
    return found


def read_config(path: Path) -> dict[str, Any]:
    config = read_json(path)
    if config.get("schema") != SCHEMA:
        fix = "train again, or use the version of skensemble that wrote it"
        raise ValueError(must_be(f"schema in {path}", f"{SCHEMA}", config.get("schema"), fix))
    must = "a configuration of a run"
    _validated(_Config, config, path, must, strict=True)
    classes = config["classes"]
    try:
        np.array(classes["labels"], dtype=classes["dtype"])
    except (TypeError, ValueError) as error:
        got = Described(f"one where classes.dtype is {classes['dtype']!r}, not that of its labels")
        raise ValueError(must_be(f"the file {path}", must, got, _AS_WRITTEN)) from error
    return config


def read_weights(path: Path, n_snapshots: int) -> WeightsFile:
    must = "a file of combination weights"
    found = _validated(WeightsFile, read_json(path), path, must, strict=False)
    if len(found.weights) != n_snapshots:
        must = f"of {n_snapshots} weights, one for each snapshot"
        got = Described(f"one of {len(found.weights)}")
        fix = "`skensemble reweight` writes it anew"
        raise ValueError(must_be(f"the file {path}", must, got, fix))
    return found


def _validated(
    kind: type[_Model], content: Mapping[str, Any], path: Path, must: str, *, strict: bool
) -> _Model:
    try:
        return kind.model_validate(content, strict=strict)
    except ValidationError as error:
        absent, wrong = [], []
        for found in error.errors():
            # What follows are types of a union, or numbers of entries.
            key = ".".join(map(str, found["loc"][:2]))
            if found["type"] == "missing":
                absent.append(key)
            else:
                wrong.append(f"where {key} is {found['input']!r}")
        got = Described(f"one {wrong[0]}" if wrong else f"one without {', '.join(absent)}")
        raise ValueError(must_be(f"the file {path}", must, got, _AS_WRITTEN)) from error


def write_history(path: Path, history: Mapping[str, Sequence[float]]) -> None:
    """Write a line per epoch; what has fewer values than epochs leaves the rest empty."""
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(["epoch", *history])
        epochs = zip_longest(*history.values(), fillvalue="")
        writer.writerows([i, *values] for i, values in enumerate(epochs, start=1))


def read_history(path: Path) -> dict[str, list[float]]:
    with path.open(newline="", encoding="utf-8") as file:
        lines = list(csv.reader(file))
    try:
        if not lines or lines[0][:1] != ["epoch"]:
            raise ValueError("one that does not start with the column epoch")
        if len(set(map(len, lines))) > 1:
            raise ValueError("one of lines of different lengths")
        _, *columns = zip(*lines, strict=True)
        return {name: [float(value) for value in values if value] for name, *values in columns}
    except ValueError as error:
        must = "a table of numbers, a line per epoch"
        raise ValueError(_damaged(path, must, Described(error))) from error


def write_holdout(path: Path, found: Any, rows: Sequence[int] | np.ndarray) -> None:
    """Write what snapshots predict; ``rows`` are empty where they came by themselves."""
    arrays = {"probas": found.probas, "y": found.y, "rows": np.asarray(rows, dtype=np.int64)}
    if found.sample_weight is not None:
        arrays["sample_weight"] = found.sample_weight
    np.savez_compressed(path, allow_pickle=False, **arrays)


def read_holdout(path: Path) -> SavedHoldout:
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


def _damaged(path: Path, must: str, got: Any) -> Refusal:
    return must_be(f"the file {path}", must, got, f"train again, or {_AS_WRITTEN}")
