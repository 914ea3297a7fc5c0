import numpy as np
import pytest
from scipy import stats
from sklearn.metrics import accuracy_score, f1_score, log_loss

from holdouts import unlike
from skensemble.weighting._criterion import ACCURACY, LOG_LOSS, read_criterion
from skensemble.weighting._cross_validation import assign_folds, compare_weights
from skensemble.weighting._member_predictions import read_members

FIXED = np.array([3.0, 2.0, 1.0])


def always():
    """Return the same weights for each of ten folds."""
    return np.tile(FIXED, (10, 1))


@pytest.mark.parametrize("n_rows", [2, 3, 7, 19, 20, 61, 200])
def test_folds_are_stratified_and_deterministic(n_rows):
    y = np.random.default_rng(n_rows).integers(4, size=n_rows)
    fold = assign_folds(y)
    n_folds = max(1, min(10, n_rows // 2))
    sizes = np.bincount(fold, minlength=n_folds)
    assert sizes.size == n_folds
    assert np.ptp(sizes) <= 1
    for c in range(4):
        assert np.ptp(np.bincount(fold[y == c], minlength=n_folds)) <= 1
    np.testing.assert_array_equal(fold, assign_folds(y))


@pytest.mark.parametrize("weighted", [False, True])
def test_intervals_of_fixed_weights_are_those_of_a_paired_t_test(weighted):
    """Learning nothing, the weights have the same paired differences as without folds."""
    probas, y = unlike()
    mass = np.full(60, 3.0) if weighted else None
    mixed = np.tensordot(FIXED / 6, probas, axes=1)
    found = compare_weights(always, read_members(probas, y, mass), LOG_LOSS, assign_folds(y))
    for one, other in zip(found, [probas.mean(axis=0), probas[-1]], strict=False):
        difference = np.log(mixed[np.arange(60), y]) - np.log(other[np.arange(60), y])
        test = stats.ttest_1samp(difference, 0.0).confidence_interval(0.95)
        assert one.gain == pytest.approx(log_loss(y, other) - log_loss(y, mixed), abs=1e-12)
        assert (one.low, one.high) == pytest.approx(tuple(test), abs=1e-12)
    assert [c.against for c in found] == ["uniform", "last", "best"]
    assert {c.criterion for c in found} == {"log_loss"}


def test_sample_weights_count_in_the_gain_and_its_error():
    probas, y = unlike()
    mass = np.random.default_rng(0).exponential(size=60)
    found = compare_weights(always, read_members(probas, y, mass), ACCURACY, assign_folds(y))[0]
    right = np.tensordot(FIXED, probas, axes=1).argmax(axis=1) == y
    other = probas.sum(axis=0).argmax(axis=1) == y
    difference = right * 1.0 - other
    gain = accuracy_score(y, y * right - (~right), sample_weight=mass)
    gain -= accuracy_score(y, y * other - (~other), sample_weight=mass)
    assert found.gain == pytest.approx(gain, abs=1e-12)
    # The spread of the weighted mean over bootstrap samples, which knows no formula:
    rng = np.random.default_rng(1)
    rows = rng.integers(60, size=(20_000, 60))
    gains = (mass[rows] * difference[rows]).sum(axis=1) / mass[rows].sum(axis=1)
    half = (found.high - found.low) / 2
    assert half == pytest.approx(stats.t(59).ppf(0.975) * gains.std(), rel=0.05)


def test_the_best_member_is_chosen_without_the_fold():
    """Members 0 and 1 are right on disjoint halves; each fold changes which seems better."""
    y = np.zeros(20, dtype=int)
    fold = np.arange(20) // 10
    first = np.where(fold == 0, 0.9, 0.2)
    probas = np.stack([np.stack([q, 1 - q], axis=1) for q in (first, first[::-1])])
    read = read_members(probas, y, None)
    best = compare_weights(lambda: np.ones((2, 2)), read, LOG_LOSS, fold)[2]
    # On each fold the member that was better on the other fold is bad.
    assert best.gain == pytest.approx(np.log(0.55) - np.log(0.2))


def test_weights_are_learned_without_the_fold():
    probas, y = unlike()
    fold = assign_folds(y)
    found = compare_weights(
        lambda: np.eye(3)[np.arange(10) % 3], read_members(probas, y, None), ACCURACY, fold
    )
    right = probas[fold % 3, np.arange(60)].argmax(axis=1) == y
    last = probas[2].argmax(axis=1) == y
    assert found[1].gain == pytest.approx(right.mean() - last.mean(), abs=1e-12)


def test_scorers_pool_the_rows_of_all_folds():
    probas, y = unlike(n_rows=90)
    criterion = read_criterion("f1_macro", n_classes=3, classes=None)
    found = compare_weights(always, read_members(probas, y, None), criterion, assign_folds(y, 5))

    def f1(counts, rows=slice(None)):
        guess = np.tensordot(counts, probas[:, rows], axes=1).argmax(axis=1)
        return f1_score(y[rows], guess, average="macro")

    assert found[0].gain == pytest.approx(f1(FIXED) - f1(np.ones(3)), abs=1e-12)
    assert found[1].gain == pytest.approx(f1(FIXED) - f1(np.eye(3)[2]), abs=1e-12)
    group = assign_folds(y, 20)
    without = [f1(FIXED, group != g) - f1(np.eye(3)[2], group != g) for g in range(20)]
    error = np.sqrt(19 / 20 * 20 * np.var(without))
    assert found[1].high - found[1].gain == pytest.approx(stats.t(19).ppf(0.975) * error)
    # of the size that the bootstrap gives
    rng = np.random.default_rng(0)
    gains = []
    for _ in range(200):
        rows = rng.integers(90, size=90)
        gains.append(f1(FIXED, rows) - f1(np.eye(3)[2], rows))
    assert error == pytest.approx(np.std(gains), rel=0.4)


def test_too_few_rows_say_nothing():
    probas, y = unlike(n_rows=9)
    read = read_members(probas, y, None)
    for one in compare_weights(always, read, LOG_LOSS, assign_folds(y)):
        assert np.isnan(one.gain)
        assert (one.low, one.high, one.beats) == (-np.inf, np.inf, False)


def test_a_scorer_that_cannot_score_a_fold_says_nothing():
    """Log-loss by scikit-learn wants all classes; one of them has a single row."""
    probas, y = unlike(n_rows=30, n_classes=2)
    y = np.where(np.arange(30) == 0, 1, 0)
    criterion = read_criterion("neg_log_loss", n_classes=2, classes=None)
    read = read_members(probas, y, None)
    assert np.isfinite(criterion.scores(read)(np.eye(3))).all()
    found = compare_weights(always, read, criterion, assign_folds(y, 5))
    assert all(np.isnan(one.gain) and not one.beats for one in found)


def test_an_error_of_the_learner_is_not_swallowed():
    probas, y = unlike()

    def learn():
        raise ValueError("a bug")

    with pytest.raises(ValueError, match="a bug"):
        compare_weights(learn, read_members(probas, y, None), LOG_LOSS, assign_folds(y))
