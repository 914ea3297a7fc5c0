"""What the JSON files of a run must have."""

import math
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

import numpy as np
from pydantic import BaseModel, BeforeValidator, ConfigDict, ValidationError

from skensemble._validation import Described, must_be
from skensemble.weighting import Comparison, WeightingResult

SCHEMA = 1
OWN_HOLDOUT = "the holdout of the run"
_AS_WRITTEN = "bring back the file as it was written"


class _Strict(BaseModel):
    """What the commands read; a file may have more."""

    model_config = ConfigDict(strict=True, extra="allow")


class _Network(_Strict):
    name: str
    parameters: dict[str, Any]


class _Estimator(_Strict):
    M: int
    epochs: int
    alpha_zero: float
    batch_size: int | None
    random_state: int | None
    weighting: str | list[Any]
    n_last: int | None
    min_weight: float


class _Classes(_Strict):
    labels: list[Any]
    dtype: str


class _Row(_Strict):
    shape: list[int]


class _OutputLayer(_Strict):
    n_weights: int
    from_logits: bool
    n_units: int


class RunConfig(_Strict):
    """Content of ``config.json``."""

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
    """Content of ``weights.json``."""

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
        """Return the weights, and how they were found."""
        others = self.model_dump(exclude={"comparisons", "scores", "source", "earlier", "weights"})
        return WeightingResult(
            weights=np.array(self.weights, dtype=np.float64),
            comparisons=tuple(Comparison(**found.model_dump()) for found in self.comparisons),
            **others,
        )


def check_config(path: Path, config: Mapping[str, Any]) -> None:
    """Raise ValueError unless this is the content of a ``config.json`` that can be read."""
    if config.get("schema") != SCHEMA:
        fix = "train again, or use the version of skensemble that wrote it"
        name = f"schema in {path}"
        raise ValueError(must_be(name, f"{SCHEMA}", config.get("schema"), fix))
    name, must = f"the file {path}", "a configuration of a run"
    try:
        RunConfig.model_validate(config)
    except ValidationError as error:
        raise ValueError(must_be(name, must, _what_is_wrong(error), _AS_WRITTEN)) from error
    classes = config["classes"]
    try:
        np.array(classes["labels"], dtype=classes["dtype"])
    except (TypeError, ValueError) as error:
        got = Described(f"one where classes.dtype is {classes['dtype']!r}, not that of its labels")
        raise ValueError(must_be(name, must, got, _AS_WRITTEN)) from error


def read_weights(path: Path, content: Mapping[str, Any], n_snapshots: int) -> WeightsFile:
    """Check the content of ``weights.json``."""
    name = f"the file {path}"
    try:
        found = WeightsFile.model_validate(content)
    except ValidationError as error:
        must = "a file of combination weights"
        raise ValueError(must_be(name, must, _what_is_wrong(error), _AS_WRITTEN)) from error
    if len(found.weights) != n_snapshots:
        must = f"of {n_snapshots} weights, one for each snapshot"
        got = Described(f"one of {len(found.weights)}")
        raise ValueError(must_be(name, must, got, "`skensemble reweight` writes it anew"))
    return found


def _what_is_wrong(error: ValidationError) -> Described:
    absent = []
    for found in error.errors():
        # What follows are types of a union, or numbers of entries.
        key = ".".join(str(part) for part in found["loc"][:2])
        if found["type"] == "missing":
            absent.append(key)
        else:
            return Described(f"one where {key} is {found['input']!r}")
    return Described(f"one without {', '.join(absent)}")
