"""What weights are judged by; the one file here that imports scikit-learn, for its scorers."""

import difflib
import inspect
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from skensemble._validation import Described, must_be
from skensemble.weighting._correct_rows import correct_mass, open_pairs
from skensemble.weighting._log_loss import EPS, TIE, LogLoss
from skensemble.weighting._member_predictions import FloatArray, MemberPredictions

_CAN = "a scorer that can score the holdout"
_FIX = "sklearn.metrics.get_scorer_names() lists scorers, make_scorer makes one of a metric"

Scores = Callable[[FloatArray], FloatArray]
ByRow = Callable[[MemberPredictions, FloatArray], FloatArray]


class ScoringError(ValueError):
    """A scorer that cannot score the rows it was given."""


@dataclass(frozen=True)
class Criterion:
    """A score of combinations, given their weights of any sum, (n_points, M); greater is better.

    Where it is a mean over rows, ``by_row`` gives the score of each row.
    """

    name: str
    scores: Callable[[MemberPredictions], Scores]
    by_row: ByRow | None = None


def better(key: tuple[float, float], than: tuple[float, float]) -> bool:
    """Whether a (score, loss) is better than another by more than rounding."""
    tie = TIE * max(1.0, abs(than[0]))
    return key[0] > than[0] + tie or (key[0] >= than[0] - tie and key[1] < than[1] - TIE)


def _minus_log_loss(members: MemberPredictions) -> Scores:
    loss = LogLoss.of(members)
    return lambda counts: -loss.many(counts)


def _log_probability_by_row(members: MemberPredictions, weights: FloatArray) -> FloatArray:
    q = members.of_true_class
    mixture = np.einsum("nm,mn->n", np.broadcast_to(weights, q.T.shape), q)
    return np.asarray(np.log(np.clip(mixture / weights.sum(axis=-1), EPS, 1.0)))


def _accuracy(members: MemberPredictions) -> Scores:
    pairs, total = list(open_pairs(members)), members.mass.sum()
    return lambda counts: np.asarray(correct_mass(pairs, counts) / total)


def _correct_by_row(members: MemberPredictions, weights: FloatArray) -> FloatArray:
    correct: FloatArray = (members.combine(weights).argmax(axis=1) == members.y).astype(np.float64)
    return correct


LOG_LOSS = Criterion("log_loss", _minus_log_loss, _log_probability_by_row)
ACCURACY = Criterion("accuracy", _accuracy, _correct_by_row)
_NATIVE = {"log_loss": LOG_LOSS, "accuracy": ACCURACY}


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
    elif not callable(value):
        raise TypeError(must_be(name, must, value, _FIX))
    elif not _is_scorer(value):
        got = Described(f"the function {getattr(value, '__name__', value)}")
        fix = "a scorer is called as scorer(estimator, X, y); make_scorer makes one of a metric"
        raise TypeError(must_be(name, must, got, fix))
    else:
        scorer = value
    metric = getattr(scorer, "_score_func", None)
    if getattr(metric, "__module__", None) == "sklearn.metrics._regression":
        fix = "that one scores regressors; 'log_loss' judges probabilities of classes"
        raise ValueError(must_be(name, "a scorer of classifiers", value, fix))


def _is_scorer(value: Callable[..., Any]) -> bool:
    """Tell whether it takes three arguments; metrics take two, and the others by name."""
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
    """Turn a checked name or scorer into a criterion; ``classes`` are the labels scorers see."""
    labels = _read_classes(classes, n_classes)
    if isinstance(criterion, str) and criterion in _NATIVE:
        return _NATIVE[criterion]
    from sklearn.metrics import get_scorer

    scorer = get_scorer(criterion)
    name = criterion if isinstance(criterion, str) else getattr(scorer, "__name__", repr(scorer))
    takes_weights = _takes_weights(scorer)
    stand_in = _given_probabilities(labels)

    def score(proba: FloatArray, y: NDArray[np.intp], mass: FloatArray) -> float:
        rows = proba / proba.sum(axis=1, keepdims=True)
        weights = {"sample_weight": mass} if takes_weights and np.ptp(mass) > 0 else {}
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


def _given_probabilities(labels: NDArray[Any]) -> Any:
    """Return a classifier whose rows are their own probabilities."""
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

    return GivenProbabilities(labels)
