"""What ``config.json`` of a run must have."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from skensemble._validation import Described, must_be

SCHEMA = 1
_NUMBER = (int, float)
_NONE = type(None)
# What the commands read, and its types.
_TYPES: dict[str, type | tuple[type, ...]] = {
    "command": list,
    "versions": dict,
    "model": dict,
    "model.name": str,
    "model.parameters": dict,
    "estimator": dict,
    "estimator.M": int,
    "estimator.epochs": int,
    "estimator.alpha_zero": _NUMBER,
    "estimator.batch_size": (int, _NONE),
    "estimator.random_state": (int, _NONE),
    "estimator.weighting": (str, list),
    "estimator.n_last": (int, _NONE),
    "estimator.min_weight": _NUMBER,
    "data": dict,
    "classes": dict,
    "classes.labels": list,
    "classes.dtype": str,
    "row": dict,
    "row.shape": list,
    "network": dict,
    "network.n_weights": int,
    "network.from_logits": bool,
    "network.n_units": int,
    "n_snapshots": int,
    "cycle_ends": list,
}


def check_config(path: Path, config: Mapping[str, Any]) -> None:
    """Raise ValueError unless this is the content of a ``config.json`` that commands can read.

    Parameters
    ----------
    path : Path
        Of the file, for the message.
    config : mapping
        What it has.
    """
    if config.get("schema") != SCHEMA:
        fix = "train again, or use the version of skensemble that wrote it"
        name = f"schema in {path}"
        raise ValueError(must_be(name, f"{SCHEMA}", config.get("schema"), fix))
    fix = "bring back the file as `skensemble train` wrote it"
    name, must = f"the file {path}", "a configuration of a run"
    absent = []
    for key, types in _TYPES.items():
        part, _, last = key.rpartition(".")
        if part in absent:
            continue
        values = config[part] if part else config
        if last not in values:
            absent.append(key)
        elif not _is_a(values[last], types):
            got = Described(f"one where {key} is {values[last]!r}")
            raise ValueError(must_be(name, must, got, fix))
    if absent:
        got = Described(f"one without {', '.join(absent)}")
        raise ValueError(must_be(name, must, got, fix))
    classes = config["classes"]
    try:
        np.array(classes["labels"], dtype=classes["dtype"])
    except (TypeError, ValueError) as error:
        got = Described(f"one where classes.dtype is {classes['dtype']!r}, not that of its labels")
        raise ValueError(must_be(name, must, got, fix)) from error


def _is_a(value: Any, types: type | tuple[type, ...]) -> bool:
    """As isinstance, where bools are no integers."""
    return isinstance(value, types) and (types is bool or not isinstance(value, bool))
