"""What a run needs of the record of a fit beyond the public attributes of the estimator."""

from dataclasses import replace
from typing import Any

import numpy as np

from skensemble.persistence._run_files import SavedHoldout


def attach(
    estimator: Any, *, weighting: Any, snapshot_scores: Any, history: Any, holdout: Any
) -> None:
    """Give an estimator made of snapshots what the fit that trained them has left."""
    from skensemble.ensemble._weighing import HoldoutPredictions, Weighed

    fitted = estimator._fitted
    rows = predictions = None
    if holdout is not None:
        rows = holdout.rows if len(holdout.rows) else None
        predictions = HoldoutPredictions(holdout.probas, holdout.y, holdout.sample_weight)
    estimator._fitted = replace(
        fitted,
        weighed=Weighed(fitted.weighed.snapshots, weighting, snapshot_scores, predictions),
        trained=replace(fitted.trained, history=history),
        holdout=rows,
    )


def output_layer_of(estimator: Any) -> Any:
    """Return the form of the network's outputs: ``from_logits`` and ``n_units``."""
    return estimator._fitted.trained.network.output_layer


def is_refit(estimator: Any) -> bool:
    """Whether the snapshots have been trained on the holdout too."""
    return bool(estimator._fitted.is_refit)


def holdout_of(estimator: Any) -> SavedHoldout | None:
    """Return what the snapshots predict on the holdout; None where that is not in memory."""
    found, rows = estimator._fitted.weighed.predictions, estimator.holdout_
    if found is None:
        return None
    rows = np.empty(0, dtype=np.int64) if rows is None else rows
    return SavedHoldout(found.probas, found.y, found.sample_weight, rows)
