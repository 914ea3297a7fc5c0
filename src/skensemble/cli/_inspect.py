"""``skensemble inspect``: what a run is, without loading it."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import asdict
from typing import Any

import numpy as np

from skensemble.cli._console import Output, output
from skensemble.cli._options import JsonOption, RunArgument, TracebackOption
from skensemble.cli._run_directory import Run
from skensemble.cli._tables import say_comparisons


def inspect(run: RunArgument, json: JsonOption = False, traceback: TracebackOption = False) -> None:
    """Show what a run is: its network, data, cycles, snapshots, weights and files."""
    with output(as_json=json) as out:
        opened = Run.open(run)
        found = describe(opened)
        if not json:
            show(found, opened, out)
        out.result(found)


def describe(run: Run) -> dict[str, Any]:
    """Collect what the files of a run say, without building its network.

    Parameters
    ----------
    run : Run
        Open.

    Returns
    -------
    dict
        ``"config"`` as stored, ``"cycles"``, ``"history"``, ``"snapshots"``, ``"weights"``,
        ``"files"`` and ``"size"`` (bytes).
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
    ends = config["cycle_ends"]
    lengths = np.diff([0, *ends]).tolist()
    alpha_zero = config["estimator"]["alpha_zero"]
    return [
        {
            "cycle": i + 1,
            "n_iterations": length,
            "first_rate": alpha_zero,
            "last_rate": alpha_zero * math.sin(0.5 * math.pi / length) ** 2,
        }
        for i, length in enumerate(lengths)
    ]


def _history(history: Mapping[str, list[float]]) -> dict[str, dict[str, Any]]:
    found = {}
    for name, values in history.items():
        if not values:
            continue
        finite = [value for value in values if math.isfinite(value)]
        found[name] = {
            "n_epochs": len(values),
            "first": values[0],
            "last": values[-1],
            "lowest": min(finite, default=math.nan),
            "highest": max(finite, default=math.nan),
        }
    return found


def _snapshots(run: Run) -> list[dict[str, Any]]:
    scores = run.scores or {}
    return [
        {
            "file": path.relative_to(run.path).as_posix(),
            "size": path.stat().st_size,
            "weight": weight,
            **{name: scores[name][m] for name in ("log_loss", "accuracy") if name in scores},
        }
        for m, (path, weight) in enumerate(
            zip(run.snapshot_paths, run.weights.tolist(), strict=True)
        )
    ]


def _weights(run: Run) -> dict[str, Any]:
    result, scores = run.weighting, run.scores or {"name": []}
    combined = [
        {"name": name, "log_loss": scores["log_loss"][i], "accuracy": scores["accuracy"][i]}
        for i, name in enumerate(scores["name"])
        if i >= run.n_snapshots
    ]
    return {
        "method": result.method,
        "criterion": result.criterion,
        "source": run.weights_source,
        "n_samples": result.n_samples,
        "gap": result.gap,
        "converged": result.converged,
        "note": result.note,
        "scores": combined,
        "comparisons": [asdict(found) for found in result.comparisons],
        "n_earlier": len(run.earlier_weights),
    }


def show(found: Mapping[str, Any], run: Run, out: Output) -> None:
    """Print the description of a run for people."""
    for line in _headlines(found):
        out.say(line)
    for title, columns, rows in _tables(found):
        out.table(title, columns, rows)
    weights = found["weights"]
    learned = weights["method"] not in ("uniform", "given")
    how = f", learned on {weights['n_samples']} rows of {weights['source']}" if learned else ""
    out.say(f"Weights: {weights['method']}{how}")
    if weights["note"]:
        out.say(weights["note"])
    say_comparisons(out, run.weighting)
    if weights["n_earlier"]:
        out.say(f"{weights['n_earlier']} earlier weights are kept in weights.json")
    others = {name: size for name, size in found["files"].items() if "/" not in name}
    listed = ", ".join(f"{name} {_size(size)}" for name, size in others.items())
    out.say(f"Files: {_size(found['size'])} in all; {listed}")


def _headlines(found: Mapping[str, Any]) -> list[str]:
    config, cycles = found["config"], found["cycles"]
    model, data, asked = config["model"], config["data"], config["estimator"]
    parameters = ", ".join(f"{name}={value}" for name, value in model["parameters"].items())
    recipe = f", recipe {model['recipe']}" if model.get("recipe") else ""
    versions = ", ".join(f"{name} {number}" for name, number in config["versions"].items())
    n_cycles = f"{len(cycles)} cycles"
    if config.get("interrupted"):
        n_cycles = f"{len(cycles)} of {asked['M']} cycles, interrupted"
    return [
        f"{found['path']}: {model['name']}({parameters}){recipe}",
        f"{config['network']['n_weights']:,} weights, rows of shape "
        f"{tuple(config['row']['shape'])}, {len(config['classes']['labels'])} classes",
        f"{data['n_rows']} rows of {data['source']}; {n_cycles}, "
        f"{sum(cycle['n_iterations'] for cycle in cycles)} iterations"
        + (", then again on all rows" if config.get("refit") else ""),
        f"{config['created']}, {versions}",
    ]


def _tables(found: Mapping[str, Any]) -> Iterator[tuple[str, list[str], list[list[str]]]]:
    rows = [
        [
            str(cycle["cycle"]),
            str(cycle["n_iterations"]),
            f"{cycle['first_rate']:g} → {cycle['last_rate']:.1e}",
            _number(snapshot.get("log_loss")),
            _percent(snapshot.get("accuracy")),
            f"{snapshot['weight']:.3f}",
        ]
        for cycle, snapshot in zip(found["cycles"], found["snapshots"], strict=True)
    ]
    for entry in found["weights"]["scores"]:
        scores = [_number(entry["log_loss"]), _percent(entry["accuracy"])]
        rows.append([entry["name"], "", "", *scores, ""])
    head = ["snapshot", "iterations", "rate", "holdout log-loss", "accuracy %", "weight"]
    yield "Snapshots", head, rows
    rows = [
        [name, *(_number(values[part]) for part in ("first", "last", "lowest", "highest"))]
        for name, values in found["history"].items()
    ]
    yield "History, by epoch", ["", "first", "last", "lowest", "highest"], rows


def _number(value: float | None) -> str:
    if value is None:
        return ""
    return "–" if math.isnan(value) else f"{value:.4f}"


def _percent(value: float | None) -> str:
    if value is None:
        return ""
    return "–" if math.isnan(value) else f"{100 * value:.2f}"


def _size(n: int) -> str:
    return f"{n / 1e6:.1f} MB" if n >= 1e5 else f"{n / 1e3:.1f} kB"
