import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from skensemble.weighting import (
    evaluate_weights,
    find_weights,
    solve_accuracy,
    solve_greedy,
    solve_log_loss,
)

fixed = settings(derandomize=True, deadline=None, max_examples=150)


@st.composite
def holdouts(draw, min_members=1):
    """Probabilities of the true class (class 0 of 2), from 0 to 1 with both ends, and weights."""
    shape = (draw(st.integers(min_members, 6)), draw(st.integers(1, 25)))
    value = st.sampled_from([0.0, 1e-300, 1e-12, 1.0]) | st.floats(0, 1)
    q = draw(arrays(np.float64, shape, elements=value))
    mass = draw(arrays(np.float64, shape[1], elements=st.floats(1e-3, 1e3)))
    return np.stack([q, 1 - q], axis=2), np.zeros(shape[1], dtype=int), mass


priors = st.sampled_from([0.0, 1e-3, 0.5, 1.0, 1e3, 1e12])
positive_priors = st.sampled_from([0.5, 1.0, 20.0])


def objective(w, holdout, prior):
    probas, _, mass = holdout
    q = np.maximum(probas[:, :, 0], np.finfo(float).eps)
    s = mass / mass.mean()
    barrier = prior * np.log(w).sum() if prior else 0.0
    return -(s @ np.log(w @ q) + barrier) / (s.size + len(w) * prior)


@fixed
@given(holdouts(), priors)
def test_weights_lie_on_the_simplex_and_are_certified(holdout, prior):
    result = solve_log_loss(*holdout, prior=prior)
    assert result.weights.min() >= 0
    assert abs(result.weights.sum() - 1) < 1e-14
    assert 0 <= result.gap <= 1e-9
    assert result.converged


@fixed
@given(holdouts(), priors, st.integers(0, 1000))
def test_no_weights_are_better(holdout, prior, seed):
    rng = np.random.default_rng(seed)
    result = solve_log_loss(*holdout, prior=prior)
    least = objective(result.weights, holdout, prior)
    n_members = len(holdout[0])
    others = np.vstack([np.full(n_members, 1 / n_members), rng.dirichlet(np.ones(n_members), 30)])
    nearby = 0.999 * result.weights + 0.001 * others
    for w in np.vstack([others, nearby]):
        assert least <= objective(w, holdout, prior) + 1e-9 + 1e-13 * abs(least)


@fixed
@given(holdouts(), priors, st.integers(0, 1000))
def test_the_gap_of_any_weights_bounds_their_distance_from_the_optimum(holdout, prior, seed):
    w = np.random.default_rng(seed).dirichlet(np.ones(len(holdout[0])))
    given_ = evaluate_weights(w, *holdout, method="random", prior=prior)
    best = solve_log_loss(*holdout, prior=prior)
    above = objective(w, holdout, prior) - objective(best.weights, holdout, prior)
    assert above <= given_.gap + 1e-9


@fixed
@given(holdouts(), st.randoms(use_true_random=False), positive_priors)
def test_permuting_snapshots_permutes_the_weights(holdout, random, prior):
    probas, y, mass = holdout
    order = random.sample(range(len(probas)), len(probas))
    straight = solve_log_loss(probas, y, mass, prior=prior, tol=1e-12)
    permuted = solve_log_loss(probas[order], y, mass, prior=prior, tol=1e-12)
    np.testing.assert_allclose(permuted.weights, straight.weights[order], atol=1e-5)
    np.testing.assert_allclose(permuted.loss, straight.loss, atol=1e-6)


@fixed
@given(holdouts(), st.randoms(use_true_random=False), positive_priors)
def test_permuting_rows_leaves_the_weights(holdout, random, prior):
    probas, y, mass = holdout
    order = random.sample(range(y.size), y.size)
    straight = solve_log_loss(probas, y, mass, prior=prior, tol=1e-12)
    permuted = solve_log_loss(probas[:, order], y[order], mass[order], prior=prior, tol=1e-12)
    np.testing.assert_allclose(permuted.weights, straight.weights, atol=1e-5)


@fixed
@given(holdouts(min_members=2), positive_priors)
def test_a_stronger_prior_never_lowers_the_holdout_loss(holdout, prior):
    weak = solve_log_loss(*holdout, prior=prior)
    strong = solve_log_loss(*holdout, prior=4 * prior)
    assert weak.loss <= strong.loss + 1e-6
    # the prior keeps every weight at least (prior) / (n + M prior), as if no row spoke for it
    n_members, n_rows = holdout[0].shape[:2]
    least = prior / (n_rows + n_members * prior)
    assert weak.weights.min() >= least * (1 - 1e-6)


@fixed
@given(holdouts(), priors)
def test_the_same_input_gives_the_same_bits(holdout, prior):
    first, second = (solve_log_loss(*holdout, prior=prior) for _ in range(2))
    assert first.weights.tobytes() == second.weights.tobytes()
    assert repr(first) == repr(second)


@st.composite
def votes_or_eighths(draw, min_members=1):
    """Members' probabilities in multiples of 1/8, exact in floats, with labels and weights."""
    n_members, n_rows, n_classes = (
        draw(st.integers(min_members, 4)),
        draw(st.integers(1, 15)),
        draw(st.integers(2, 4)),
    )
    shape = (n_members, n_rows, n_classes - 1)
    size = draw(st.sampled_from([1, 8]))  # votes, or eighths
    cuts = np.sort(draw(arrays(np.int64, shape, elements=st.integers(0, size))), axis=2)
    probas = np.diff(cuts, axis=2, prepend=0, append=size) / size
    y = draw(arrays(np.int64, n_rows, elements=st.integers(0, n_classes - 1)))
    mass = draw(arrays(np.int64, n_rows, elements=st.integers(1, 3)))
    return probas, y, mass


def accuracy(counts, holdout):
    probas, y, mass = holdout
    return mass @ (np.tensordot(counts, probas, axes=1).argmax(axis=1) == y) / mass.sum()


def whole(weights):
    """Counts in proportion to weights that are tenths, or equal."""
    counts = np.round(weights * 10 * len(weights))
    np.testing.assert_allclose(counts / counts.sum(), weights, atol=1e-15)
    return counts


@fixed
@given(votes_or_eighths())
def test_accuracy_weights_are_at_least_as_good_as_equal_ones_and_every_member(holdout):
    result = solve_accuracy(*holdout)
    assert result.weights.min() >= 0
    assert abs(result.weights.sum() - 1) < 1e-14
    reached = accuracy(whole(result.weights), holdout)
    each = np.eye(len(holdout[0]))
    assert reached >= max(accuracy(c, holdout) for c in [each.sum(axis=0), *each]) - 1e-12


@fixed
@given(votes_or_eighths(), st.randoms(use_true_random=False))
def test_no_grid_point_is_more_accurate(holdout, random):
    reached = accuracy(whole(solve_accuracy(*holdout).weights), holdout)
    for _ in range(20):
        cuts = sorted(random.choices(range(11), k=len(holdout[0]) - 1))
        counts = np.diff(cuts, prepend=0, append=10)
        assert reached >= accuracy(counts, holdout) - 1e-12


@fixed
@given(votes_or_eighths(), st.randoms(use_true_random=False))
def test_permuting_members_keeps_accuracy_and_loss(holdout, random):
    order = random.sample(range(len(holdout[0])), len(holdout[0]))
    straight = solve_accuracy(*holdout)
    permuted = solve_accuracy(holdout[0][order], *holdout[1:])
    assert accuracy(whole(permuted.weights)[np.argsort(order)], holdout) == accuracy(
        whole(straight.weights), holdout
    )
    np.testing.assert_allclose(permuted.loss, straight.loss, atol=1e-10)


@fixed
@given(votes_or_eighths(), st.sampled_from(["log_loss", "accuracy"]))
def test_greedy_is_at_least_as_good_as_every_member(holdout, criterion):
    result = solve_greedy(*holdout, criterion=criterion, n_iter=12)
    assert result.weights.min() >= 0
    assert abs(result.weights.sum() - 1) < 1e-14
    each = np.eye(len(holdout[0]))
    if criterion == "accuracy":
        counts = result.weights * 27720  # a multiple of 1 to 12
        np.testing.assert_allclose(counts, np.round(counts), atol=1e-9)
        best = max(accuracy(c, holdout) for c in each)
        assert accuracy(np.round(counts), holdout) >= best - 1e-12
    else:
        losses = [evaluate_weights(c, *holdout, method="one").loss for c in each]
        assert result.loss <= min(losses) + 1e-12


@settings(fixed, max_examples=40)
@given(votes_or_eighths(), st.sampled_from(["log_loss", "accuracy", "greedy", "auto"]))
def test_comparisons_are_deterministic_and_ordered(holdout, method):
    first, second = (find_weights(method, *holdout) for _ in range(2))
    assert repr(first.comparisons) == repr(second.comparisons)
    assert first.weights.tobytes() == second.weights.tobytes()
    assert [c.against for c in first.comparisons] == ["uniform", "last", "best"]
    for one in first.comparisons:
        assert np.isnan(one.gain) or one.low <= one.gain <= one.high
        assert np.isnan(one.gain) == (holdout[1].size < 10)
