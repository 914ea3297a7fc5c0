"""How members are combined: votes, probabilities, ties, labels, and scikit-learn's ways."""

from fractions import Fraction

import numpy as np
import pandas as pd
import pytest
import scipy.sparse as sp
import sklearn
from sklearn.base import BaseEstimator, ClassifierMixin, clone
from sklearn.ensemble import StackingClassifier, VotingClassifier
from sklearn.exceptions import NotFittedError
from sklearn.feature_extraction.text import CountVectorizer
from sklearn.frozen import FrozenEstimator
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV, cross_val_score
from sklearn.naive_bayes import GaussianNB
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import LinearSVC
from sklearn.tree import DecisionTreeClassifier

from skensemble import VotingSnapshotClassifier
from skensemble.ensemble.voting._votes import break_ties, tie_tolerance


class Scripted(ClassifierMixin, BaseEstimator):
    """Votes, and gives probabilities, as the columns of X from ``start`` on say."""

    def __init__(self, start=0):
        self.start = start

    def fit(self, X, y):
        self.classes_ = np.unique(y)
        return self

    def predict(self, X):
        return self.classes_[X[:, self.start].astype(int)]

    def predict_proba(self, X):
        first = self.start + 1
        return X[:, first : first + len(self.classes_)]


class Mute(Scripted):
    """Has no probabilities."""

    predict_proba = property()


def scripted(votes, probas=None, *, labels="abcdef", mute=(), **params):
    """A vote of M scripted members and the X that makes them say it: (M, n) and (M, n, k)."""
    votes = np.asarray(votes)
    k = votes.max() + 1 if probas is None else np.shape(probas)[2]
    probas = np.eye(k)[votes] if probas is None else np.asarray(probas)
    X = np.concatenate([np.c_[vote, proba] for vote, proba in zip(votes, probas, strict=True)], 1)
    members = [(f"m{m}", (Mute if m in mute else Scripted)(m * (k + 1))) for m in range(len(votes))]
    y = np.array(list(labels))[np.arange(len(X)) % k]
    rows = np.concatenate([X] * k)
    vote = VotingSnapshotClassifier(members, **params)
    return vote.fit(rows, np.array(list(labels))[np.repeat(np.arange(k), len(y))]), X


@pytest.fixture
def members():
    return [
        ("linear", LogisticRegression()),
        ("tree", DecisionTreeClassifier(max_depth=2, random_state=0)),
        ("bayes", GaussianNB()),
    ]


# Votes


def test_shares_of_votes_are_those_counted_by_hand():
    vote, X = scripted([[0, 1, 2], [0, 1, 1], [1, 1, 0]], weights=[1, 2, 5])
    expected = [[3 / 8, 5 / 8, 0], [0, 1, 0], [5 / 8, 2 / 8, 1 / 8]]
    np.testing.assert_allclose(vote.predict_proba(X), expected, rtol=1e-15)
    assert vote.predict(X).tolist() == ["b", "b", "a"]
    assert vote.weights_.tolist() == [0.125, 0.25, 0.625]
    assert vote.weighting_ is None


def test_equal_votes_go_to_the_larger_sum_of_probabilities():
    probas = [[[0.6, 0.4, 0.0]], [[0.1, 0.9, 0.0]]]
    vote, X = scripted([[0], [1]], probas)
    assert vote.predict(X).tolist() == ["b"]
    vote, X = scripted([[0], [1]], probas[::-1])
    assert vote.predict(X).tolist() == ["b"]


def test_a_rival_without_votes_does_not_win_a_tie():
    vote, X = scripted([[0], [1]], [[[0.3, 0.1, 0.6]], [[0.1, 0.3, 0.6]]])
    assert vote.predict(X).tolist() == ["a"]


def test_equal_votes_and_equal_sums_go_to_the_smaller_label():
    vote, X = scripted([[1], [0]], [[[0.3, 0.7]], [[0.7, 0.3]]])
    assert vote.predict(X).tolist() == ["a"]


def test_a_member_without_probabilities_is_sure_of_its_vote():
    probas = [[[0.8, 0.2]], [[0.8, 0.2]]]
    vote, X = scripted([[0], [1]], probas)
    assert vote.predict(X).tolist() == ["a"]
    vote, X = scripted([[0], [1]], probas, mute=[1])
    assert vote.predict(X).tolist() == ["b"]  # 0.8 + 0 against 0.2 + 1


def test_the_winner_of_a_tie_gets_a_larger_share_by_one_bit():
    shares = np.array([[0.5, 0.5, 0.0], [0.2, 0.3, 0.5]])
    broken = break_ties(shares.copy(), lambda rows: np.array([[0.4, 0.6, 0.0]]), 1e-9)
    assert broken.argmax(axis=1).tolist() == [1, 2]
    np.testing.assert_allclose(broken, shares, rtol=1e-15)


def test_what_rounding_takes_apart_is_within_the_tolerance():
    weights = np.array([0.1, 0.2, 0.3])
    assert 0 < abs(weights[0] + weights[1] - weights[2]) <= tie_tolerance(3, weights.dtype)


@pytest.mark.parametrize("dtype", ["float64", "float32"])
def test_rounding_decides_no_tie(dtype):
    weights = np.array([0.1, 0.2, 0.3], dtype)
    assert float(weights[0]) + float(weights[1]) != float(weights[2])
    for winner in (0, 1):
        # 0.1 + 0.2 for the one label, 0.3 for the other: the probabilities decide.
        sure = [[[1.0, 0.0]], [[0.0, 1.0]]][winner]
        vote, X = scripted([[0], [0], [1]], [[[0.5, 0.5]], [[0.5, 0.5]], sure], weights=weights)
        assert vote.predict(X).tolist() == ["ab"[winner]]


def test_a_difference_that_is_larger_than_rounding_counts():
    weights = [0.1, 0.2, 0.3 + 1e-14]
    vote, X = scripted([[0], [0], [1]], [[[1.0, 0.0]]] * 3, weights=weights)
    assert vote.predict(X).tolist() == ["b"]


def exact_winner(votes, probas, weights):
    """The rule in rational numbers: votes in ``weights``, then probabilities, then the label."""
    k = len(probas[0])
    shares = [sum(w for w, v in zip(weights, votes, strict=True) if v == c) for c in range(k)]
    sums = [sum(w * p[c] for w, p in zip(weights, probas, strict=True)) for c in range(k)]
    return max(range(k), key=lambda c: (shares[c], sums[c], -c))


def test_the_winners_are_those_of_exact_arithmetic(global_random_seed):
    rng = np.random.default_rng(global_random_seed)
    n, M, k = 400, 5, 3
    tenths = rng.multinomial(10, [1 / k] * k, size=(M, n))
    votes = rng.integers(k, size=(M, n))
    weights = rng.integers(1, 5, M)
    vote, X = scripted(votes, tenths / 10, weights=(weights / 10).tolist())
    expected = [
        exact_winner(
            votes[:, i],
            [[Fraction(int(t), 10) for t in tenths[m, i]] for m in range(M)],
            [Fraction(int(w), 10) for w in weights],
        )
        for i in range(n)
    ]
    ties = [len(set(np.bincount(votes[:, i], weights, k))) < k for i in range(n)]
    assert sum(ties) > 20
    np.testing.assert_array_equal(vote.predict(X), np.array(list("abc"))[expected])


def test_the_largest_share_is_always_that_of_the_label_predicted():
    rng = np.random.default_rng(0)
    vote, X = scripted(rng.integers(3, size=(4, 200)), rng.dirichlet([1] * 3, size=(4, 200)))
    shares = vote.predict_proba(X)
    assert (vote.classes_[shares.argmax(axis=1)] == vote.predict(X)).all()
    np.testing.assert_allclose(shares * 4, (shares * 4).round(), atol=1e-15)
    assert shares.max() <= 1
    np.testing.assert_allclose(shares.sum(axis=1), 1, rtol=1e-15)


def counted(asked, method, answer):
    """Write down the method and the number of rows, then answer."""

    def record(rows):
        asked.append((method, len(rows)))
        return answer(rows)

    return record


def test_each_member_is_asked_once(blobs, monkeypatch):
    X, y = blobs
    members = [("bayes", GaussianNB()), ("stump", DecisionTreeClassifier(max_depth=1))]
    vote = VotingSnapshotClassifier(members).fit(X, y)
    asked = []
    for member in vote.estimators_:
        for method in ("predict", "predict_proba"):
            monkeypatch.setattr(member, method, counted(asked, method, getattr(member, method)))
    votes = vote.transform(X)
    n_tied = (votes[:, 0] != votes[:, 1]).sum()
    asked.clear()
    vote.predict(X)
    assert 0 < n_tied < len(X)
    assert sorted(asked) == [("predict", 90)] * 2 + [("predict_proba", n_tied)] * 2
    asked.clear()
    vote.set_params(voting="soft").predict(X)
    assert asked == [("predict_proba", 90)] * 2


def test_a_member_of_weight_0_is_not_asked(blobs, monkeypatch):
    X, y = blobs
    members = [("bayes", GaussianNB()), ("tree", DecisionTreeClassifier(random_state=0))]
    vote = VotingSnapshotClassifier(members, weights=[1, 0]).fit(X, y)
    monkeypatch.setattr(vote.estimators_[1], "predict", None)
    np.testing.assert_array_equal(vote.predict(X), GaussianNB().fit(X, y).predict(X))


# Probabilities


def test_soft_voting_is_the_weighted_mean(members, blobs):
    X, y = blobs
    weights = [1.0, 0.5, 2.5]
    vote = VotingSnapshotClassifier(members, voting="soft", weights=weights).fit(X, y)
    each = [clone(member).fit(X, y).predict_proba(X) for _, member in members]
    mean = np.average(each, axis=0, weights=weights)
    np.testing.assert_allclose(vote.predict_proba(X), mean, atol=1e-15)
    np.testing.assert_array_equal(vote.predict(X), mean.argmax(axis=1))


@pytest.mark.parametrize("voting", ["hard", "soft"])
def test_where_there_is_no_tie_it_agrees_with_scikit_learn(voting, members, blobs):
    X, y = blobs
    params = {"voting": voting, "weights": [1, 2, 4]}
    ours = VotingSnapshotClassifier(members, **params).fit(X, y)
    theirs = VotingClassifier(members, **params).fit(X, y)
    np.testing.assert_array_equal(ours.predict(X), theirs.predict(X))
    np.testing.assert_allclose(ours.transform(X), theirs.transform(X), atol=1e-15)


# Labels


LABELS = {
    "strings": ["up", "down", "sideways"],
    "integers": [7, -3, 40],
    "floats": [2.0, 1.0, 5.0],
    "objects": np.array(["up", "down", "sideways"], dtype=object),
}


@pytest.mark.parametrize("voting", ["hard", "soft"])
@pytest.mark.parametrize("kind", LABELS)
def test_labels_of_any_kind(kind, voting, members, blobs):
    X, y = blobs
    labels = np.array(LABELS[kind])
    vote = VotingSnapshotClassifier(members, voting=voting, weights="accuracy", random_state=0)
    predicted = vote.fit(X, labels[y]).predict(X)
    assert vote.classes_.tolist() == sorted(labels.tolist())
    assert predicted.dtype == labels.dtype
    assert (predicted == labels[y]).mean() > 0.9
    assert vote.score(X, labels[y]) == (predicted == labels[y]).mean()


def test_bools(binary):
    X, y = binary
    members = [("linear", LogisticRegression()), ("svc", LinearSVC())]
    vote = VotingSnapshotClassifier(members).fit(X, y == 1)
    assert vote.predict(X).dtype == bool
    assert (vote.predict(X) == (y == 1)).mean() > 0.9


def test_members_see_the_labels_themselves(blobs):
    X, y = blobs
    labels = np.array(["a", "b", "c"])[y]
    linear = LogisticRegression(class_weight={"a": 2})
    vote = VotingSnapshotClassifier([("linear", linear), ("bayes", GaussianNB())]).fit(X, labels)
    assert vote.named_estimators_.linear.classes_.tolist() == ["a", "b", "c"]
    expected = clone(linear).fit(X, labels).coef_
    np.testing.assert_array_equal(vote.named_estimators_.linear.coef_, expected)
    np.testing.assert_array_equal(vote.le_.transform(["b", "a"]), [1, 0])


class Reversed(LogisticRegression):
    """Has its classes in another order."""

    def fit(self, X, y):
        super().fit(X, y)
        self.classes_ = self.classes_[::-1]
        return self

    def predict_proba(self, X):
        return super().predict_proba(X)[:, ::-1]

    def predict(self, X):
        return self.classes_[self.predict_proba(X).argmax(axis=1)]


@pytest.mark.parametrize("voting", ["hard", "soft"])
def test_columns_go_to_the_classes_that_they_are_of(voting, blobs):
    X, y = blobs
    labels = np.array(["a", "b", "c"])[y]
    vote = VotingSnapshotClassifier([("one", LogisticRegression())], voting=voting)
    other = VotingSnapshotClassifier([("one", Reversed())], voting=voting)
    vote.fit(X, labels)
    other.fit(X, labels)
    np.testing.assert_allclose(other.transform(X), vote.transform(X), atol=1e-15)
    np.testing.assert_array_equal(other.predict(X), vote.predict(X))


def test_a_member_without_classes_has_those_of_the_ensemble(blobs):
    class Plain(ClassifierMixin, BaseEstimator):
        def fit(self, X, y):
            self.label = y[0]
            return self

        def predict(self, X):
            return np.full(len(X), self.label)

    X, y = blobs
    vote = VotingSnapshotClassifier([("plain", Plain())]).fit(X, np.array(["a", "b", "c"])[y])
    assert set(vote.predict(X)) == {"abc"[y[0]]}


# Frozen members


def test_a_frozen_member_is_used_as_it_is(blobs):
    X, y = blobs
    labels = np.array(["a", "b", "c"])[y]
    old = LogisticRegression(C=0.1).fit(X[::2], labels[::2])
    before = old.coef_.copy()
    members = [("old", FrozenEstimator(old)), ("tree", DecisionTreeClassifier(random_state=0))]
    vote = VotingSnapshotClassifier(members, voting="soft").fit(X, labels)
    assert vote.named_estimators_.old.estimator is old
    np.testing.assert_array_equal(old.coef_, before)
    np.testing.assert_allclose(vote.transform(X)[:, :3], old.predict_proba(X), atol=1e-15)
    alone = VotingSnapshotClassifier([("old", FrozenEstimator(old))]).fit(X, labels)
    np.testing.assert_array_equal(alone.predict(X), old.predict(X))


# Parameters


def test_parameters_by_name_and_nested(members, blobs):
    vote = VotingSnapshotClassifier(members)
    vote.set_params(linear__C=3.0, tree="drop", voting="soft")
    assert vote.get_params()["linear__C"] == 3.0
    assert vote.get_params()["tree"] == "drop"
    vote.fit(*blobs)
    assert len(vote.estimators_) == 2
    assert list(vote.named_estimators_) == ["linear", "tree", "bayes"]
    assert vote.named_estimators_.tree == "drop"
    assert vote.named_estimators_.linear.C == 3.0
    assert vote.weights_.tolist() == [0.5, 0.5]
    assert clone(vote).get_params()["linear__C"] == 3.0


def test_weights_of_dropped_members_do_not_count(members, blobs):
    X, y = blobs
    vote = VotingSnapshotClassifier(members, voting="soft", weights=[1, 7, 3], n_jobs=1)
    dropped = clone(vote).set_params(tree="drop").fit(X, y)
    without = clone(vote).set_params(weights=[1, 0, 3]).fit(X, y)
    assert dropped.weights_.tolist() == [0.25, 0.75]
    np.testing.assert_allclose(dropped.predict_proba(X), without.predict_proba(X), rtol=1e-15)


def test_a_grid_over_members_weights_and_voting(members, blobs):
    X, y = blobs
    grid = {
        "linear__C": [0.1],
        "tree": ["drop", DecisionTreeClassifier(max_depth=1, random_state=0)],
        "weights": ["accuracy", [1, 2, 3]],
        "voting": ["hard", "soft"],
    }
    vote = VotingSnapshotClassifier(members, validation_fraction=0.2, random_state=0)
    search = GridSearchCV(vote, grid, cv=2, scoring="neg_log_loss", error_score="raise")
    search.fit(X, y)
    assert len(search.cv_results_["params"]) == 8
    assert np.isfinite(search.cv_results_["mean_test_score"]).all()
    assert cross_val_score(vote, X, y).mean() > 0.85


def test_verbose_prints_what_scikit_learn_prints(members, blobs, capsys):
    vote = VotingSnapshotClassifier(members, verbose=True)
    vote.set_params(tree="drop").fit(*blobs)
    lines = capsys.readouterr().out.splitlines()
    assert [line.split(", total")[0].strip(".[Voting] ") for line in lines] == [
        "(1 of 3) Processing linear",
        "(3 of 3) Processing bayes",
    ]


def test_transform_and_its_names(members, blobs):
    X, y = blobs
    labels = np.array(["a", "b", "c"])[y]
    vote = VotingSnapshotClassifier(members).fit(X, labels)
    votes = vote.transform(X)
    assert votes.shape == (90, 3)
    np.testing.assert_array_equal(
        vote.classes_[votes[:, 2]], GaussianNB().fit(X, labels).predict(X)
    )
    prefix = "votingsnapshotclassifier_"
    names = [f"{prefix}{name}" for name in ("linear", "tree", "bayes")]
    assert vote.get_feature_names_out().tolist() == names
    vote.set_params(voting="soft")
    assert vote.transform(X).shape == (90, 9)
    each = [f"{name}{column}" for name in names for column in range(3)]
    assert vote.get_feature_names_out().tolist() == each
    vote.set_params(flatten_transform=False)
    assert vote.transform(X).shape == (3, 90, 3)
    frames = VotingSnapshotClassifier(members).set_output(transform="pandas")
    assert frames.fit_transform(X, labels).columns.tolist() == names


def test_html_shows_the_members(members, blobs):
    vote = VotingSnapshotClassifier([*members, ("gone", "drop")])
    for shown in (vote, clone(vote).fit(*blobs)):
        html = shown._repr_html_()
        for text in ("linear", "GaussianNB", "DecisionTreeClassifier", "gone"):
            assert text in html


# Inputs


def test_frames_lists_and_sparse_matrices(blobs):
    X, y = blobs
    members = [("linear", LogisticRegression()), ("near", KNeighborsClassifier(3))]
    expected = VotingSnapshotClassifier(members, weights="accuracy", random_state=0).fit(X, y)
    frame = pd.DataFrame(X, columns=list("wxyz"))
    for rows in (frame, X.tolist(), sp.coo_array(X)):
        vote = clone(expected).fit(rows, list(y))
        np.testing.assert_array_equal(vote.weights_, expected.weights_)
        np.testing.assert_array_equal(vote.predict(rows), expected.predict(X))
        assert vote.n_features_in_ == 4
        assert hasattr(vote, "feature_names_in_") == (rows is frame)
    vote = clone(expected).fit(frame, pd.Series(y))
    assert vote.feature_names_in_.tolist() == list("wxyz")
    vote.fit(X, y)
    assert not hasattr(vote, "feature_names_in_")


def test_texts():
    texts = ["good film", "fine film", "bad film", "poor film"] * 5
    y = ["+", "+", "-", "-"] * 5
    member = make_pipeline(CountVectorizer(), LogisticRegression())
    vote = VotingSnapshotClassifier([("words", member)], weights="log_loss", random_state=0)
    assert vote.fit(texts, y).predict(["good", "poor"]).tolist() == ["+", "-"]
    assert not hasattr(vote, "n_features_in_")


def test_a_column_of_labels_warns_as_in_scikit_learn(members, blobs):
    X, y = blobs
    with pytest.warns(sklearn.exceptions.DataConversionWarning, match="A column-vector y"):
        vote = VotingSnapshotClassifier(members).fit(X, y[:, None])
    assert vote.predict(X).shape == (90,)


def test_stacks_have_probabilities_once_they_are_fitted(blobs):
    X, y = blobs
    stack = StackingClassifier([("bayes", GaussianNB())], cv=2)
    member = make_pipeline(StandardScaler(), stack)
    vote = VotingSnapshotClassifier([("stack", member)], voting="soft").fit(X, y)
    assert vote.predict_proba(X).shape == (90, 3)


def test_images():
    class Mean(ClassifierMixin, BaseEstimator):
        def fit(self, X, y):
            self.classes_, self.shape = np.unique(y), X.shape[1:]
            return self

        def predict(self, X):
            assert X.shape[1:] == self.shape == (4, 4, 3)
            return self.classes_[(X.mean(axis=(1, 2, 3)) > 0).astype(int)]

    X = np.random.default_rng(0).normal(size=(40, 4, 4, 3))
    y = np.where(X.mean(axis=(1, 2, 3)) > 0, "bright", "dark")
    y = np.where(y == "bright", "right", "left")
    vote = VotingSnapshotClassifier([("mean", Mean())], weights="accuracy", random_state=0)
    assert vote.fit(X, y).score(X, y) == 1


# Sample weights


def test_sample_weights_reach_the_members(members, blobs):
    X, y = blobs
    weight = np.linspace(0, 2, 90)
    vote = VotingSnapshotClassifier(members, voting="soft").fit(X, y, sample_weight=weight)
    each = [clone(m).fit(X, y, sample_weight=weight).predict_proba(X) for _, m in members]
    np.testing.assert_allclose(vote.predict_proba(X), np.mean(each, axis=0), atol=1e-15)


def test_sample_weights_reach_the_last_step_of_a_pipeline(blobs):
    X, y = blobs
    weight = np.linspace(0, 2, 90)
    inner = make_pipeline(StandardScaler(), GaussianNB())
    member = make_pipeline(StandardScaler(), inner)
    vote = VotingSnapshotClassifier([("pipe", member)], voting="soft")
    vote.fit(X, y, weight)
    expected = (
        GaussianNB()
        .fit(StandardScaler().fit_transform(X), y, weight)
        .predict_proba(StandardScaler().fit_transform(X))
    )
    np.testing.assert_allclose(vote.predict_proba(X), expected, atol=1e-12)


def test_weights_of_rows_reach_a_fit_that_takes_any_keyword(blobs):
    class AnyKeyword(Scripted):
        def fit(self, X, y, *args, **kwargs):
            self.given = kwargs
            return super().fit(X, y)

    X, y = blobs
    vote = VotingSnapshotClassifier([("any", AnyKeyword())]).fit(X, y, np.ones(90))
    assert list(vote.estimators_[0].given) == ["sample_weight"]


def test_metadata_is_routed_to_those_who_ask_for_it(blobs):
    X, y = blobs
    weight = np.linspace(0, 2, 90)
    with sklearn.config_context(enable_metadata_routing=True):
        asks = GaussianNB().set_fit_request(sample_weight=True)
        asks_not = GaussianNB().set_fit_request(sample_weight=False)
        members = [("asks", asks), ("asks_not", asks_not)]
        vote = VotingSnapshotClassifier(members, voting="soft").fit(X, y, sample_weight=weight)
        weighted, plain = vote.transform(X)[:, :3], vote.transform(X)[:, 3:]
        assert not hasattr(vote, "set_fit_request")
        search = GridSearchCV(vote, {"voting": ["hard"]}, cv=2).fit(X, y, sample_weight=weight)
    np.testing.assert_allclose(plain, GaussianNB().fit(X, y).predict_proba(X))
    np.testing.assert_allclose(weighted, GaussianNB().fit(X, y, weight).predict_proba(X))
    assert search.best_score_ > 0.8


def test_before_fit(members, blobs):
    vote = VotingSnapshotClassifier(members)
    assert not hasattr(vote, "n_features_in_")
    for method in (vote.predict, vote.predict_proba, vote.transform):
        with pytest.raises(NotFittedError, match=r"^This VotingSnapshotClassifier instance is not"):
            method(blobs[0])


def test_the_vote_of_a_member_is_what_it_predicts():
    """Of a classifier like SVC(probability=True), that need not be its largest probability."""
    vote, X = scripted([[0, 0]], [[[0.1, 0.9]] * 2])
    assert vote.predict(X).tolist() == ["a", "a"]
    assert vote.set_params(voting="soft").predict(X).tolist() == ["b", "b"]
