"""The weights of members, learned on rows that none of them trained on."""

import re

import numpy as np
import pytest
from sklearn.base import BaseEstimator, ClassifierMixin, clone
from sklearn.frozen import FrozenEstimator
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import f1_score, make_scorer
from sklearn.naive_bayes import GaussianNB
from sklearn.svm import LinearSVC
from sklearn.tree import DecisionTreeClassifier

from skensemble import VotingSnapshotClassifier
from skensemble.exceptions import HoldoutWarning
from skensemble.weighting import find_weights


class Recorder(GaussianNB):
    """Remembers the rows that it trains on, and their weights."""

    def fit(self, X, y, sample_weight=None):
        self.rows_ = {row.tobytes() for row in X}
        self.row_weights_ = sample_weight
        return super().fit(X, y, sample_weight)


@pytest.fixture(scope="module")
def rows(blobs):
    X, y = blobs
    X = X + 0.8 * np.random.default_rng(0).normal(size=X.shape)  # so that members differ
    return X, np.array(["a", "b", "c"])[y]


@pytest.fixture
def members():
    return [
        ("one", Recorder()),
        ("linear", LogisticRegression()),
        ("two", Recorder(var_smoothing=1.0)),
    ]


def held_out(vote, X):
    """Numbers of the rows that the first member did not train on."""
    return [i for i, row in enumerate(X) if row.tobytes() not in vote.estimators_[0].rows_]


def asked(vote, X):
    """What the members say, found without the vote: votes (M, n, k) and probabilities."""
    labels = vote.classes_
    votes = [member.predict(X)[:, None] == labels for member in vote.estimators_]
    return np.array(votes, float), np.array([m.predict_proba(X) for m in vote.estimators_])


@pytest.mark.parametrize("method", ["log_loss", "auto", "accuracy"])
@pytest.mark.parametrize("voting", ["hard", "soft"])
def test_weights_are_those_that_the_holdout_gives(voting, method, members, rows):
    X, y = rows
    vote = VotingSnapshotClassifier(
        members, voting=voting, weights=method, validation_fraction=0.3, random_state=0
    ).fit(X, y)
    out = held_out(vote, X)
    assert len(out) == vote.weighting_.n_samples == 27
    assert vote.estimators_[2].rows_ == vote.estimators_[0].rows_
    votes, probas = asked(vote, X[out])
    combined = probas if voting == "soft" else votes
    if (voting, method) == ("hard", "accuracy"):  # ties as in predict
        combined = (1 - 1e-6) * votes + 1e-6 * probas
    truth = np.searchsorted(vote.classes_, y[out])
    expected = find_weights(method, combined, truth, classes=vote.classes_)
    np.testing.assert_allclose(vote.weights_, expected.weights, atol=1e-8)
    assert vote.weighting_.method == expected.method
    assert vote.weights_.sum() == pytest.approx(1)


def test_a_scorer_is_a_criterion_and_sees_the_labels(members, rows):
    X, y = rows
    scorer = make_scorer(f1_score, labels=["c"], average="macro")
    vote = VotingSnapshotClassifier(members[:2], voting="soft", weights=scorer, random_state=0)
    vote.fit(X, y)
    out = held_out(vote, X)
    truth = np.searchsorted(vote.classes_, y[out])
    expected = find_weights(scorer, asked(vote, X[out])[1], truth, classes=vote.classes_)
    np.testing.assert_array_equal(vote.weights_, expected.weights)


def test_accuracy_on_the_holdout_is_that_of_predict(members, rows):
    """No weights on the grid predict more of the holdout right than the learned ones, ties too."""
    X, y = rows
    params = {"validation_fraction": 0.4, "random_state": 0}
    vote = VotingSnapshotClassifier(members, weights="accuracy", **params).fit(X, y)
    out = held_out(vote, X)
    learned = vote.score(X[out], y[out])
    best = 0
    for i in range(11):
        for j in range(11 - i):
            vote.weights_ = np.array([i, j, 10 - i - j]) / 10
            best = max(best, vote.score(X[out], y[out]))
    assert learned == best


def test_every_class_is_on_both_sides(members, rows):
    X, y = rows
    vote = VotingSnapshotClassifier(members, weights="accuracy", random_state=0).fit(X, y)
    assert sorted(y[held_out(vote, X)]) == ["a", "a", "a", "b", "b", "b", "c", "c", "c"]


@pytest.mark.parametrize("weights", [None, [1, 2, 3], "uniform"])
def test_weights_that_are_given_hold_nothing_out(weights, members, rows):
    X, y = rows
    vote = VotingSnapshotClassifier(members, weights=weights).fit(X, y)
    assert held_out(vote, X) == []
    assert vote.weighting_ is None


def test_the_seed_determines_the_holdout_and_is_not_advanced(members, rows):
    X, y = rows
    rng = np.random.RandomState(3)
    state = rng.get_state()[1].tolist()
    vote = VotingSnapshotClassifier(members, weights="accuracy", random_state=rng)
    first = held_out(vote.fit(X, y), X)
    assert held_out(vote.fit(X, y), X) == first
    assert rng.get_state()[1].tolist() == state
    assert held_out(vote.set_params(random_state=4).fit(X, y), X) != first


def test_a_holdout_of_ones_own(members, rows):
    X, y = rows
    vote = VotingSnapshotClassifier(members, voting="soft", weights="log_loss")
    vote.fit(X[30:], y[30:], X_val=X[:30], y_val=y[:30])
    assert held_out(vote, X) == list(range(30))
    assert vote.weighting_.n_samples == 30
    expected = find_weights(
        "log_loss", asked(vote, X[:30])[1], np.searchsorted(vote.classes_, y[:30])
    )
    np.testing.assert_allclose(vote.weights_, expected.weights, atol=1e-8)


def test_given_weights_are_judged_on_a_holdout_of_ones_own(members, rows):
    X, y = rows
    vote = VotingSnapshotClassifier(members, voting="soft", weights=[1, 1, 2])
    vote.fit(X[30:], y[30:], X_val=X[:30], y_val=y[:30])
    mean = np.average(asked(vote, X[:30])[1], axis=0, weights=[1, 1, 2])
    right = mean[np.arange(30), np.searchsorted(vote.classes_, y[:30])]
    assert vote.weighting_.method == "given"
    assert vote.weighting_.loss == pytest.approx(-np.log(right).mean())
    assert vote.weights_.tolist() == [0.25, 0.25, 0.5]


def test_rows_without_weight_are_not_held_out(rows):
    X, y = rows
    weight = np.where(np.arange(90) % 2, 1.0, 0.0)
    vote = VotingSnapshotClassifier(
        [("one", Recorder()), ("two", Recorder())], weights="accuracy", random_state=0
    ).fit(X, y, sample_weight=weight)
    out = held_out(vote, X)
    assert all(row % 2 for row in out)
    assert len(out) == 5
    np.testing.assert_array_equal(vote.estimators_[0].row_weights_, np.delete(weight, out))


def test_weights_of_rows_count_in_learning(rows):
    """Only the rows that one member gets right weigh: it gets all the weight."""
    X, y = rows
    members = [("one", Recorder()), ("stump", DecisionTreeClassifier(max_depth=1, random_state=0))]
    vote = VotingSnapshotClassifier(members, voting="soft", weights="accuracy", random_state=0)
    vote.set_params(validation_fraction=0.4)
    first = held_out(vote.fit(X, y), X)
    fitted = vote.estimators_
    wrong = [row for row in first if fitted[0].predict(X[[row]])[0] != y[row]]
    only = [row for row in wrong if fitted[1].predict(X[[row]])[0] == y[row]]
    assert only
    weight = np.full(90, 1e-6)
    weight[only] = 1.0
    frozen = [(name, FrozenEstimator(m)) for (name, _), m in zip(members, fitted, strict=True)]
    vote.set_params(estimators=frozen)
    vote.fit(X[first], y[first])
    assert vote.weights_[0] > 0.5
    vote.fit(X[first], y[first], sample_weight=weight[first])
    assert vote.weights_[1] > 0.5


def test_where_nobody_trains_all_rows_teach(members, rows):
    X, y = rows
    frozen = [(name, FrozenEstimator(clone(m).fit(X[:45], y[:45]))) for name, m in members]
    vote = VotingSnapshotClassifier(frozen, weights="log_loss", validation_fraction=0.1)
    vote.fit(X[45:], y[45:])
    assert vote.weighting_.n_samples == 45


def test_a_member_without_probabilities_votes_in_the_holdout(rows):
    X, y = rows
    members = [("svc", LinearSVC()), ("one", Recorder())]
    vote = VotingSnapshotClassifier(members, weights="log_loss", random_state=0).fit(X, y)
    assert vote.weights_.shape == (2,)
    assert vote.weighting_.n_samples == 9


# Holdouts that cannot be


@pytest.mark.parametrize(
    ("fraction", "what"),
    [
        (
            2,
            "A holdout of 2 of the 90 rows cannot have a row of each of the 3 classes, so the "
            "members get equal weights. Raise validation_fraction, or pass X_val and y_val, to "
            "learn the weights.",
        ),
        (
            0.99,
            "A holdout of 90 of the 90 rows leaves no row of each of the 3 classes to train on, so "
            "the members get equal weights. Lower validation_fraction, or pass X_val and y_val, to "
            "learn the weights.",
        ),
    ],
)
def test_a_holdout_without_every_class_warns(fraction, what, members, rows):
    X, y = rows
    vote = VotingSnapshotClassifier(members, weights="accuracy", validation_fraction=fraction)
    with pytest.warns(HoldoutWarning, match=f"^{re.escape(what)}$") as caught:
        vote.fit(X, y)
    assert caught[0].filename == __file__
    assert held_out(vote, X) == []
    assert vote.weights_.tolist() == [1 / 3] * 3
    assert vote.weighting_ is None


class Sloppy(ClassifierMixin, BaseEstimator):
    """Gives probabilities that are none."""

    def __init__(self, scale=1.0, extra=0):
        self.scale = scale
        self.extra = extra

    def fit(self, X, y):
        self.classes_ = np.unique(y)
        return self

    def predict(self, X):
        return np.full(len(X), self.classes_[0])

    def predict_proba(self, X):
        return np.full((len(X), len(self.classes_) + self.extra), self.scale / 3)


@pytest.mark.parametrize(
    ("member", "got"),
    [
        (Sloppy(scale=1.5), "rows that sum to 1.5 up to 1.5"),
        (Sloppy(scale=np.nan), "NaN or infinite entries"),
        (Sloppy(extra=1), "shape (27, 4)"),
    ],
    ids=["sum", "nan", "shape"],
)
def test_probabilities_that_are_none(member, got, rows):
    vote = VotingSnapshotClassifier(
        [("one", Recorder()), ("sloppy", member)],
        voting="soft",
        weights="log_loss",
        validation_fraction=0.3,
        random_state=0,
    )
    message = (
        "the probabilities of member 'sloppy' must be an array of shape (n, 3) whose rows sum to "
        f"1, got {got} instead: let its last layer be a softmax, or check that it did not diverge."
    )
    with pytest.raises(ValueError, match=f"^{re.escape(message)}$"):
        vote.fit(*rows)
    assert "estimators_" not in vars(vote)


def test_a_scorer_of_labels_sees_the_ties_of_the_vote_decided(blobs):
    X, y = blobs
    members = [
        ("stump", DecisionTreeClassifier(max_depth=1, random_state=0)),
        ("other", DecisionTreeClassifier(max_depth=1, max_features=1, random_state=3)),
    ]
    frozen = [(name, FrozenEstimator(member.fit(X[:45], y[:45]))) for name, member in members]
    seen = []

    def scorer(estimator, X, y):
        seen.append((len(y), np.mean(estimator.predict(X) == y)))
        return seen[-1][1]

    vote = VotingSnapshotClassifier(frozen, weights=scorer).fit(X[45:], y[45:])
    of_all_rows = [score for n, score in seen if n == 45]
    equal = VotingSnapshotClassifier(frozen).fit(X[45:], y[45:])
    assert equal.score(X[45:], y[45:]) in of_all_rows
    assert vote.score(X[45:], y[45:]) >= equal.score(X[45:], y[45:])


def test_a_scorer_that_cannot_score_is_refused_before_a_member_trains(blobs):
    X, y = blobs
    vote = VotingSnapshotClassifier([("fails", Unfittable())], weights="f1")
    with pytest.raises(ValueError, match="^weights must be a scorer that can score the holdout"):
        vote.fit(X, y)
    with pytest.raises(ValueError, match="inconsistent numbers of samples: \\[90, 89\\]"):
        vote.fit(X, y, X_val=X, y_val=y[:89])
    assert not hasattr(vote, "classes_")


class Unfittable(DecisionTreeClassifier):
    """Must not be reached."""

    def fit(self, X, y):
        raise AssertionError("trained")
