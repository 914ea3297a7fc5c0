"""Several ways to spend one budget of epochs, on several seeds."""

from typing import Any, NamedTuple

from skensemble._validation import check_integer
from skensemble.evaluation._equal_compute import check_comparable, score_methods
from skensemble.evaluation._evaluate_estimator import import_pandas
from skensemble.evaluation._resampling import draw_splits
from skensemble.evaluation._seed_summary import summarise_runs


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
    pandas = import_pandas("compare")
    check_integer("n_seeds", n_seeds, minimum=2, fix="one has no interval; 5 is the default")
    check_comparable(estimator, step_rate)
    splits = draw_splits(
        X, y, n_seeds, test_size=test_size, train_size=train_size, X_test=X_test, y_test=y_test
    )
    runs = [run for split in splits for run in score_methods(estimator, split, step_rate)]
    scores: list[dict[str, Any]] = []
    differences: list[dict[str, Any]] = []
    for entry in summarise_runs(runs):
        method = entry["method"]
        for metric, found in entry["scores"].items():
            scores.append(
                {
                    "method": method,
                    "metric": metric,
                    **_with_ends(found),
                    "n_diverged": entry["n_diverged"],
                }
            )
        for baseline, by_metric in entry["differences"].items():
            if baseline != method:
                differences.extend(
                    {"baseline": baseline, "method": method, "metric": metric, **_with_ends(found)}
                    for metric, found in by_metric.items()
                )
    return ComparisonTables(
        pandas.DataFrame(scores).set_index(["method", "metric"]),
        pandas.DataFrame(differences).set_index(["baseline", "method", "metric"]).sort_index(),
        pandas.DataFrame(runs),
    )


def _with_ends(found: dict[str, Any]) -> dict[str, Any]:
    mean, half = found["mean"], found["half"]
    others = {name: value for name, value in found.items() if name not in ("mean", "half")}
    return {"mean": mean, "low": mean - half, "high": mean + half, **others}
