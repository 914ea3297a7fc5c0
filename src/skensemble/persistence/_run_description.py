"""What the files of a run say, without building its network."""

import math
from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

import numpy as np

from skensemble.persistence._run_folder import Run


def describe_run(run: Run) -> dict[str, Any]:
    """Collect what the files of a run say; TensorFlow is not imported.

    Parameters
    ----------
    run : Run
        Open.

    Returns
    -------
    dict
        ``"path"``, ``"config"`` as stored, ``"cycles"`` with their rates, ``"history"``,
        ``"snapshots"``, ``"weights"``, ``"files"`` and ``"size"`` (bytes).
    """
    files = {
        path.relative_to(run.path).as_posix(): path.stat().st_size
        for path in sorted(run.path.rglob("*"))
        if path.is_file()
    }
    return {
        "path": str(run.path),
        "config": run.config,
        "cycles": _cycles(run.config),
        "history": _history(run.history),
        "snapshots": _snapshots(run),
        "weights": _weights(run),
        "files": files,
        "size": sum(files.values()),
    }


def _cycles(config: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Iterations of each cycle, with the rates of its first and its last one (equation 2)."""
    alpha_zero = config["estimator"]["alpha_zero"]
    return [
        {
            "cycle": i,
            "n_iterations": length,
            "first_rate": alpha_zero,
            "last_rate": alpha_zero * math.sin(0.5 * math.pi / length) ** 2,
        }
        for i, length in enumerate(np.diff(config["cycle_ends"], prepend=0).tolist(), start=1)
    ]


def _history(history: Mapping[str, list[float]]) -> dict[str, dict[str, Any]]:
    found = {}
    for name, values in history.items():
        finite = [value for value in values if math.isfinite(value)]
        if values:
            found[name] = {
                "n_epochs": len(values),
                "first": values[0],
                "last": values[-1],
                "lowest": min(finite, default=math.nan),
                "highest": max(finite, default=math.nan),
            }
    return found


def _snapshots(run: Run) -> list[dict[str, Any]]:
    scores, weights = run.scores or {}, run.weights.tolist()
    return [
        {
            "file": path.relative_to(run.path).as_posix(),
            "size": path.stat().st_size,
            "weight": weights[m],
            **{name: scores[name][m] for name in ("log_loss", "accuracy") if name in scores},
        }
        for m, path in enumerate(run.snapshot_paths)
    ]


def _weights(run: Run) -> dict[str, Any]:
    result, scores = asdict(run.weighting), run.scores or {}
    names = ("name", "log_loss", "accuracy")
    combined = zip(*(scores.get(name, [])[run.n_snapshots :] for name in names), strict=True)
    shared = ("n_samples", "gap", "converged", "note")
    return {
        "method": result["method"],
        "criterion": result["criterion"],
        "source": run.weights_source,
        **{name: result[name] for name in shared},
        "scores": [dict(zip(names, found, strict=True)) for found in combined],
        "comparisons": result["comparisons"],
        "n_earlier": len(run.earlier_weights),
    }
