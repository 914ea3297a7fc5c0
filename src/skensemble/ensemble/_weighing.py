"""Scoring the snapshots of a training run, and weighing them."""

from dataclasses import dataclass

import numpy as np
from sklearn.exceptions import ConvergenceWarning

from skensemble._warnings import warn
from skensemble.ensemble._combination import (
    Combination,
    HoldoutPredictions,
    find_combination,
    score_table,
    usable_members,
)
from skensemble.inference import BankPredictor
from skensemble.snapshots import SnapshotBank
from skensemble.weighting import WeightingResult

# Enough rows to tell chance from learning, few enough to cost nothing.
_N_ROWS = 1000


@dataclass(frozen=True, eq=False)
class Weighed:
    """Snapshots with their weights."""

    snapshots: SnapshotBank  # with their scores, where there is a holdout
    weighting: WeightingResult  # the weights
    # Holdout scores of each snapshot, of equal weights and of those in use.
    scores: dict[str, list] | None = None
    predictions: HoldoutPredictions | None = None  # what the snapshots predict on the holdout


def weigh_snapshots(
    bank: SnapshotBank,
    predictions: HoldoutPredictions | None,
    combination: Combination,
    task,
    watch,
) -> Weighed:
    """Find the weights of snapshots, and score them."""
    usable = usable_members(bank, combination.n_last)
    with watch("solve"):
        weighting = find_combination(combination, usable, predictions, task)
    if predictions is None:
        return Weighed(bank, weighting)
    with watch("score"):
        table = score_table(predictions, usable, weighting, task)
    names = [name for name in table if name != "name"]
    scores = [{name: table[name][m] for name in names} for m in range(len(bank))]
    return Weighed(bank.with_scores(scores), weighting, table, predictions)


def predict_holdout(predictor, bank, holdout, batch_size, watch) -> HoldoutPredictions | None:
    """Return what the snapshots predict on a holdout, or None without one."""
    if holdout is None:
        return None
    with watch("score"):
        probas = member_probas(predictor, bank, holdout.X, batch_size)
    return HoldoutPredictions(probas, holdout.y, holdout.sample_weight)


def member_probas(predictor: BankPredictor, bank: SnapshotBank, X, batch_size, first: int = 0):
    """Predict with each snapshot from ``first`` on: (M - first, n, k), NaN where not finite."""
    finite = [m for m in range(first, len(bank)) if bank[m].is_finite]
    if len(finite) == len(bank) - first:
        return predictor(finite, X, batch_size)
    probas = np.full((len(bank), X.shape[0], predictor.n_classes), np.nan)
    if finite:
        probas[finite] = predictor(finite, X, batch_size)
    return probas[first:]


def snapshots_at_chance(bank, probas, y, sample_weight, task) -> list[int]:
    """Number the cycles whose snapshot is finite and predicts no better than chance."""
    return [
        snapshot.cycle
        for snapshot, proba in zip(bank, probas, strict=True)
        if snapshot.is_finite and task.at_chance(proba, y, sample_weight)
    ]


def warn_if_at_chance(trained, n_earlier: int, data, task, alpha_zero: float, batch_size) -> None:
    """Name the new cycles that ended at chance level on (some) rows that they were trained on."""
    rows = data.rows[:: -(-len(data.rows) // _N_ROWS)]
    weight = None if data.sample_weight is None else data.sample_weight[rows]
    bank, predictor = trained.bank, trained.network.predictor(trained.bank)
    probas = member_probas(predictor, bank, data.X[rows], batch_size, first=n_earlier)
    cycles = snapshots_at_chance(bank[n_earlier:], probas, data.y[rows], weight, task)
    if cycles:
        warn(
            f"Cycle{'' if len(cycles) == 1 else 's'} {', '.join(map(str, cycles))} ended at chance "
            f"level on the training rows: the network collapsed at alpha_zero={alpha_zero:g}, or "
            f"has not started to learn. Try a smaller alpha_zero, such as {alpha_zero / 5:g}, "
            "batch normalisation, or more epochs.",
            ConvergenceWarning,
        )
