"""How long a grid search takes."""

from dataclasses import replace

import ours
import scikeras_peer
from contest import Timed, compare, take_turns
from contestants import OURS
from report import Section
from sklearn.model_selection import GridSearchCV, StratifiedKFold
from workloads import Task

SCIKERAS = "scikeras KerasClassifier"
CYCLES = (3, 4, 5)
RATES = (0.05, 0.1, 0.2)


def search(settings):
    """The same grid, with ours and with scikeras."""
    task = Task("digits", epochs=30)
    cycles, rates = CYCLES, RATES
    if settings.quick:
        task, cycles, rates = replace(task, rows=500, epochs=4), (2, 4), (0.1,)
    X, y = task.load(settings.data_dir)
    rounds = settings.rounds_at_most(2)

    contestants = {
        OURS: _search(ours.classifier(task, **ours.EQUAL_WORK), cycles, rates, ""),
        SCIKERAS: _search(scikeras_peer.classifier(task, X, y), cycles, rates, "callbacks__"),
    }
    for contestant in contestants.values():
        contestant.estimator.fit(X, y)
    timed = {name: Timed(_runner(grid, X, y)) for name, grid in contestants.items()}
    seconds = take_turns(timed, rounds)

    n_fits = 3 * len(cycles) * len(rates) + 1
    setup = (
        f"GridSearchCV over M in {cycles} and alpha_zero in {rates}, cv=3, n_jobs=1: {n_fits} "
        f"fits of the MLP 64-64-10 on digits, {task.epochs} epochs each; median of {rounds} "
        "rounds after one fit each to warm up."
    )
    best = ", ".join(f"{name} {timed[name].result:.3f}" for name in timed)
    notes = [
        "All rows train, and the weights are equal. Ours scores the ensemble, scikeras the last "
        "snapshot alone, which is less work. scikeras gets no `random_state`, with which it would "
        "make TensorFlow deterministic, and slower, for the whole process.",
        f"Best accuracy in cross-validation: {best}.",
    ]
    return Section(
        "Grid search", setup, compare("whole search", seconds, OURS, {SCIKERAS: 10}), notes=notes
    )


def _search(estimator, cycles, rates, prefix):
    grid = {f"{prefix}M": cycles, f"{prefix}alpha_zero": rates}
    return GridSearchCV(estimator, grid, cv=StratifiedKFold(3), n_jobs=1, error_score="raise")


def _runner(grid, X, y):
    return lambda: grid.fit(X, y).best_score_
