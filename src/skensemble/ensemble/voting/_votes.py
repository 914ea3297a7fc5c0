"""The predictions of the members, and the result of the vote."""

from collections.abc import Callable

import numpy as np
from sklearn.frozen import FrozenEstimator
from sklearn.pipeline import Pipeline
from sklearn.utils import column_or_1d

from skensemble._validation import Described, must_be
from skensemble.ensemble._estimator import SnapshotEstimator
from skensemble.ensemble.voting._members import class_columns
from skensemble.ensemble.voting._vote_rows import take_rows
from skensemble.networks import KerasClassifier

_SUM_SLACK = 1e-2  # float16, and many classes


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
        self._votes = None

    def votes(self) -> np.ndarray:
        """Class index that each member votes for, (M, n) int64."""
        if self._votes is None:
            self._votes = np.stack([self._vote(m) for m in range(len(self.members))])
        return self._votes

    def probas(self, rows=None) -> np.ndarray:
        """Probabilities (M, n, k), of all rows or some.

        A member without ``predict_proba`` is sure of its vote.
        """
        return np.stack([self._probas_of(m, rows) for m in range(len(self.members))])

    def _vote(self, m: int) -> np.ndarray:
        name, member = self.members[m]
        if _is_network(member):
            return self._probas_of(m).argmax(axis=1)
        labels = column_or_1d(member.predict(self.X))
        known = np.asarray(getattr(member, "classes_", self.classes))
        order = np.argsort(known)
        place = np.searchsorted(known, labels, sorter=order)
        place = order[np.minimum(place, len(known) - 1)]
        unknown = np.unique(labels[known[place] != labels])
        if len(unknown):
            fix = "make predict return labels"
            must = f"out of its classes, {known.tolist()}"
            raise ValueError(must_be(f"the labels of member {name!r}", must, unknown.tolist(), fix))
        return class_columns(name, member, self.classes)[place]

    def _probas_of(self, m: int, rows=None) -> np.ndarray:
        name, member = self.members[m]
        if m in self._asked:
            return self._asked[m] if rows is None else self._asked[m][rows]
        if not hasattr(member, "predict_proba"):
            votes = self.votes()[m]
            return np.eye(len(self.classes))[votes if rows is None else votes[rows]]
        X = self.X if rows is None else take_rows(self.X, rows)
        columns = class_columns(name, member, self.classes)
        given = _checked(name, member.predict_proba(X), len(columns))
        probas = np.empty(given.shape)
        probas[:, columns] = given
        if rows is None:
            self._asked[m] = probas
        return probas


def _is_network(member) -> bool:
    while isinstance(member, Pipeline | FrozenEstimator):
        member = member.steps[-1][1] if isinstance(member, Pipeline) else member.estimator
    return isinstance(member, KerasClassifier | SnapshotEstimator)


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


def vote_shares(votes, weights, n_classes: int) -> np.ndarray:
    """Share, (n, k), of the weighted votes, class indices (M, n), that each class gets."""
    shares = np.zeros((votes.shape[1], n_classes))
    rows = np.arange(votes.shape[1])
    for vote, weight in zip(votes, weights, strict=True):
        shares[rows, vote] += weight
    return np.minimum(shares, 1.0)  # scikit-learn's log_loss refuses what rounding adds to 1


def tie_tolerance(n_members: int, dtype) -> float:
    r"""How far apart two sums of weights may be that are equal but for rounding.

    With :math:`u = \epsilon / 2`, each of M weights of sum 1 has a relative error of at most u
    from reading its decimals, of u from each of the two divisions that normalise it, and of u
    from being multiplied by a probability; adding M of them up adds at most (M - 1) u. So a sum is
    off by (M + 3) u, and the difference of two by twice that.

    Examples
    --------
    >>> import numpy as np
    >>> weights = np.array([0.1, 0.2, 0.3])
    >>> 0 < abs(weights[0] + weights[1] - weights[2]) <= tie_tolerance(3, weights.dtype)
    np.True_
    """
    dtypes = [np.dtype(np.float64), *([dtype] if dtype.kind == "f" else [])]
    return (n_members + 3) * max(float(np.finfo(each).eps) for each in dtypes)


def break_ties(shares, sums: Callable[[np.ndarray], np.ndarray], tolerance: float) -> np.ndarray:
    """Raise the share of the winner by one bit, where it has rivals of the same share.

    Of equal shares, that of the larger sum of probabilities wins; of equal sums, the first.

    Examples
    --------
    >>> import numpy as np
    >>> shares = np.array([[0.5, 0.5, 0.0], [0.2, 0.3, 0.5]])
    >>> break_ties(shares, lambda rows: np.array([[0.4, 0.6, 0.0]]), 1e-9).argmax(axis=1)
    array([1, 2])
    >>> shares
    array([[0.5, 0.5, 0. ],
           [0.2, 0.3, 0.5]])
    """
    best = shares.max(axis=1, keepdims=True)
    leads = shares >= best - tolerance
    tied = np.flatnonzero(leads.sum(axis=1) > 1)
    if len(tied):
        rivals = np.where(leads[tied], sums(tied), -np.inf)
        winner = (rivals >= rivals.max(axis=1, keepdims=True) - tolerance).argmax(axis=1)
        shares[tied, winner] = np.nextafter(best[tied, 0], 1.0)
    return shares
