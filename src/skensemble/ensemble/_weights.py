"""Which weight each snapshot gets."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from skensemble._validation import Described
from skensemble.exceptions import SnapshotTrainingError
from skensemble.weighting import WeightingResult, evaluate_weights, solve_log_loss


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


def combine(weighting, usable, probas, y, sample_weight) -> WeightingResult:
    """Find the combination weights.

    Parameters
    ----------
    weighting : "uniform", "log_loss" or array-like of shape (M,)
        As in the estimator.
    usable : ndarray of shape (M,), bool
        Snapshots that may get a weight.
    probas : ndarray of shape (n_usable, n, k) or None
        What they predict on the holdout, where there is one.
    y : ndarray of shape (n,) or None
        Class indices of the holdout.
    sample_weight : ndarray of shape (n,) or None
        Weights of its rows.
    """
    learned = isinstance(weighting, str) and weighting == "log_loss"
    if learned and probas is not None:
        return _spread(solve_log_loss(probas, y, sample_weight), usable)
    equal = isinstance(weighting, str)
    given = np.ones(len(usable)) if equal else np.asarray(weighting, dtype=np.float64)
    given = given[usable]
    if given.sum() == 0:
        raise SnapshotTrainingError(
            f"weighting={list(weighting)} gives no weight to any of the snapshots that can be "
            f"combined, {Described((np.flatnonzero(usable) + 1).tolist())}: the others are not "
            "finite, or not among the last n_last. Choose a smaller alpha_zero or other weights."
        )
    given = given / given.sum()
    method = "uniform" if equal else "given"
    if probas is not None:
        return _spread(evaluate_weights(given, probas, y, sample_weight, method=method), usable)
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


def _spread(result: WeightingResult, usable) -> WeightingResult:
    weights = np.zeros(len(usable))
    weights[usable] = result.weights
    return replace(result, weights=weights)


def score_members(probas, usable, result, y, sample_weight) -> dict[str, list]:
    """Holdout scores of each snapshot, of equal weights and of the weights in use.

    Parameters
    ----------
    probas : ndarray of shape (n_usable, n, k)
        What the usable snapshots predict on the holdout.
    usable : ndarray of shape (M,), bool
        Which they are; the others score NaN.
    result : WeightingResult
        The weights in use.
    y, sample_weight : ndarray of shape (n,)
        Class indices and weights (or None) of the holdout.

    Returns
    -------
    dict of str to list
        ``"name"``, ``"log_loss"`` (nats) and ``"accuracy"``, ready for ``pandas.DataFrame``.
    """
    share = np.full(len(y), 1.0) if sample_weight is None else sample_weight
    share = share / share.sum()
    rows = np.arange(len(y))

    def score(proba):
        true = np.clip(proba[rows, y], np.finfo(np.float64).eps, 1.0)
        return -(share @ np.log(true)), share @ (proba.argmax(axis=1) == y)

    where = {int(m): i for i, m in enumerate(np.flatnonzero(usable))}
    unknown = (float("nan"), float("nan"))
    scores = [score(probas[where[m]]) if m in where else unknown for m in range(len(usable))]
    names = [f"snapshot {m + 1}" for m in range(len(usable))]
    scores.append(score(probas.mean(axis=0)))
    names.append("uniform")
    if result.method != "uniform":
        scores.append(score(np.tensordot(result.weights[usable], probas, axes=1)))
        names.append("learned" if result.method == "log_loss" else result.method)
    losses, accuracies = zip(*scores, strict=True)
    return {
        "name": names,
        "log_loss": [float(loss) for loss in losses],
        "accuracy": [float(accuracy) for accuracy in accuracies],
    }
