"""scikit-learn's own checks, on the default estimator."""

import pytest
from sklearn.utils.estimator_checks import (
    check_sample_weight_equivalence_on_dense_data,
    check_sample_weight_equivalence_on_sparse_data,
    parametrize_with_checks,
)

from skensemble import SnapshotEnsembleClassifier

# The checks fit a handful of rows, some of them noise.
pytestmark = [
    pytest.mark.filterwarnings("ignore::skensemble.exceptions.HoldoutWarning"),
    pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning"),
]

MINI_BATCHES = (
    "training goes by mini-batches: a row of weight 2 is in one of them, a row that is there twice "
    "in two, and more rows are shuffled differently"
)
EXPECTED_FAILURES = {
    "check_sample_weight_equivalence_on_dense_data": MINI_BATCHES,
    "check_sample_weight_equivalence_on_sparse_data": MINI_BATCHES,
}


def expected_failures(estimator):
    return EXPECTED_FAILURES


@parametrize_with_checks(
    [SnapshotEnsembleClassifier()], expected_failed_checks=expected_failures, xfail_strict=True
)
def test_check_of_scikit_learn(estimator, check):
    check(estimator)


@pytest.mark.parametrize(
    "check",
    [
        check_sample_weight_equivalence_on_dense_data,
        check_sample_weight_equivalence_on_sparse_data,
    ],
)
def test_weights_differ_from_repeated_rows_and_in_nothing_else(check):
    estimator = SnapshotEnsembleClassifier(epochs=5, random_state=0)
    with pytest.raises(AssertionError, match="is not equivalent to fitting with removed or repea"):
        check("SnapshotEnsembleClassifier", estimator)


def test_no_other_check_is_expected_to_fail():
    assert sorted(EXPECTED_FAILURES) == [
        "check_sample_weight_equivalence_on_dense_data",
        "check_sample_weight_equivalence_on_sparse_data",
    ]
