"""scikit-learn's own checks, on votes."""

import pytest
from sklearn.linear_model import LogisticRegression
from sklearn.svm import LinearSVC
from sklearn.tree import DecisionTreeClassifier
from sklearn.utils.estimator_checks import (
    check_classifiers_classes,
    check_estimators_pickle,
    parametrize_with_checks,
)

from skensemble import SnapshotEnsembleClassifier, VotingSnapshotClassifier

# The checks fit a handful of rows, some of them noise.
pytestmark = [
    pytest.mark.filterwarnings("ignore::skensemble.exceptions.HoldoutWarning"),
    pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning"),
]


MEMBERS = [
    ("linear", LogisticRegression()),
    ("tree", DecisionTreeClassifier(random_state=0)),
    ("stump", DecisionTreeClassifier(max_depth=1, random_state=0)),
]
VOTES = {
    "hard": VotingSnapshotClassifier([("svc", LinearSVC(random_state=0)), *MEMBERS]),
    "learned": VotingSnapshotClassifier(MEMBERS, voting="soft", weights="log_loss"),
}
HOLDOUT = "of rows that are there twice, one may be held out: a row of weight 2 trains or does not"
EXPECTED_FAILURES = {
    "hard": {},
    "learned": {
        "check_sample_weight_equivalence_on_dense_data": HOLDOUT,
        "check_sample_weight_equivalence_on_sparse_data": HOLDOUT,
    },
}


def expected_failures(estimator):
    return EXPECTED_FAILURES["learned" if estimator.weights == "log_loss" else "hard"]


@parametrize_with_checks(
    list(VOTES.values()), expected_failed_checks=expected_failures, xfail_strict=True
)
def test_check_of_scikit_learn(estimator, check):
    check(estimator)


@pytest.mark.parametrize("check", [check_classifiers_classes, check_estimators_pickle])
def test_check_of_scikit_learn_with_a_network(check):
    members = [
        ("snapshots", SnapshotEnsembleClassifier(M=2, epochs=4, random_state=0)),
        ("tree", DecisionTreeClassifier(random_state=0)),
    ]
    check("Voting", VotingSnapshotClassifier(members, voting="soft", weights="log_loss"))
