"""``skensemble inspect``: what a run is, without loading it."""

import math
from collections.abc import Iterator, Mapping
from typing import Any

from skensemble.cli._option_groups import JsonLines, RunArgument, command


@command
def inspect(run: RunArgument, lines: JsonLines) -> None:
    """Show what a run is: its network, data, cycles, snapshots, weights and files."""
    from skensemble.persistence import Run, describe_run

    opened = Run.open(run)
    found = describe_run(opened)
    if lines.as_json:
        lines.result(**found)
        return
    from skensemble.cli._score_lines import say_comparisons

    for line in _headlines(found):
        lines.say(line)
    for table in _tables(found):
        lines.table(*table)
    weights = found["weights"]
    learned = weights["method"] not in ("uniform", "given")
    how = f", learned on {weights['n_samples']} rows of {weights['source']}" if learned else ""
    lines.say(f"Weights: {weights['method']}{how}")
    if weights["note"]:
        lines.say(weights["note"])
    say_comparisons(lines, opened.weighting)
    if weights["n_earlier"]:
        lines.say(f"{weights['n_earlier']} earlier weights are kept in weights.json")
    others = {name: size for name, size in found["files"].items() if "/" not in name}
    listed = ", ".join(f"{name} {_size(size)}" for name, size in others.items())
    lines.say(f"Files: {_size(found['size'])} in all; {listed}")


def _headlines(found: Mapping[str, Any]) -> list[str]:
    config, cycles = found["config"], found["cycles"]
    model, data = config["model"], config["data"]
    parameters = ", ".join(f"{name}={value}" for name, value in model["parameters"].items())
    recipe = f", recipe {model['recipe']}" if model.get("recipe") else ""
    versions = ", ".join(f"{name} {number}" for name, number in config["versions"].items())
    rows = f"{data['n_rows']} rows of {data['source']}"
    if data["source"] is None:
        rows = "trained in Python"
    n_cycles = f"{len(cycles)} cycles"
    if config.get("interrupted"):
        n_cycles = f"{len(cycles)} of {config['estimator']['M']} cycles, interrupted"
    refit = ", then again on all rows" if config.get("refit") else ""
    return [
        f"{found['path']}: {model['name']}({parameters}){recipe}",
        f"{config['network']['n_weights']:,} weights, rows of shape "
        f"{tuple(config['row']['shape'])}, {len(config['classes']['labels'])} classes",
        f"{rows}; {n_cycles}, {sum(cycle['n_iterations'] for cycle in cycles)} iterations{refit}",
        f"{config['created']}, {versions}",
    ]


def _tables(found: Mapping[str, Any]) -> Iterator[tuple[str, list[str], list[list[str]]]]:
    rows = [
        [
            str(cycle["cycle"]),
            str(cycle["n_iterations"]),
            f"{cycle['first_rate']:g} → {cycle['last_rate']:.1e}",
            _number(snapshot.get("log_loss")),
            _number(snapshot.get("accuracy"), percent=True),
            f"{snapshot['weight']:.3f}",
        ]
        for cycle, snapshot in zip(found["cycles"], found["snapshots"], strict=True)
    ]
    for entry in found["weights"]["scores"]:
        scores = [_number(entry["log_loss"]), _number(entry["accuracy"], percent=True)]
        rows.append([entry["name"], "", "", *scores, ""])
    head = ["snapshot", "iterations", "rate", "holdout log-loss", "accuracy %", "weight"]
    yield "Snapshots", head, rows
    parts = ["first", "last", "lowest", "highest"]
    rows = [
        [name, *(_number(values[part]) for part in parts)]
        for name, values in found["history"].items()
    ]
    yield "History, by epoch", ["", *parts], rows


def _number(value: float | None, *, percent: bool = False) -> str:
    if value is None:
        return ""
    if math.isnan(value):
        return "–"
    return f"{100 * value:.2f}" if percent else f"{value:.4f}"


def _size(n: int) -> str:
    return f"{n / 1e6:.1f} MB" if n >= 1e5 else f"{n / 1e3:.1f} kB"
