"""What a run needs of a fitted estimator beyond its public attributes."""

from __future__ import annotations

from typing import Any

import numpy as np

from skensemble.persistence._run_files import SavedHoldout


def attach(
    estimator: Any, *, weighting: Any, snapshot_scores: Any, history: Any, holdout: Any
) -> None:
    """Give an estimator made of snapshots what the fit that trained them has left."""
    estimator.weighting_, estimator.weights_ = weighting, weighting.weights
    estimator.snapshot_scores_, estimator.history_ = snapshot_scores, history
    estimator._saved_holdout = holdout


def output_layer_of(estimator: Any) -> Any:
    """Return the form of the network's outputs: ``from_logits`` and ``n_units``."""
    return estimator._output_layer


def is_refit(estimator: Any) -> bool:
    """Whether the snapshots have been trained on the holdout too."""
    return bool(estimator._is_refit)


def holdout_of(estimator: Any, X: Any, y: Any) -> SavedHoldout | None:
    """Return what the snapshots predict on the rows that ``fit`` held out."""
    from skensemble.ensemble._holdout import split_holdout

    if estimator.validation_fraction is None or X is None:
        return None
    indices = estimator.target_encoder_.transform(y)
    _, rows = split_holdout(indices, estimator.validation_fraction, estimator._seeds[2])
    if rows is None:
        return None
    indices = indices[rows]
    weight = estimator._class_weights
    return SavedHoldout(
        estimator.member_predict_proba(X[rows]),
        indices,
        None if weight is None else weight[indices],
        rows,
    )


def reweight(
    estimator: Any, method: Any, n_last: int | None, min_weight: float, X: Any, y: Any
) -> Any:
    """Combine the snapshots in another way, on rows or on the holdout of the run."""
    from skensemble.ensemble._holdout import Holdout
    from skensemble.ensemble._parameters import check_combination
    from skensemble.ensemble._weights import Combination, combine, score_members, usable_members

    if X is not None:
        return estimator.reweight(X, y, method=method, n_last=n_last, min_weight=min_weight)
    M = len(estimator.snapshots_)
    combination = Combination(method, n_last, min_weight)
    check_combination(combination, M, "method")
    saved, scores = estimator._saved_holdout, None
    usable = usable_members(estimator.snapshots_, n_last)
    if saved is None:
        result = combine(combination, usable, None, None, estimator.classes_)
    else:
        usable = usable & np.isfinite(saved.probas).all(axis=(1, 2))
        rows = Holdout(None, saved.y, saved.sample_weight)
        result = combine(combination, usable, saved.probas, rows, estimator.classes_)
        scores = score_members(saved.probas, usable, result, rows)
    estimator.weighting_, estimator.weights_ = result, result.weights
    estimator.snapshot_scores_ = scores
    return estimator
