"""The rows, the predictions and the weights of a vote, and its result."""

import functools
from collections.abc import Callable

import numpy as np
from sklearn.metrics import get_scorer
from sklearn.preprocessing import LabelEncoder
from sklearn.utils import _safe_indexing, column_or_1d, indexable
from sklearn.utils.multiclass import type_of_target
from sklearn.utils.validation import _check_y, check_consistent_length

from skensemble._validation import Described, must_be
from skensemble.ensemble._estimator import SnapshotEstimator
from skensemble.ensemble._fitted import draw_seed
from skensemble.ensemble._parameters import check_shares
from skensemble.ensemble._reading import (
    Holdout,
    check_sample_weight,
    check_y_given,
    warn_without_holdout,
)
from skensemble.ensemble._weighing import normalised
from skensemble.ensemble.voting._members import class_columns, count_features, innermost, is_dropped
from skensemble.networks import KerasClassifier
from skensemble.tasks import Classification
from skensemble.weighting import check_method

_SUM_SLACK = 1e-2  # float16, and many classes
# Far below a step between weights, far above rounding: it decides ties, and nothing else.
_TIE_BREAKER = 1e-6


def take_rows(X, rows):
    return _safe_indexing(indexable(X)[0], rows)


def read_labels(vote, X, y) -> tuple[LabelEncoder, np.ndarray]:
    check_y_given(vote, X, y)
    y = _check_y(y, multi_output=True, estimator=None)
    kind = type_of_target(y, input_name="y")
    if kind in ("unknown", "continuous"):
        fix = "bin the values, or take a VotingRegressor"
        refusal = must_be("y", "labels of classes", Described("numbers"), fix)
        raise ValueError(f"Unknown label type: {kind}. {refusal}")
    if kind not in ("binary", "multiclass"):
        must = "binary or multiclass labels, one per row"
        fix = (
            "Multilabel and multi-output classification are not supported; turn one-hot "
            "rows into labels with y.argmax(axis=1)"
        )
        raise NotImplementedError(must_be("y", must, Described(f"a {kind} target"), fix))
    y = column_or_1d(y, warn=True)
    return LabelEncoder().fit(y), y


def own_holdout(X, task: Classification, X_val, y_val) -> Holdout:
    check_consistent_length(X_val, y_val)
    expected, found = count_features(X), count_features(X_val)
    if expected != found:
        must, got = f"of {expected} features, as X", Described(f"{found} features")
        raise ValueError(must_be("X_val", must, got, "prepare it as X"))
    return Holdout(X_val, task.transform(y_val, name="y_val"), None)


def keep_holdout(vote, X, y, task: Classification, sample_weight, *, trains: bool):
    """Return the rows that train (None: all) and the holdout, if there can be one, stratified."""
    weight, fraction = check_sample_weight(sample_weight, X), vote.validation_fraction
    rows = np.arange(len(y)) if weight is None else np.flatnonzero(weight)
    train = None
    if trains:
        _, held_out = task.split_holdout(y[rows], fraction, draw_seed(vote.random_state))
        if held_out is None:
            warn_without_holdout(task, y[rows], fraction, "members")
            return None, None
        rows = rows[held_out]
        train = np.setdiff1d(np.arange(len(y)), rows)
    weight = None if weight is None else weight[rows]
    return train, Holdout(take_rows(X, rows), y[rows], weight)


class Answers:
    """Votes and probabilities of fitted members, in the order of the ensemble's classes.

    Each member is asked at most once for each of them. A network is asked for its probabilities
    only: its vote is the largest.
    """

    def __init__(self, members, X, classes):
        self.members = members
        self.X = X
        self.classes = classes
        self._asked = {}

    @functools.cached_property
    def votes(self) -> np.ndarray:
        """Class index that each member votes for, (M, n) int64."""
        return np.stack([self._vote(m) for m in range(len(self.members))])

    def probas(self, rows=None) -> np.ndarray:
        """Probabilities (M, n, k), of all rows or some; without any, a vote is certain."""
        return np.stack([self._probas_of(m, rows) for m in range(len(self.members))])

    def _vote(self, m: int) -> np.ndarray:
        name, member = self.members[m]
        if isinstance(innermost(member), KerasClassifier | SnapshotEstimator):
            return self._probas_of(m).argmax(axis=1)
        labels = column_or_1d(member.predict(self.X))
        votes = np.minimum(np.searchsorted(self.classes, labels), len(self.classes) - 1)
        unknown = np.unique(labels[self.classes[votes] != labels])
        if len(unknown):
            fix = "make predict return labels"
            must = f"out of its classes, {self.classes.tolist()}"
            raise ValueError(must_be(f"the labels of member {name!r}", must, unknown.tolist(), fix))
        return votes

    def _probas_of(self, m: int, rows=None) -> np.ndarray:
        name, member = self.members[m]
        if m in self._asked:
            return self._asked[m] if rows is None else self._asked[m][rows]
        if not hasattr(member, "predict_proba"):
            votes = self.votes[m]
            return np.eye(len(self.classes))[votes if rows is None else votes[rows]]
        X = self.X if rows is None else take_rows(self.X, rows)
        columns = class_columns(name, member, self.classes)
        given = _checked(name, member.predict_proba(X), len(columns))
        probas = np.empty(given.shape)
        probas[:, columns] = given
        if rows is None:
            self._asked[m] = probas
        return probas


def _checked(name: str, probas, n_classes: int) -> np.ndarray:
    must = f"an array of shape (n, {n_classes}) whose rows sum to 1"
    fix = "let its last layer be a softmax, or check that it did not diverge"
    probas = np.asarray(probas)
    if probas.ndim != 2 or probas.shape[1] != n_classes:
        got = Described(f"shape {probas.shape}")
    elif not np.isfinite(probas).all():
        got = Described("NaN or infinite entries")
    else:
        sums = probas.sum(axis=1, dtype=np.float64)
        if probas.min(initial=0) >= -_SUM_SLACK and (abs(sums - 1) <= _SUM_SLACK).all():
            return probas
        got = Described(f"rows that sum to {sums.min():.3g} up to {sums.max():.3g}")
    raise ValueError(must_be(f"the probabilities of member {name!r}", must, got, fix))


def check_vote_weights(vote, X_val) -> np.ndarray | None:
    """Return the weights of the members but for dropped ones; None if they are to be learned."""
    weights, n = vote.weights, len(vote.estimators)
    kept = np.array([not is_dropped(member) for _, member in vote.estimators])
    if weights is None or (isinstance(weights, str) and weights == "uniform"):
        return np.ones(kept.sum())
    if isinstance(weights, str) or not np.iterable(weights):
        check_method(weights, name="weights", also=f"an array of shape ({n},)")
        if vote.validation_fraction is None and X_val is None:
            must = "None or an array where validation_fraction=None"
            fix = (
                "hold out some rows, as in validation_fraction=0.1, or pass X_val and y_val to fit"
            )
            raise ValueError(must_be("weights", must, weights, fix))
        return None
    fix = "give each member a number of at least 0, and one that is not dropped more than 0"
    given = np.asarray(weights)
    if given.shape != (n,):
        what, must, got = "weights", f"of shape ({n},)", f"an array of shape {given.shape}"
        if given.ndim == 1:  # in the words of scikit-learn
            what, must = "Number of `estimators` and weights", "equal"
            got = f"{len(given)} weights, {n} estimators"
        raise ValueError(must_be(what, must, Described(got), fix))
    check_shares("weights", given, fix)
    if not given[kept].any():
        must = "of a positive sum over the members that are not dropped"
        raise ValueError(must_be("weights", must, given.tolist(), fix))
    return given[kept]


def weigh_members(vote, given, members, holdout: Holdout | None, task: Classification):
    if holdout is None:
        return normalised(np.ones(len(members)) if given is None else given), None
    answers = Answers(members, holdout.X, task.classes_)
    if vote.voting == "soft":
        combined = answers.probas()
    else:
        combined = np.eye(task.n_classes)[answers.votes]
        if given is None and _judges_labels(vote.weights):
            combined += _TIE_BREAKER * (answers.probas() - combined)
    rows = holdout.y, holdout.sample_weight
    if given is None:
        result = task.find_weights(vote.weights, combined, *rows)
        return result.weights.copy(), result
    given = normalised(given)
    method = "uniform" if vote.weights is None or isinstance(vote.weights, str) else "given"
    return given, task.evaluate_weights(given, combined, *rows, method=method)


def _judges_labels(method) -> bool:
    """Whether it looks at who wins, so that ties must be decided as in ``predict``."""
    if isinstance(method, str) and method in ("log_loss", "accuracy", "greedy", "auto"):
        return method == "accuracy"
    return getattr(get_scorer(method), "_response_method", "predict") == "predict"


def vote_shares(votes, weights, n_classes: int) -> np.ndarray:
    """Share, (n, k), of the weighted votes, class indices (M, n), that each class gets."""
    shares = np.zeros((votes.shape[1], n_classes))
    rows = np.arange(votes.shape[1])
    for vote, weight in zip(votes, weights, strict=True):
        shares[rows, vote] += weight
    return np.minimum(shares, 1.0)  # scikit-learn's log_loss refuses what rounding adds to 1


def tie_tolerance(n_members: int, dtype) -> float:
    """How far apart two sums of weights may be that are equal but for rounding.

    With u = eps / 2, each of M weights of sum 1 has a relative error of at most u from its digits,
    of 2 u from the divisions that normalise it, and of u from a product with a probability; adding
    them up adds at most (M - 1) u. The difference of two sums is off by twice that.
    """
    dtypes = [np.dtype(np.float64), *([dtype] if dtype.kind == "f" else [])]
    return (n_members + 3) * max(float(np.finfo(each).eps) for each in dtypes)


def break_ties(shares, sums: Callable[[np.ndarray], np.ndarray], tolerance: float) -> np.ndarray:
    """Raise a winner among equal shares by one bit: the one of the largest sum, or the first."""
    best = shares.max(axis=1, keepdims=True)
    leads = shares >= best - tolerance
    tied = np.flatnonzero(leads.sum(axis=1) > 1)
    if len(tied):
        rivals = np.where(leads[tied], sums(tied), -np.inf)
        winner = (rivals >= rivals.max(axis=1, keepdims=True) - tolerance).argmax(axis=1)
        shares[tied, winner] = np.nextafter(best[tied, 0], 1.0)
    return shares
