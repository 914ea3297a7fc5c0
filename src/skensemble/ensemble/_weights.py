"""Which weight each snapshot gets."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np

from skensemble.exceptions import SnapshotTrainingError
from skensemble.weighting import WeightingResult, evaluate_weights, find_weights


@dataclass(frozen=True)
class Combination:
    """How to combine the snapshots: three parameters of the estimator.

    Parameters
    ----------
    weighting : str, callable or array-like of shape (M,)
        A method, a scorer, or the weights.
    n_last : int or None
        How many of the last snapshots to combine.
    min_weight : float
        Snapshots of a smaller weight are dropped.
    """

    weighting: str | Callable | Sequence[float]
    n_last: int | None
    min_weight: float


def learns_weights(weighting) -> bool:
    """Whether a weighting needs a holdout."""
    return callable(weighting) or (isinstance(weighting, str) and weighting != "uniform")


def usable_members(bank, n_last: int | None) -> np.ndarray:
    """Tell which snapshots may get a weight: the finite ones among the last ``n_last``.

    Returns
    -------
    ndarray of shape (M,), bool

    Raises
    ------
    SnapshotTrainingError
        If there is none.
    """
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


def combine(combination, usable, probas, holdout, classes) -> WeightingResult:
    """Find the combination weights.

    Snapshots below ``min_weight`` are dropped and the rest weighed again, until none is below.

    Parameters
    ----------
    combination : Combination
        How to.
    usable : ndarray of shape (M,), bool
        Snapshots that may get a weight.
    probas : ndarray of shape (M, n, k) or None
        What the snapshots predict on the holdout, where there is one.
    holdout : Holdout or None
        Its labels and the weights of its rows.
    classes : ndarray of shape (k,)
        Labels, for scorers.
    """
    weighting = combination.weighting
    first = result = _weigh(weighting, usable, probas, holdout, classes)
    if isinstance(weighting, str) and weighting == "auto":
        weighting = first.method  # decided once
    # At least one stays: min_weight is below 1 / M.
    while (usable & (result.weights < combination.min_weight)).any():
        usable = usable & (result.weights >= combination.min_weight)
        result = _weigh(weighting, usable, probas, holdout, classes)
    return replace(
        result, comparisons=first.comparisons, note=first.note, uniform_loss=first.uniform_loss
    )


def _weigh(weighting, usable, probas, holdout, classes) -> WeightingResult:
    if isinstance(weighting, str) or callable(weighting):
        if holdout is not None:
            result = find_weights(
                weighting, probas[usable], holdout.y, holdout.sample_weight, classes=classes
            )
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
    if holdout is not None:
        result = evaluate_weights(
            given, probas[usable], holdout.y, holdout.sample_weight, method=method
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
    """Give the snapshots of another run the weights of their cycles, as far as they are finite.

    Raises
    ------
    SnapshotTrainingError
        If none of them is, out of those with a weight.
    """
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
    weights = np.zeros(len(usable))
    weights[usable] = result.weights
    return replace(result, weights=weights)


def score_members(probas, usable, result, holdout) -> dict[str, list]:
    """Holdout scores of each snapshot, of equal weights and of the weights in use.

    Parameters
    ----------
    probas : ndarray of shape (M, n, k)
        What the snapshots predict on the holdout; one that is not finite scores NaN.
    usable : ndarray of shape (M,), bool
        Those that may be combined.
    result : WeightingResult
        The weights in use.
    holdout : Holdout
        Its labels and the weights of its rows.

    Returns
    -------
    dict of str to list
        ``"name"``, ``"log_loss"`` (nats) and ``"accuracy"``, ready for ``pandas.DataFrame``.
    """
    y = holdout.y
    weight = holdout.sample_weight
    rows = np.arange(len(y))

    def score(proba):
        true = np.clip(proba[rows, y], np.finfo(np.float64).eps, 1.0)
        loss = float(np.average(-np.log(true), weights=weight))
        right = float(np.average(proba.argmax(axis=1) == y, weights=weight))
        return loss, right if np.isfinite(proba).all() else float("nan")

    members = {f"snapshot {m + 1}": proba for m, proba in enumerate(probas)}
    members["uniform"] = probas[usable].mean(axis=0)
    if result.method != "uniform":
        name = "given" if result.method == "given" else "learned"
        members[name] = np.tensordot(result.weights[usable], probas[usable], axes=1)
    losses, accuracies = zip(*map(score, members.values()), strict=True)
    return {"name": list(members), "log_loss": list(losses), "accuracy": list(accuracies)}
