"""How times grow with the rows, the members and the width."""

from dataclasses import replace

import numpy as np
from contest import Ratio, Timed, take_turns, warm
from contestants import KERAS, OURS, contestant
from report import Section, Table, show, show_seconds, spread
from workloads import Task

BASE = Task("synthetic", rows=4000, epochs=5)
SERIES = {"rows": (1000, 4000, 16_000), "M": (1, 2, 5, 10), "width": (16, 64, 256, 1024)}


def series(settings):
    """One parameter at a time."""
    base = replace(BASE, rows=200) if settings.quick else BASE
    rounds = settings.rounds_at_most(2)
    done = {}
    section = Section(
        "Growth",
        f"MLP 64-width-10 on digits with added noise, {base.rows:,} rows, M={base.M}, width "
        f"{base.width}, unless the first column says otherwise; {base.epochs} epochs, batches "
        f"of {base.batch_size}, equal work. Predictions are of the training rows; median of "
        f"{rounds} rounds after one to warm up.",
    )
    for parameter, values in SERIES.items():
        if settings.quick:
            values = [200, 400] if parameter == "rows" else values[:2]
        rows = []
        for value in values:
            task = replace(base, **{parameter: value})
            if task not in done:
                done[task] = _measure(task, settings.data_dir, rounds)
            rows.append([f"{value:,}", *done[task]])
        header = [parameter]
        for what in ("fit", "predict"):
            header += [f"{what}: ours", KERAS, "ratio", "spread"]
        section.tables.append(Table("", header, rows))
    return section


def _measure(task, data_dir, rounds):
    X, y = task.load(data_dir)
    fits = {name: contestant(name, task, X, y) for name in (OURS, KERAS)}
    for fit in fits.values():
        fit()
    cells = _cells(take_turns(fits, rounds))
    predictions = {}
    for name, fit in fits.items():
        run = _prediction(fit.result, X)
        predictions[name] = warm(run) if name == OURS else Timed(run)
    predictions[KERAS]()
    return cells + _cells(take_turns(predictions, rounds))


def _prediction(ensemble, X):
    return lambda: ensemble.predict_proba(X)


def _cells(seconds):
    ratio = Ratio.of(seconds[KERAS], seconds[OURS])
    medians = [show_seconds(np.median(seconds[name])) for name in (OURS, KERAS)]
    return [*medians, f"**{show(ratio.median)}**", spread(ratio)]
