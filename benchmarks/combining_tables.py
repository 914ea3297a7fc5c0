"""The tables of ``combining.py``, from the predictions that it keeps."""

import json

import numpy as np
from combining_scores import THRESHOLDS, evaluate

from skensemble.evaluation import mean_interval, verdict

LARGE = 100  # rows of a holdout
DIFFERENCES = {
    "Ways to weight the snapshots; 90% of the rows train": [
        ("log_loss", "uniform"),
        ("accuracy", "uniform"),
        ("greedy", "uniform"),
        ("auto", "uniform"),
        ("auto, if the gain is above 0", "uniform"),
        ("auto, against last and best too", "uniform"),
        ("last snapshot", "uniform"),
        ("best snapshot", "uniform"),
        ("auto", "log_loss"),
        ("auto, if the gain is above 0", "log_loss"),
        ("accuracy", "log_loss"),
        ("greedy", "log_loss"),
        ("last snapshot", "log_loss"),
    ],
    "The same weights after refit; all rows train": [
        ("refit, log_loss", "refit, uniform"),
        ("refit, accuracy", "refit, uniform"),
        ("refit, greedy", "refit, uniform"),
        ("refit, auto", "refit, uniform"),
        ("refit, auto", "refit, log_loss"),
        ("refit, last snapshot", "refit, log_loss"),
    ],
    "What refit is worth": [
        ("refit, log_loss", "log_loss"),
        ("refit, uniform", "uniform"),
        ("refit, log_loss", "single, all rows"),
        ("refit, uniform", "single, all rows"),
        ("refit, log_loss", "independent nets"),
    ],
    "Snapshots against a single network": [
        ("log_loss", "single, 90%"),
        ("uniform", "single, 90%"),
        ("log_loss", "single, 90%, temperature"),
        ("log_loss", "single, all rows"),
        ("uniform", "single, all rows"),
        ("single, all rows", "single, 90%"),
    ],
}
TRIAL = (
    "single, all rows",
    "single, 90%",
    "single, 90%, temperature",
    "uniform",
    "log_loss",
    "refit, log_loss",
    "independent nets",
)
BY_DATA = [
    [("log_loss", "uniform"), ("auto", "uniform")],
    [("refit, log_loss", "refit, uniform"), ("refit, log_loss", "log_loss")],
    [("log_loss", "single, all rows"), ("refit, log_loss", "single, all rows")],
]


def report(results, names, seeds):
    """Read the predictions in a folder; return all tables, in Markdown."""
    runs = {
        name: [_read(results / f"{name}-{seed}.npz") for seed in range(seeds)] for name in names
    }
    # Accuracy and log-loss of each contestant, (seeds, 2), by data set.
    scores = {
        name: {key: np.array([run.test[key] for run in some]) for key in some[0].test}
        for name, some in runs.items()
    }
    parts = [f"## Means over {len(names)} data sets, {seeds} seeds each", _means(runs, scores)]
    parts += ["## The trial, by data set", _trial(scores), "## Differences"]
    for title, pairs in DIFFERENCES.items():
        parts += [f"### {title}", _differences(pairs, scores)]
    parts += ["### By data set", *(_by_data(pairs, runs, scores) for pairs in BY_DATA)]
    parts += ["## Fewer snapshots", _last(runs, results), _pruned(runs)]
    parts += ["## Mean weights of least log-loss", _weights(runs), _refit_cost(results, names)]
    return "\n\n".join(parts)


def _read(path):
    with np.load(path) as file:
        return evaluate(dict(file))


def _table(header, rows):
    lines = [header, ["---"] * len(header), *rows]
    return "\n".join(f"| {' | '.join(map(str, line))} |" for line in lines)


def _pair(values, separator=" / "):
    return f"{values[0]:.2f}{separator}{values[1]:.4f}"


def _means(runs, scores):
    large = [name for name, some in runs.items() if some[0].sizes[1] >= LARGE]
    rows = []
    for key in scores[large[0]] if large else next(iter(scores.values())):
        cells = [key]
        for names in (scores, large):
            if names:
                mean = np.mean([scores[name][key].mean(axis=0) for name in names], axis=0)
                cells += [f"{mean[0]:.2f}", f"{mean[1]:.4f}"]
            else:
                cells += ["", ""]
        rows.append(cells)
    part = f"{len(large)} with a holdout of at least {LARGE} rows"
    return _table(["", "accuracy, %", "log-loss", f"{part}: accuracy, %", "log-loss"], rows)


def _trial(scores):
    rows = [
        [name, *(_pair(per[key].mean(axis=0)) for key in TRIAL)] for name, per in scores.items()
    ]
    return _table(["", *TRIAL], rows)


def _differences(pairs, scores):
    rows = []
    for ours, theirs in pairs:
        by_data = [per[ours] - per[theirs] for per in scores.values()]
        every = np.concatenate(by_data)
        # In % of the log-loss of equal weights, each data set counts the same.
        shares = np.concatenate(
            [
                100 * each[:, 1] / per["uniform"][:, 1].mean()
                for each, per in zip(by_data, scores.values(), strict=True)
            ]
        )
        rows.append(
            [
                f"{ours} − {theirs}",
                _shown(every[:, 0], 2),
                _sure(by_data, 0, higher_is_better=True),
                _shown(every[:, 1], 4),
                _shown(shares, 1),
                _sure(by_data, 1, higher_is_better=False),
            ]
        )
    sure = "better / worse on"
    return _table(["", "accuracy, points", sure, "log-loss", "log-loss, %", sure], rows)


def _shown(values, digits):
    found = mean_interval(values)
    return f"{found.value:+z.{digits}f} ± {found.half:.{digits}f}"


def _sure(by_data, column, higher_is_better):
    """On how many data sets the interval over the seeds is on one side of 0."""
    found = [
        verdict(mean_interval(each[:, column]), higher_is_better=higher_is_better)
        for each in by_data
    ]
    return f"{found.count('better')} / {found.count('worse')}"


def _by_data(pairs, runs, scores):
    rows = []
    for name, per in scores.items():
        train, holdout, _ = runs[name][0].sizes
        learns = np.mean([run.auto_learns for run in runs[name]])
        cells = [name, train, holdout, f"{learns:.0%}"]
        for ours, theirs in pairs:
            difference = per[ours] - per[theirs]
            cells.append(_shown(difference[:, 0], 2))
            cells.append(_shown(difference[:, 1], 4))
        rows.append(cells)
    header = ["", "training rows", "holdout rows", "auto learns in"]
    for ours, theirs in pairs:
        header += [f"{ours} − {theirs}: accuracy", "log-loss"]
    return _table(header, rows)


def _times(results, names):
    for name in names:
        path = results / f"{name}-times.json"
        if path.exists():
            yield name, json.loads(path.read_text())


def _last(runs, results):
    some = [run for per in runs.values() for run in per]
    ratios = {
        f"time, {name}, {n_rows} row{'s' if int(n_rows) > 1 else ''}": series
        for name, times in _times(results, runs)
        for n_rows, series in times["predict"].items()
    }
    rows = []
    for m in range(1, len(some[0].weights) + 1):
        means = [
            _pair(np.mean([run.last[method, m] for run in some], axis=0))
            for method in ("uniform", "log_loss")
        ]
        rows.append([m, *means, *(f"{series[m - 1]:.2f}" for series in ratios.values())])
    return _table(["last m", "uniform", "log_loss", *ratios], rows)


def _pruned(runs):
    some = [run for per in runs.values() for run in per]
    rows = []
    for threshold in THRESHOLDS:
        *mean, left = np.mean([run.pruned[threshold] for run in some], axis=0)
        rows.append([threshold, f"{left:.2f}", _pair(mean)])
    return _table(["min_weight", "snapshots left", "log_loss"], rows)


def _weights(runs):
    means = {name: np.mean([run.weights for run in some], axis=0) for name, some in runs.items()}
    header = ["", *(f"snapshot {m + 1}" for m in range(len(next(iter(means.values())))))]
    return _table(header, [[name, *(f"{w:.2f}" for w in mean)] for name, mean in means.items()])


def _refit_cost(results, names):
    found = [f"{name} {times['refit']:.2f}" for name, times in _times(results, names)]
    return f"Time of a fit with refit over one without: {', '.join(found)}."
