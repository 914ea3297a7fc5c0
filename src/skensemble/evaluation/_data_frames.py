"""The two front doors: how good a fitted classifier is, and whether it is worth its training."""

from importlib import import_module
from typing import Any, NamedTuple

import numpy as np
from sklearn.pipeline import Pipeline
from sklearn.utils.validation import check_is_fitted

from skensemble._validation import check_integer
from skensemble.evaluation._equal_compute import check_comparable, score_methods
from skensemble.evaluation._metrics import FloatArray, combine_members
from skensemble.evaluation._resampling import draw_splits
from skensemble.evaluation._score_tables import score_predictions, summarise_runs
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
    pandas = _import_pandas("evaluate")
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
    return _table(pandas, records, ["prediction", "metric"])


def _predictions(estimator: Any, X: Any) -> dict[str, FloatArray]:
    if not hasattr(estimator, "member_predict_proba"):
        return {ENSEMBLE: estimator.predict_proba(X)}
    members = estimator.member_predict_proba(X)
    probas = {f"snapshot {m + 1}": proba for m, proba in enumerate(members)}
    probas[EQUAL_WEIGHTS] = combine_members(members, np.ones(len(members)))
    probas[ENSEMBLE] = combine_members(members, estimator.weights_)
    return probas


class ComparisonTables(NamedTuple):
    """What `compare` found.

    Attributes
    ----------
    scores : pandas.DataFrame
        By ``method`` and ``metric``: ``mean`` over the seeds with its 95% t interval, ``low`` to
        ``high``, and ``n_diverged``, the seeds in which training diverged.
    differences : pandas.DataFrame
        By ``baseline``, ``method`` and ``metric``: ``mean`` of the paired differences, method minus
        baseline, with its 95% t interval, ``low`` to ``high``, and ``verdict``: ``"better"`` or
        ``"worse"`` (the method is) where the interval excludes 0, else ``"no difference shown"``.
    runs : pandas.DataFrame
        A line for each seed and method: its scores, ``n_iterations``, and the ``weights`` of the
        networks that it combines.
    """

    scores: Any
    differences: Any
    runs: Any


def compare(
    estimator: Any,
    X: Any,
    y: Any,
    *,
    X_test: Any = None,
    y_test: Any = None,
    n_seeds: int = 5,
    test_size: float | None = None,
    train_size: int | None = None,
    step_rate: float | None = None,
) -> ComparisonTables:
    """Compare a snapshot ensemble with other ways to spend the same training budget.

    Every method trains the same network from the same initial weights, for as many epochs in all
    [1]_: one network with the usual step schedule; the mean of that network at M moments; one
    network with one cosine cycle; the M snapshots with equal weights, and with weights learned on
    a holdout; and M networks of their own with an M-th of the epochs each.
    `skensemble.evaluation.METHODS` describes them.

    Parameters
    ----------
    estimator : SnapshotEnsembleClassifier
        Not fitted, or it does not matter; the seeds replace its ``random_state``. It learns its
        weights on a share of the rows (``validation_fraction``), and has at least M epochs.
    X : array-like of shape (n, ...)
        Rows, as the network takes them.
    y : array-like of shape (n,)
        Labels.
    X_test, y_test : array-like, optional
        Rows to test on. Default: a part of X, drawn for every seed.
    n_seeds : int, default=5
        How many; at least 2.
    test_size : float, optional
        Share, or from 1 on number, of the rows to test on. Default: a quarter.
    train_size : int, optional
        How many of the other rows train, drawn for every seed. Default: all.
    step_rate : float, optional
        Rate at which the step schedule starts. Default: ``alpha_zero``.

    Returns
    -------
    ComparisonTables
        Named tuple of three DataFrames: ``scores``, ``differences``, ``runs``.

    Raises
    ------
    ImportError
        Without pandas, which the extra ``data`` installs.
    TypeError, ValueError
        If the estimator cannot be compared, or the rows are too few.

    Notes
    -----
    Nothing is chosen on test rows. Seeds of one data set share rows, so intervals tell how results
    vary with split and seed, and not what another data set would give.

    References
    ----------
    .. [1] G. Huang, Y. Li, G. Pleiss, Z. Liu, J. E. Hopcroft, K. Q. Weinberger, "Snapshot
       Ensembles: Train 1, Get M for Free", ICLR 2017.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from skensemble import SnapshotEnsembleClassifier
    >>> from skensemble.evaluation import compare
    >>> clf = SnapshotEnsembleClassifier(M=2, epochs=4)
    >>> found = compare(clf, *load_iris(return_X_y=True), n_seeds=2)
    >>> found.scores.loc["snapshots-learned"].columns.tolist()
    ['mean', 'low', 'high', 'n_diverged']
    >>> found.differences.loc[("single", "snapshots-learned", "log_loss")].index.tolist()
    ['mean', 'low', 'high', 'verdict']
    >>> found.runs["method"].nunique()
    7
    """
    pandas = _import_pandas("compare")
    check_integer("n_seeds", n_seeds, minimum=2, fix="one has no interval; 5 is the default")
    check_comparable(estimator, step_rate)
    splits = draw_splits(
        X, y, n_seeds, test_size=test_size, train_size=train_size, X_test=X_test, y_test=y_test
    )
    runs = [run for split in splits for run in score_methods(estimator, split, step_rate)]
    scores, differences = {}, {}
    for entry in summarise_runs(runs):
        method = entry["method"]
        for metric, found in entry["scores"].items():
            diverged = {"n_diverged": entry["n_diverged"]}
            scores[method, metric] = _with_ends(**found) | diverged
        for baseline, by_metric in entry["differences"].items():
            for metric, found in by_metric.items():
                if baseline != method:
                    differences[baseline, method, metric] = _with_ends(**found)
    return ComparisonTables(
        _table(pandas, scores, ["method", "metric"]),
        _table(pandas, differences, ["baseline", "method", "metric"]).sort_index(),
        pandas.DataFrame(runs),
    )


def _with_ends(mean: float, half: float, **others: Any) -> dict[str, Any]:
    return {"mean": mean, "low": mean - half, "high": mean + half, **others}


def _table(pandas: Any, records: dict[Any, dict[str, Any]], names: list[str]) -> Any:
    table = pandas.DataFrame.from_dict(records, orient="index")
    table.index = table.index.set_names(names)
    return table


def _import_pandas(function: str) -> Any:
    """Import pandas, or say how to get it."""
    try:
        return import_module("pandas")
    except ImportError as error:
        raise ImportError(
            f"skensemble.evaluation.{function} needs pandas, which is not installed: "
            "run `pip install skensemble[data]`."
        ) from error
