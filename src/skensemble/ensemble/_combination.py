"""Which weight each snapshot gets."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np

from skensemble.exceptions import SnapshotTrainingError
from skensemble.weighting import WeightingResult


@dataclass(frozen=True)
class Combination:
    """How to combine the snapshots: three parameters of the estimator."""

    weighting: str | Callable | Sequence[float]  # (M,): A method, a scorer, or the weights
    n_last: int | None  # how many of the last snapshots to combine
    min_weight: float  # snapshots of a smaller weight are dropped

    def of_first(self, M: int) -> Combination:
        """Return the same for M snapshots, which may be fewer: training may have ended early."""
        weighting = self.weighting
        if not (isinstance(weighting, str) or callable(weighting)):
            weighting = weighting[:M]
        n_last = None if self.n_last is None else min(self.n_last, M)
        return Combination(weighting, n_last, self.min_weight)


@dataclass(frozen=True, eq=False)
class HoldoutPredictions:
    """What the snapshots predict on the holdout."""

    probas: np.ndarray  # (M, n, k): NaN for a snapshot that is not finite
    y: np.ndarray  # (n,): Targets
    sample_weight: np.ndarray | None  # (n,): Weight of each row

    def of(self, usable: np.ndarray) -> np.ndarray:
        """Return the probabilities of some snapshots; of all of them, without a copy."""
        return self.probas if usable.all() else self.probas[usable]


def learns_weights(weighting) -> bool:
    """Whether a weighting needs a holdout."""
    return callable(weighting) or (isinstance(weighting, str) and weighting != "uniform")


def usable_members(bank, n_last: int | None) -> np.ndarray:
    """Tell which snapshots may get a weight: the finite ones among the last ``n_last``."""
    usable = np.array([snapshot.is_finite for snapshot in bank])
    if n_last is not None:
        usable[: len(bank) - n_last] = False
    if not usable.any():
        which = f"{len(bank)} snapshots" if n_last is None else f"last {n_last} snapshots"
        raise SnapshotTrainingError(
            f"None of the {which} is finite: training diverged. Choose a smaller alpha_zero, clip "
            "the gradients (optimizer__clipnorm=1.0), or check the scale of X."
        )
    return usable


def find_combination(
    combination: Combination, usable: np.ndarray, found: HoldoutPredictions | None, task
) -> WeightingResult:
    """Find the combination weights.

    Snapshots below ``min_weight`` are dropped and the rest weighed again, until none is below.
    """
    weighting = combination.weighting
    first = result = _weigh(weighting, usable, found, task)
    if isinstance(weighting, str) and weighting == "auto":
        weighting = first.method  # decided once
    # At least one stays: min_weight is below 1 / M.
    while (usable & (result.weights < combination.min_weight)).any():
        usable = usable & (result.weights >= combination.min_weight)
        result = _weigh(weighting, usable, found, task)
    if result is first:
        return first
    return replace(
        result, comparisons=first.comparisons, note=first.note, uniform_loss=first.uniform_loss
    )


def _weigh(weighting, usable, found: HoldoutPredictions | None, task) -> WeightingResult:
    if isinstance(weighting, str) or callable(weighting):
        if found is not None:
            probas = found.of(usable)
            result = task.find_weights(weighting, probas, found.y, found.sample_weight)
            return _spread(result, usable)
        given, method = np.ones(len(usable)), "uniform"
    else:
        given, method = np.asarray(weighting, dtype=np.float64), "given"
    given = given[usable]
    if given.sum() == 0:
        raise SnapshotTrainingError(
            f"weighting={list(weighting)} gives no weight to any of the snapshots that can be "
            f"combined, {(np.flatnonzero(usable) + 1).tolist()}: the others are not finite, or not "
            "among the last n_last. Choose a smaller alpha_zero or other weights."
        )
    given = normalised(given)
    if found is not None:
        result = task.evaluate_weights(
            given, found.of(usable), found.y, found.sample_weight, method=method
        )
        return _spread(result, usable)
    unknown = float("nan")
    result = WeightingResult(
        weights=given,
        loss=unknown,
        gap=unknown,
        n_iter=0,
        converged=True,
        method=method,
        prior=0.0,
        uniform_loss=unknown,
        n_samples=0,
    )
    return _spread(result, usable)


def normalised(weights: np.ndarray) -> np.ndarray:
    """Divide weights by their sum, float64 of any size."""
    weights = weights / weights.max()  # the sum of very large numbers is infinite
    return weights / weights.sum()


def transfer_weights(result: WeightingResult, bank) -> WeightingResult:
    """Give the snapshots of another run the weights of their cycles, as far as they are finite."""
    reached = result.weights[: len(bank)]
    if not reached.any():
        raise SnapshotTrainingError(
            f"The second training, on all rows, was stopped by a callback after {len(bank)} of "
            f"{len(result.weights)} cycles, and none of their snapshots has a weight. Let it train "
            "for longer, or set refit=False."
        )
    weights = reached * [snapshot.is_finite for snapshot in bank]
    if not weights.any():
        raise SnapshotTrainingError(
            "None of the snapshots that have a weight is finite in the second training, on all "
            "rows: it diverged. Choose a smaller alpha_zero, or set refit=False."
        )
    if np.array_equal(weights, result.weights):
        return result
    unknown = float("nan")
    return replace(result, weights=weights / weights.sum(), loss=unknown, gap=unknown)


def _spread(result: WeightingResult, usable) -> WeightingResult:
    if usable.all():
        return result
    weights = np.zeros(len(usable))
    weights[usable] = result.weights
    return replace(result, weights=weights)


def score_table(
    found: HoldoutPredictions, usable: np.ndarray, result: WeightingResult, task
) -> dict[str, list]:
    """Holdout scores of each snapshot, of equal weights and of the weights in use."""
    members = {f"snapshot {m + 1}": proba for m, proba in enumerate(found.probas)}
    members["uniform"] = found.of(usable).mean(axis=0)
    if result.method != "uniform":
        name = "given" if result.method == "given" else "learned"
        members[name] = np.tensordot(result.weights[usable], found.of(usable), axes=1)
    return {"name": list(members), **task.scores(members.values(), found.y, found.sample_weight)}
