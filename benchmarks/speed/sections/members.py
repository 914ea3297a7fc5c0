"""How prediction grows with the number of members."""

from dataclasses import replace

import numpy as np
import ours
from contest import Ratio, take_turns, warm
from report import Section, Table, show, show_seconds, spread, verdict
from workloads import DataMissing, Task

BOUND = 2.1


def ten_over_five(settings):
    """M=10 beside M=5."""
    section = Section(
        "Ten members beside five",
        f"`predict_proba` of ours, median of {settings.rounds} rounds.",
    )
    rows = _rows("MLP", Task("digits", epochs=10), (1, 1797, 40 * 1797), settings)
    try:
        task = Task("cifar10", network="cnn", rows=1000, epochs=10)
        rows += _rows("CNN", task, (1, 2000), settings)
    except DataMissing:
        section.notes.append("CNN: not measured without `--data-dir`.")
    header = ["", "M=10 / M=5", "spread", "asked for", "M=5", "M=10"]
    section.tables = [Table("", header, rows)]
    return section


def _rows(name, task, sizes, settings):
    if settings.quick:
        task, sizes = replace(task, rows=200), (1, 200)
    X, y = task.load(settings.data_dir)
    ensembles = [ours.fit(replace(task, M=M), X, y) for M in (5, 10)]
    return [_row(name, *ensembles, np.resize(X, (n, *X.shape[1:])), settings) for n in sizes]


def _row(name, five, ten, X, settings):
    contestants = {
        M: warm(lambda clf=clf: clf.predict_proba(X)) for M, clf in ((5, five), (10, ten))
    }
    seconds = take_turns(contestants, settings.rounds)
    ratio = Ratio.of(seconds[10], seconds[5])
    return [
        f"{name}, {len(X):,} row{'s' if len(X) > 1 else ''}",
        f"**{show(ratio.median)}**",
        spread(ratio),
        verdict(ratio.median <= BOUND, f"≤ {BOUND}"),
        *(show_seconds(np.median(seconds[M])) for M in (5, 10)),
    ]
