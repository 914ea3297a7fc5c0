"""``skensemble inspect``: what a run is, without loading it."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from skensemble.cli._option_groups import JsonOptions, RunArgument, command

if TYPE_CHECKING:
    from skensemble.cli._console import Output
    from skensemble.persistence import Run


@command
def inspect(run: RunArgument, console: JsonOptions) -> None:
    """Show what a run is: its network, data, cycles, snapshots, weights and files."""
    with console.open() as lines:
        from skensemble.persistence import Run, describe_run

        opened = Run.open(run)
        found = describe_run(opened)
        if not console.as_json:
            show(found, opened, lines)
        lines.result(found)


def show(found: Mapping[str, Any], run: Run, out: Output) -> None:
    """Print the description of a run for people."""
    from skensemble.cli._score_lines import say_comparisons

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
    rows = f"{data['n_rows']} rows of {data['source']}"
    if data["source"] is None:
        rows = "trained in Python"
    n_cycles = f"{len(cycles)} cycles"
    if config.get("interrupted"):
        n_cycles = f"{len(cycles)} of {asked['M']} cycles, interrupted"
    return [
        f"{found['path']}: {model['name']}({parameters}){recipe}",
        f"{config['network']['n_weights']:,} weights, rows of shape "
        f"{tuple(config['row']['shape'])}, {len(config['classes']['labels'])} classes",
        f"{rows}; {n_cycles}, "
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
