"""How good a fitted classifier is, and the networks that it combines."""

from importlib import import_module
from typing import Any

import numpy as np
from sklearn.pipeline import Pipeline
from sklearn.utils.validation import check_is_fitted

from skensemble.evaluation._metrics import FloatArray, combine_members
from skensemble.evaluation._score_tables import score_predictions
from skensemble.tasks import class_indices

EQUAL_WEIGHTS, ENSEMBLE = "equal weights", "ensemble"


def evaluate(estimator: Any, X: Any, y: Any) -> Any:
    """Score a fitted classifier on rows that it has not seen.

    Parameters
    ----------
    estimator : SnapshotEnsembleClassifier or classifier
        Fitted; or a pipeline that ends in one. Of a classifier without snapshots there is one
        prediction, called ``"ensemble"`` too.
    X : array-like of shape (n, ...)
        Rows that neither trained the estimator nor chose anything about it.
    y : array-like of shape (n,)
        Their labels, out of ``estimator.classes_``.

    Returns
    -------
    pandas.DataFrame
        A line for each prediction (``"snapshot 1"``, ..., ``"equal weights"``, ``"ensemble"``) and
        metric (``"accuracy"``, ``"log_loss"`` in nats, ``"calibration_error"``, ``"brier"``).
        ``value`` with its 95% interval, ``low`` to ``high``; ``difference``, the value of the
        ensemble minus this one, with its paired interval, ``difference_low`` to
        ``difference_high``, and ``verdict``: ``"better"`` or ``"worse"`` (the ensemble is) where
        this interval excludes 0, else ``"no difference shown"``. Intervals are over rows like
        these; they do not tell what another seed would give. There are no differences of
        calibration errors.

    Raises
    ------
    ImportError
        Without pandas, which the extra ``data`` installs.
    ValueError
        If a label is unknown.

    See Also
    --------
    compare : Trains with several seeds.
    skensemble.evaluation.row_scores : The intervals, and where they come from.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from skensemble import SnapshotEnsembleClassifier
    >>> from skensemble.evaluation import evaluate
    >>> X, y = load_iris(return_X_y=True)
    >>> clf = SnapshotEnsembleClassifier(M=3, epochs=12, random_state=0).fit(X[::2], y[::2])
    >>> table = evaluate(clf, X[1::2], y[1::2])
    >>> list(table.index.levels[0])
    ['ensemble', 'equal weights', 'snapshot 1', 'snapshot 2', 'snapshot 3']
    >>> list(table.columns)[:3]
    ['value', 'low', 'high']
    >>> bool(table.loc[("ensemble", "accuracy"), "value"] > 0.8)
    True
    """
    pandas = import_pandas("evaluate")
    check_is_fitted(estimator)
    if isinstance(estimator, Pipeline):
        X, estimator = estimator[:-1].transform(X), estimator[-1]
    indices = class_indices(y, np.asarray(estimator.classes_))
    found = score_predictions(_predictions(estimator, X), indices, ENSEMBLE)
    records = {}
    for name, scores in found["scores"].items():
        differences = found["differences"].get(name, {})
        for metric, score in scores.items():
            difference = differences.get(metric, {})
            records[name, metric] = {
                **score,
                "difference": difference.get("value", np.nan),
                "difference_low": difference.get("low", np.nan),
                "difference_high": difference.get("high", np.nan),
                "verdict": difference.get("verdict", ""),
            }
    table = pandas.DataFrame.from_dict(records, orient="index")
    table.index = table.index.set_names(["prediction", "metric"])
    return table


def _predictions(estimator: Any, X: Any) -> dict[str, FloatArray]:
    if not hasattr(estimator, "member_predict_proba"):
        return {ENSEMBLE: estimator.predict_proba(X)}
    members = estimator.member_predict_proba(X)
    probas = {f"snapshot {m + 1}": proba for m, proba in enumerate(members)}
    probas[EQUAL_WEIGHTS] = combine_members(members, np.ones(len(members)))
    probas[ENSEMBLE] = combine_members(members, estimator.weights_)
    return probas


def import_pandas(function: str) -> Any:
    """Import pandas, or say how to get it."""
    try:
        return import_module("pandas")
    except ImportError as error:
        raise ImportError(
            f"skensemble.evaluation.{function} needs pandas, which is not installed: "
            "run `pip install skensemble[data]`."
        ) from error
