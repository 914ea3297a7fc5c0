"""Criteria from scikit-learn's scorers; the one file here that imports scikit-learn."""

import difflib
import inspect
from collections.abc import Callable
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from skensemble._validation import Described, must_be
from skensemble.weighting._arrays import FloatArray
from skensemble.weighting._correct_rows import ACCURACY
from skensemble.weighting._criterion import Criterion, Scores, ScoringError
from skensemble.weighting._log_loss import LOG_LOSS
from skensemble.weighting._member_predictions import MemberPredictions

_NATIVE = {"log_loss": LOG_LOSS, "accuracy": ACCURACY}
_CAN = "a scorer that can score the holdout"
_FIX = "sklearn.metrics.get_scorer_names() lists scorers, make_scorer makes one of a metric"


def check_criterion(
    name: str, value: Any, methods: tuple[str, ...] = tuple(_NATIVE), also: str = ""
) -> None:
    """Raise unless ``value`` is one of ``methods``, a scorer's name, or a scorer.

    ``name`` is what the message calls the parameter, and ``also`` what else it may be.
    """
    scorer_or = f"a scorer, or {also}" if also else "or a scorer"
    must = f"one of {', '.join(map(repr, methods))}, the name of a scorer, {scorer_or}"
    if isinstance(value, str):
        if value in methods:
            return
        from sklearn.metrics import get_scorer, get_scorer_names

        known = get_scorer_names()
        if value not in known:
            near = difflib.get_close_matches(value, [*methods, *known], n=1)
            fix = f"perhaps {near[0]!r} is meant" if near else _FIX
            raise ValueError(must_be(name, must, value, fix))
        scorer = get_scorer(value)
    elif callable(value):
        scorer = value
        if not _is_scorer(scorer):
            got = Described(f"the function {getattr(value, '__name__', value)}")
            fix = "a scorer is called as scorer(estimator, X, y); make_scorer makes one of a metric"
            raise TypeError(must_be(name, must, got, fix))
    else:
        raise TypeError(must_be(name, must, value, _FIX))
    if _module(getattr(scorer, "_score_func", None)) == "sklearn.metrics._regression":
        fix = "that one scores regressors; 'log_loss' judges probabilities of classes"
        raise ValueError(must_be(name, "a scorer of classifiers", value, fix))


def _module(value: Any) -> str:
    return getattr(value, "__module__", None) or ""


def _is_scorer(value: Callable[..., Any]) -> bool:
    if _module(value).startswith("sklearn.metrics.") and not hasattr(value, "_score_func"):
        return False  # a metric: its first arguments are labels
    try:
        inspect.signature(value).bind(None, None, None)
    except (TypeError, ValueError):  # other arguments, or a builtin without a signature
        return False
    return True


def read_criterion(
    criterion: str | Callable[..., float],
    *,
    n_classes: int,
    classes: ArrayLike | None,
    parameter: str = "criterion",
) -> Criterion:
    """Turn a name or a scorer into a criterion; ``classes`` are the labels that scorers see."""
    check_criterion(parameter, criterion)
    labels = _read_classes(classes, n_classes)
    if isinstance(criterion, str) and criterion in _NATIVE:
        return _NATIVE[criterion]
    from sklearn.metrics import get_scorer

    scorer = get_scorer(criterion)
    name = criterion if isinstance(criterion, str) else _name(criterion)
    weighable = _takes_weights(scorer)
    stand_in = _stand_in()(labels)

    def score(proba: FloatArray, y: NDArray[np.intp], mass: FloatArray) -> float:
        rows = proba / proba.sum(axis=1, keepdims=True)
        weights = {"sample_weight": mass} if weighable and np.ptp(mass) > 0 else {}
        try:
            value = float(scorer(stand_in, rows, labels[y], **weights))
        except Exception as error:
            got = Described(f"{name}, which raised {type(error).__name__}")
            fix = f"it said {str(error).strip()!r}"
            raise ScoringError(must_be(parameter, _CAN, got, fix)) from error
        if not np.isfinite(value):
            fix = "choose one that is defined on these rows, such as 'log_loss'"
            got = Described(f"{'NaN' if np.isnan(value) else value} from {name}")
            raise ScoringError(must_be(parameter, _CAN, got, fix))
        return value

    def scores(members: MemberPredictions) -> Scores:
        return lambda counts: np.array(
            [score(members.combine(point), members.y, members.mass) for point in counts]
        )

    return Criterion(name, scores)


def _name(scorer: Callable[..., float]) -> str:
    return getattr(scorer, "__name__", None) or repr(scorer)


def _takes_weights(scorer: Callable[..., float]) -> bool:
    """Tell whether the metric, where the scorer has one, or else the scorer takes weights."""
    metric = getattr(scorer, "_score_func", scorer)
    try:
        return "sample_weight" in inspect.signature(metric).parameters
    except (TypeError, ValueError):
        return False


def _read_classes(classes: ArrayLike | None, n_classes: int) -> NDArray[Any]:
    if classes is None:
        return np.arange(n_classes)
    labels = np.asarray(classes)
    must = f"an array of {n_classes} different labels, sorted, one per column of probas"
    fix = "pass classes_ of the classifier"
    if labels.shape != (n_classes,):
        raise ValueError(must_be("classes", must, Described(f"shape {labels.shape}"), fix))
    if not bool((labels[:-1] < labels[1:]).all()):
        raise ValueError(must_be("classes", must, labels.tolist(), fix))
    return labels


@cache
def _stand_in() -> Callable[[NDArray[Any]], Any]:
    """Return the class of classifiers whose rows are their own probabilities."""
    from sklearn.base import BaseEstimator, ClassifierMixin

    class GivenProbabilities(ClassifierMixin, BaseEstimator):  # type: ignore[misc]
        def __init__(self, classes: NDArray[Any]) -> None:
            self.classes = classes
            self.classes_ = classes

        def fit(self, X: Any, y: Any) -> Any:  # pragma: no cover
            return self

        def predict_proba(self, X: FloatArray) -> FloatArray:
            return X

        def predict(self, X: FloatArray) -> NDArray[Any]:
            predicted: NDArray[Any] = self.classes_[X.argmax(axis=1)]
            return predicted

    return GivenProbabilities
