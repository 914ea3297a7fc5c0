"""Bad input to a vote gets one clear error before any member trains, and changes nothing."""

import re

import numpy as np
import pytest
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.exceptions import NotFittedError
from sklearn.feature_selection import SelectFromModel
from sklearn.frozen import FrozenEstimator
from sklearn.linear_model import LinearRegression, LogisticRegression
from sklearn.naive_bayes import GaussianNB
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import LinearSVC

from skensemble import VotingSnapshotClassifier


class Untrained(ClassifierMixin, BaseEstimator):
    """Must not be asked to train."""

    def fit(self, X, y, sample_weight=None):
        raise AssertionError("training started")

    def predict(self, X):
        raise AssertionError

    predict_proba = predict


def refuses(error, message, X, y, members=None, fit_params=None, **params):
    members = [("net", Untrained())] if members is None else members
    vote = VotingSnapshotClassifier(members, **params)
    before = dict(vars(vote))
    with pytest.raises(error, match=f"^{re.escape(message)}$"):
        vote.fit(X, y, **(fit_params or {}))
    assert vars(vote) == before


# Members


@pytest.mark.parametrize(
    ("member", "shown"),
    [
        (LinearRegression(), "LinearRegression()"),
        (SelectFromModel(GaussianNB()), "SelectFromModel(estimator=GaussianNB())"),
        (FrozenEstimator(LinearRegression()), "FrozenEstimator(estimator=LinearRegression())"),
        ("gone", "'gone'"),
        (None, "None"),
    ],
    ids=["regressor", "selector", "frozen", "str", "none"],
)
def test_members_that_do_not_classify(member, shown, blobs):
    message = (
        f"The estimator {type(member).__name__} should be a classifier: member 'bad' must be a "
        f"classifier or 'drop', got {shown} instead: members vote on labels, so each must be an "
        "instance of a classifier."
    )
    refuses(ValueError, message, *blobs, [("net", Untrained()), ("bad", member)])


def test_a_class_is_not_a_member(blobs):
    vote = VotingSnapshotClassifier([("bad", GaussianNB)])
    with pytest.raises(ValueError, match=r"^The estimator GaussianNB should be a classifier: "):
        vote.fit(*blobs)


@pytest.mark.parametrize(
    ("members", "message"),
    [
        (
            [],
            "Invalid 'estimators' attribute, 'estimators' should be a non-empty list of (string, "
            "estimator) tuples.",
        ),
        (
            [(1, Untrained())],
            "Invalid 'estimators' attribute, 'estimators' should be a non-empty list of (string, "
            "estimator) tuples.",
        ),
        (
            [("a", "drop"), ("b", "drop")],
            "All estimators are dropped. At least one is required to be an estimator.",
        ),
        (
            [("a", Untrained()), ("a", Untrained())],
            "Names provided are not unique: ['a', 'a']",
        ),
        ([("a__b", Untrained())], "Estimator names must not contain __: got ['a__b']"),
        (
            [("random_state", Untrained())],
            "Estimator names conflict with constructor arguments: ['random_state']",
        ),
    ],
    ids=["none", "name", "dropped", "twice", "underscores", "parameter"],
)
def test_names(members, message, blobs):
    refuses(ValueError, message, *blobs, members)


@pytest.mark.parametrize("members", [{}, [("a", 1, 2)]], ids=["dict", "triple"])
def test_what_is_not_a_list_of_pairs(members, blobs):
    message = (
        f"estimators must be a list of (name, classifier) pairs, got {members!r} instead: pass "
        "[('a', first), ('b', second)]."
    )
    refuses(TypeError, message, *blobs, members)


def test_soft_voting_needs_probabilities(blobs):
    message = (
        "member 'svc' must be a classifier with predict_proba where voting='soft', got "
        "Pipeline(steps=[('standardscaler', StandardScaler()), ('linearsvc', LinearSVC())]) "
        "instead: take voting='hard', put it into CalibratedClassifierCV, or leave it out with "
        "set_params(svc='drop')."
    )
    pipe = make_pipeline(StandardScaler(), LinearSVC())
    vote = VotingSnapshotClassifier([("net", Untrained()), ("svc", pipe)], voting="soft")
    with pytest.raises(ValueError) as caught:
        vote.fit(*blobs)
    assert " ".join(str(caught.value).split()) == message


def test_weights_of_rows_need_members_that_take_them(blobs):
    message = (
        "Underlying estimator KNeighborsClassifier does not support sample weights. sample_weight "
        "must be None, as member 'near' takes no weights, got weights instead: leave it out, or "
        "leave the member out with set_params(near='drop')."
    )
    members = [("net", Untrained()), ("near", KNeighborsClassifier())]
    refuses(TypeError, message, *blobs, members, {"sample_weight": np.ones(90)})


# Frozen members


@pytest.mark.parametrize(
    ("labels", "got"),
    [
        ([0, 1, 1], "none of ['c']"),
        ([0, 1, 3], "none of ['c'], also ['d']"),
        ([0, 1, 2, 3], "also ['d']"),
    ],
    ids=["fewer", "others", "more"],
)
def test_frozen_members_of_other_classes(labels, got, blobs):
    X, y = blobs
    letters = np.array(["a", "b", "c", "d"])
    old = GaussianNB().fit(X, letters[np.resize(labels, len(X))])
    message = (
        f"the classes of member 'old' must be those of y, got {got} instead: fit it on rows of the "
        "same classes, or leave it out with set_params(old='drop')."
    )
    members = [("net", Untrained()), ("old", FrozenEstimator(old))]
    refuses(ValueError, message, X, letters[y], members)


def test_frozen_members_of_other_features(blobs):
    X, y = blobs
    old = FrozenEstimator(GaussianNB().fit(X[:, :3], y))
    message = (
        "X must be of 3 features, as frozen member 'old' was fitted on, got 4 features instead: "
        "pass the features that it was fitted on, or fit it again."
    )
    refuses(ValueError, message, X, y, [("net", Untrained()), ("old", old)])


def test_frozen_members_that_are_not_fitted(blobs):
    message = (
        "frozen member 'old' must be fitted, got a GaussianNB that is not instead: fit it first, "
        "or pass it without FrozenEstimator."
    )
    members = [("net", Untrained()), ("old", FrozenEstimator(GaussianNB()))]
    refuses(NotFittedError, message, *blobs, members)


# Weights


NUMBERS = "give each member a number of at least 0, and one that is not dropped more than 0."


@pytest.mark.parametrize(
    ("weights", "error", "message"),
    [
        (
            [1, 2, 3],
            ValueError,
            "Number of `estimators` and weights must be equal, got 3 weights, 2 estimators "
            f"instead: {NUMBERS}",
        ),
        (
            [[1, 2]],
            ValueError,
            f"weights must be of shape (2,), got an array of shape (1, 2) instead: {NUMBERS}",
        ),
        (
            [1, -1],
            ValueError,
            f"weights must be finite and not negative, got [1, -1] instead: {NUMBERS}",
        ),
        (
            [1, float("nan")],
            ValueError,
            f"weights must be finite and not negative, got [1.0, nan] instead: {NUMBERS}",
        ),
        (
            ["1", "2"],
            TypeError,
            f"weights must be made of numbers, got ['1', '2'] instead: {NUMBERS}",
        ),
        (
            [0, 1],
            ValueError,
            "weights must be of a positive sum over the members that are not dropped, got [0, 1] "
            f"instead: {NUMBERS}",
        ),
    ],
    ids=["many", "deep", "negative", "nan", "text", "dropped"],
)
def test_weights(weights, error, message, blobs):
    refuses(error, message, *blobs, [("net", Untrained()), ("b", "drop")], weights=weights)


@pytest.mark.parametrize(("weights", "error"), [("best", ValueError), (3, TypeError)])
def test_methods(weights, error, blobs):
    with pytest.raises(error, match="must be one of 'uniform', 'log_loss', "):
        VotingSnapshotClassifier([("net", Untrained())], weights=weights).fit(*blobs)


@pytest.mark.parametrize(
    ("params", "error", "message"),
    [
        (
            {"voting": "loud"},
            ValueError,
            "voting must be one of 'hard', 'soft', got 'loud' instead: soft votes by "
            "probabilities.",
        ),
        (
            {"validation_fraction": 1.5},
            ValueError,
            "validation_fraction must be between 0 and 1, or a number of rows, got 1.5 instead: "
            "0.1 holds out a tenth of the rows, 200 holds out 200, None holds out none.",
        ),
        (
            {"validation_fraction": None, "weights": "accuracy"},
            ValueError,
            "weights must be None or an array where validation_fraction=None, got 'accuracy' "
            "instead: hold out some rows, as in validation_fraction=0.1, or pass X_val and y_val "
            "to fit.",
        ),
        (
            {"flatten_transform": 1},
            TypeError,
            "flatten_transform must be True or False, got 1 instead: False keeps the members "
            "apart.",
        ),
        (
            {"n_jobs": "all"},
            TypeError,
            "n_jobs must be an integer or None, got 'all' instead: 2 fits two members at a time, "
            "-1 as many as there are processors.",
        ),
        (
            {"verbose": "loud"},
            TypeError,
            "verbose must be an integer of at least 0, got 'loud' instead: True prints, False "
            "does not.",
        ),
    ],
    ids=["voting", "fraction", "nothing", "flatten", "jobs", "verbose"],
)
def test_parameters(params, error, message, blobs):
    refuses(error, message, *blobs, **params)


# Labels and holdouts


def test_several_labels_per_row(blobs):
    X, y = blobs
    message = (
        "y must be binary or multiclass labels, one per row, got a multilabel-indicator target "
        "instead: Multilabel and multi-output classification are not supported; turn one-hot rows "
        "into labels with y.argmax(axis=1)."
    )
    refuses(NotImplementedError, message, X, np.eye(3, dtype=int)[y])


def test_numbers_to_regress(blobs):
    message = (
        "Unknown label type: continuous. y must be labels of classes, got numbers instead: bin "
        "the values, or take a VotingRegressor."
    )
    refuses(ValueError, message, blobs[0], np.linspace(0, 1, 90))


def test_labels_that_are_missing(blobs):
    message = (
        "This VotingSnapshotClassifier estimator requires y to be passed, but the target y is None."
    )
    refuses(ValueError, message, blobs[0], None)


def test_holdouts(blobs):
    X, y = blobs

    def refused(message, **fit_params):
        refuses(ValueError, message, X, y, weights="accuracy", fit_params=fit_params)

    refused(
        "y_val must be given together with X_val, got None instead: pass both, or neither.",
        X_val=X,
    )
    refused(
        "X_val must be of 4 features, as X, got 3 features instead: prepare it as X.",
        X_val=X[:, :3],
        y_val=y,
    )
    refused(
        "y_val must be labels that training has seen, 0, 1, 2, got labels 7 instead: bring rows "
        "of these classes only.",
        X_val=X,
        y_val=np.where(y == 2, 7, y),
    )
    refused(
        "y_val must be labels with every class of [0, 1, 2], got no row of [2] instead: bring rows "
        "of it to learn the weights on, or give the weights.",
        X_val=X[y < 2],
        y_val=y[y < 2],
    )


def test_a_holdout_without_a_class_can_judge_given_weights(blobs):
    X, y = blobs
    vote = VotingSnapshotClassifier([("linear", LogisticRegression())], weights=[1])
    vote.fit(X, y, X_val=X[y < 2], y_val=y[y < 2])
    assert vote.weighting_.n_samples == 60


def test_all_weights_of_rows_zero(blobs):
    message = "Sample weights must contain at least one non-zero number."
    params = {"fit_params": {"sample_weight": np.zeros(90)}, "weights": "accuracy"}
    refuses(ValueError, message, *blobs, **params)


def test_arguments_that_nobody_knows(blobs):
    vote = VotingSnapshotClassifier([("net", Untrained())])
    with pytest.raises(ValueError, match="is only supported if enable_metadata_routing=True"):
        vote.fit(*blobs, colour="red")
