"""Weights by the name of a method, and how they compare with simpler ones."""

from collections.abc import Callable
from dataclasses import replace
from functools import partial

import numpy as np
from numpy.typing import ArrayLike

from skensemble.weighting._accuracy import learn_accuracy
from skensemble.weighting._criterion import (
    ACCURACY,
    LOG_LOSS,
    Criterion,
    check_criterion,
    read_criterion,
)
from skensemble.weighting._cross_validation import N_FOLDS, assign_folds, compare_weights
from skensemble.weighting._greedy import learn_greedy
from skensemble.weighting._log_loss import Learned, LogLoss, learn_log_loss
from skensemble.weighting._member_predictions import MemberPredictions, read_members
from skensemble.weighting._result import WeightingResult

# What learns weights, by name, and what judges them. A new criterion is a file with such a
# function, and a line here.
_LEARN: dict[str, tuple[Callable[..., Learned], Criterion]] = {
    "log_loss": (learn_log_loss, LOG_LOSS),
    "accuracy": (learn_accuracy, ACCURACY),
    "greedy": (partial(learn_greedy, criterion=LOG_LOSS, n_iter=100), LOG_LOSS),
    "auto": (learn_log_loss, LOG_LOSS),
}
METHODS = ("uniform", *_LEARN)
_SCORER_FOLDS = 5


def check_method(
    method: str | Callable[..., float], *, name: str = "weighting", also: str = ""
) -> None:
    """Raise unless `find_weights` knows the method.

    Parameters
    ----------
    method : str or callable
        ``"uniform"``, ``"log_loss"``, ``"accuracy"``, ``"greedy"``, ``"auto"``, the name of a
        scikit-learn scorer, or a scorer, called as ``scorer(estimator, X, y)``.
    name : str, default="weighting"
        What the parameter is called, for the message.
    also : str, default=""
        What else the parameter may be, for the message, such as ``"an array of weights"``.

    Raises
    ------
    TypeError
        If it is neither a string nor a scorer: a bare metric function, for one.
    ValueError
        If it is an unknown name, or a scorer of regressors.

    Examples
    --------
    >>> from skensemble.weighting import check_method
    >>> check_method("f1_macro")
    """
    check_criterion(name, method, METHODS, also)


def check_scores(
    method: str | Callable[..., float],
    y: ArrayLike,
    sample_weight: ArrayLike | None = None,
    *,
    classes: ArrayLike,
    name: str = "weighting",
) -> None:
    """Raise unless a method can judge members on rows with these labels, before there are any.

    Parameters
    ----------
    method : str or callable
        As for `find_weights`.
    y : array-like of shape (n,), integer dtype
        True classes, as indices into ``classes``.
    sample_weight : array-like of shape (n,), optional
        How much each row counts.
    classes : array-like of shape (k,)
        Labels, sorted.
    name : str, default="weighting"
        What the parameter is called, for the message.

    Raises
    ------
    TypeError, ValueError
        If the method is none; if a scorer fails, as that of binary problems does on three classes.

    Examples
    --------
    >>> from skensemble.weighting import check_scores
    >>> check_scores("f1", [0, 1, 1], classes=["ham", "spam"])
    Traceback (most recent call last):
        ...
    skensemble.weighting._criterion.ScoringError: weighting must be a scorer that can ...
    """
    check_method(method, name=name)
    if isinstance(method, str) and method in METHODS:
        return
    rows, k = np.asarray(y), len(np.asarray(classes))
    right = np.full((1, rows.size, k), 0.1 / k)
    right[0, np.arange(rows.size), rows] += 0.9
    members = read_members(right, rows, sample_weight)
    criterion = read_criterion(method, n_classes=k, classes=classes, parameter=name)
    criterion.scores(members)(np.ones((1, 1)))


def find_weights(
    method: str | Callable[..., float],
    probas: ArrayLike,
    y: ArrayLike,
    sample_weight: ArrayLike | None = None,
    *,
    classes: ArrayLike | None = None,
) -> WeightingResult:
    """Combination weights by the name of a method, and whether they are worth it.

    Parameters
    ----------
    method : str or callable
        - ``"uniform"``: equal weights.
        - ``"log_loss"``: `solve_log_loss`.
        - ``"accuracy"``: `solve_accuracy`.
        - ``"greedy"``: `solve_greedy`, for log-loss.
        - ``"auto"``: those of ``"log_loss"`` if they beat equal weights in cross-validation,
          with an interval above 0; else equal ones. ``note`` of the result says why.
        - The name of a scikit-learn scorer, or ``scorer(estimator, X, y)``: `solve_greedy` with
          10 additions, for that scorer.
    probas : array-like of shape (M, n, k), any real dtype
        Probabilities of the k classes from each of M members on n rows.
    y : array-like of shape (n,), integer dtype
        True classes, as indices into the last axis of ``probas``.
    sample_weight : array-like of shape (n,), optional
        How much each row counts; only the ratios matter, rows of weight 0 do not exist.
    classes : array-like of shape (k,), optional
        Labels for scorers, sorted; 0 to k - 1 by default.

    Returns
    -------
    WeightingResult
        With ``comparisons`` for learned weights: by cross-validation on these rows (ten folds,
        five for scorers), against equal weights, the last and the best member. For ``"auto"``
        they are always about the weights of ``"log_loss"``, also where equal ones are returned.

    Raises
    ------
    TypeError
        If an array or ``method`` has the wrong type.
    ValueError
        If a shape does not match, a value is out of range or not finite, the method is unknown,
        or a scorer cannot score these rows.

    Examples
    --------
    The second member is better; forty rows say so, ten do not:

    >>> import numpy as np
    >>> from skensemble.weighting import find_weights
    >>> right = np.array([[0.6, 0.7, 0.5, 0.8, 0.6] * 8, [0.9, 0.8, 0.9, 0.6, 0.9] * 8])
    >>> probas, y = np.stack([right, 1 - right], axis=2), np.zeros(40, int)
    >>> result = find_weights("auto", probas, y)
    >>> result.method
    'log_loss'
    >>> [(c.against, c.beats) for c in result.comparisons]
    [('uniform', True), ('last', False), ('best', False)]
    >>> find_weights("auto", probas[:, :6], y[:6]).note
    'Equal weights: the rows are too few to tell whether learned ones are better.'
    """
    check_method(method)
    members = read_members(probas, y, sample_weight)
    if method == "uniform":
        return _equal(members)
    if isinstance(method, str) and method in _LEARN:
        (learn, criterion), n_folds = _LEARN[method], N_FOLDS
    else:
        criterion = read_criterion(method, n_classes=members.probas.shape[2], classes=classes)
        learn, n_folds = partial(learn_greedy, criterion=criterion, n_iter=10), _SCORER_FOLDS
    fold = assign_folds(members.y, n_folds)
    result, without_folds = learn(members, fold)
    comparisons = compare_weights(without_folds, members, criterion, fold)
    result = replace(result, comparisons=comparisons)
    return _choose(result, members) if method == "auto" else result


def _choose(learned: WeightingResult, members: MemberPredictions) -> WeightingResult:
    """Take the learned weights where they beat equal ones, and say so."""
    found = learned.comparisons[0]
    gain = (
        f"over equal ones in log-loss, {found.gain:.3g} nats in cross-validation "
        f"(95% interval {found.low:.3g} to {found.high:.3g}), is"
    )
    if found.beats:
        return replace(learned, note=f"Learned weights: their gain {gain} above 0.")
    note = f"Equal weights: the gain of learned ones {gain} not surely above 0."
    if np.isnan(found.gain):
        note = "Equal weights: the rows are too few to tell whether learned ones are better."
    return replace(_equal(members), comparisons=learned.comparisons, note=note)


def _equal(members: MemberPredictions) -> WeightingResult:
    n_members = len(members)
    return LogLoss.of(members).result(np.full(n_members, 1 / n_members), method="uniform")
