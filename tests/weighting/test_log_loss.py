import numpy as np
import pytest
from scipy.optimize import minimize
from sklearn.metrics import log_loss

from skensemble.weighting import DEFAULT_PRIOR, _sqp, evaluate_weights, solve_log_loss
from skensemble.weighting._log_loss import LogLoss
from skensemble.weighting._member_predictions import read_members

EPS = 2.0**-52


def members(n_members=4, n_rows=150, n_classes=3, seed=0, dtype=np.float64):
    """Softmax outputs that share a signal; each member has its own noise."""
    rng = np.random.default_rng(seed)
    y = rng.integers(n_classes, size=n_rows)
    signal = 2 * np.eye(n_classes)[y] + rng.normal(size=(n_rows, n_classes))
    noise = rng.normal(size=(n_members, n_rows, n_classes))
    logits = signal + noise * rng.uniform(0.5, 2, size=(n_members, 1, 1))
    p = np.exp(logits)
    return (p / p.sum(axis=2, keepdims=True)).astype(dtype), y


def of_true_class(q):
    """Two-class outputs in which member m gives the true class (always 0) probability q[m, n]."""
    q = np.asarray(q, dtype=float)
    return np.stack([q, 1 - q], axis=2), np.zeros(q.shape[1], dtype=int)


def naive_ratios(w, probas, y, sample_weight=None, prior=0.0):
    """For each m, mean of q_nm / (q w)_n with the prior's derivative: 1 where w_m is optimal."""
    n_members, n_rows, _ = probas.shape
    s = [1.0] * n_rows if sample_weight is None else [float(v) for v in sample_weight]
    rows = sum(v > 0 for v in s)
    scale = rows / sum(s)
    out = []
    for m in range(n_members):
        total = prior / w[m] if prior else 0.0
        for n in range(n_rows):
            q = [max(float(probas[j, n, y[n]]), EPS) for j in range(n_members)]
            total += s[n] * scale * q[m] / sum(a * b for a, b in zip(w, q, strict=True))
        out.append(total / (rows + n_members * prior))
    return np.array(out)


@pytest.mark.parametrize("prior", [0.0, 0.1, 1.0, 30.0])
@pytest.mark.parametrize("weighted", [False, True])
def test_kkt_conditions_computed_naively(prior, weighted):
    probas, y = members()
    s = np.random.default_rng(1).exponential(size=y.size) if weighted else None
    result = solve_log_loss(probas, y, s, prior=prior)
    ratios = naive_ratios(result.weights, probas, y, s, prior)
    assert result.converged
    assert result.gap <= 1e-9
    assert result.gap == pytest.approx(max(ratios.max() - 1, 0), abs=1e-12)
    np.testing.assert_allclose(ratios[result.weights > 0], 1, atol=1e-8)
    assert np.all(ratios[result.weights == 0] <= 1 + 1e-9)


def test_gap_of_an_unfinished_solve_is_that_of_its_weights():
    probas, y = members()
    with pytest.warns(RuntimeWarning):
        result = solve_log_loss(probas, y, prior=2.0, max_iter=1)
    ratios = naive_ratios(result.weights, probas, y, prior=2.0)
    assert result.gap > 1e-6
    assert result.gap == pytest.approx(ratios.max() - 1, rel=1e-9)


@pytest.mark.parametrize("seed", range(3))
def test_no_worse_than_slsqp_on_scikit_learns_log_loss(seed):
    probas, y = members(seed=seed)

    def objective(w):
        return log_loss(y, np.tensordot(w / w.sum(), probas, 1))

    peer = minimize(
        objective,
        np.full(4, 0.25),
        method="SLSQP",
        bounds=[(0, 1)] * 4,
        constraints={"type": "eq", "fun": lambda w: w.sum() - 1},
        options={"ftol": 1e-14},
    )
    result = solve_log_loss(probas, y, prior=0)
    assert result.loss == pytest.approx(objective(result.weights), abs=1e-14)
    assert result.uniform_loss == pytest.approx(objective(np.full(4, 0.25)), abs=1e-14)
    assert result.loss <= peer.fun + 1e-12
    np.testing.assert_allclose(result.weights, peer.x, atol=1e-4)


def test_loss_with_sample_weights_is_scikit_learns():
    probas, y = members()
    s = np.random.default_rng(3).integers(0, 4, size=y.size)
    result = solve_log_loss(probas, y, s)
    combined = np.tensordot(result.weights, probas, 1)
    assert result.loss == pytest.approx(log_loss(y, combined, sample_weight=s), abs=1e-14)
    assert result.n_samples == np.count_nonzero(s)


def test_agrees_with_em_run_for_100_000_iterations():
    q = np.array([[0.9, 0.2, 0.4, 0.7, 0.1], [0.3, 0.6, 0.5, 0.2, 0.8], [0.5, 0.5, 0.1, 0.1, 0.3]])
    w = np.full(3, 1 / 3)
    for _ in range(100_000):  # the responsibilities of each row, then their mean
        w = (w[:, None] * q / (w @ q)).mean(axis=1)
    result = solve_log_loss(*of_true_class(q), prior=0)
    np.testing.assert_allclose(result.weights, w, atol=1e-6)
    assert w[2] < 1e-12
    assert result.weights[2] == 0


@pytest.mark.parametrize("prior", [0.0, 0.5, 1.0, 7.0])
@pytest.mark.parametrize("right", [5, 100])
def test_disjoint_supports_give_frequencies(prior, right):
    """The mode of a Dirichlet-multinomial: (count + prior) / (n + M prior)."""
    first = np.arange(120) < right
    result = solve_log_loss(*of_true_class([first, ~first]), prior=prior)
    expected = (right + prior) / (120 + 2 * prior)
    np.testing.assert_allclose(result.weights, [expected, 1 - expected], rtol=1e-7)


def test_sample_weights_count_in_frequencies():
    first = np.array([True, True, False, False])
    result = solve_log_loss(*of_true_class([first, ~first]), [1, 2, 3, 0], prior=1)
    # three rows that count, of mean weight 2: 3/2 rows each
    np.testing.assert_allclose(result.weights, [(1.5 + 1) / 5, (1.5 + 1) / 5], rtol=1e-9)
    assert result.n_samples == 3


@pytest.mark.parametrize("prior", [0.0, 3.0])
def test_two_members_on_a_grid(prior):
    probas, y = members(n_members=2, n_rows=60, seed=5)
    q = probas[:, np.arange(60), y]
    a = np.linspace(0, 1, 200_001)[1:-1]
    objective = sum(-np.log(a * q[0, n] + (1 - a) * q[1, n]) for n in range(60))
    objective -= prior * (np.log(a) + np.log(1 - a))
    result = solve_log_loss(probas, y, prior=prior)
    assert result.weights[0] == pytest.approx(a[objective.argmin()], abs=1e-5)


def test_default_prior_is_used_and_reported():
    probas, y = members()
    result = solve_log_loss(probas, y)
    assert result.prior == DEFAULT_PRIOR
    np.testing.assert_array_equal(
        result.weights, solve_log_loss(probas, y, prior=DEFAULT_PRIOR).weights
    )


def test_zero_weight_rows_contribute_nothing():
    probas, y = members()
    keep = np.random.default_rng(2).random(y.size) < 0.5
    some = solve_log_loss(probas, y, keep.astype(float))
    assert repr(some) == repr(solve_log_loss(probas[:, keep], y[keep]))
    np.testing.assert_array_equal(some.weights, solve_log_loss(probas[:, keep], y[keep]).weights)


def test_integer_sample_weights_repeat_rows():
    probas, y = members(n_rows=40)
    times = np.random.default_rng(2).integers(1, 4, size=40)
    weighted = solve_log_loss(probas, y, times, prior=0)
    repeated = solve_log_loss(np.repeat(probas, times, axis=1), np.repeat(y, times), prior=0)
    np.testing.assert_allclose(weighted.weights, repeated.weights, atol=1e-7)


@pytest.mark.parametrize("scale", [1e-300, 1e-9, 2e307])
def test_only_ratios_of_sample_weights_matter(scale):
    probas, y = members()
    s = np.random.default_rng(2).exponential(size=y.size)
    np.testing.assert_allclose(
        solve_log_loss(probas, y, s * scale).weights,
        solve_log_loss(probas, y, s).weights,
        atol=1e-7,
    )


def test_one_member():
    result = solve_log_loss(*of_true_class([[0.5, 0.25]]))
    assert result.weights.tolist() == [1.0]
    assert result.loss == result.uniform_loss == pytest.approx(np.log(8) / 2)
    assert result.n_iter == 0


def test_dominated_members_get_exactly_zero():
    q = np.random.default_rng(0).uniform(0.1, 0.9, size=100)
    result = solve_log_loss(*of_true_class([q * 0.5, q, q * 0.9]), prior=0)
    assert result.weights.tolist() == [0.0, 1.0, 0.0]


def test_enormous_prior_gives_equal_weights():
    probas, y = members()
    result = solve_log_loss(probas, y, prior=1e12)
    np.testing.assert_allclose(result.weights, 0.25, atol=1e-9)
    assert np.ptp(solve_log_loss(probas, y, prior=0).weights) > 0.1


def test_identical_members():
    probas, y = members()
    once = solve_log_loss(probas, y, prior=0)
    twice = solve_log_loss(np.concatenate([probas, probas]), y, prior=0)
    assert twice.gap <= 1e-9
    np.testing.assert_allclose(twice.weights[:4] + twice.weights[4:], once.weights, atol=1e-6)


def test_probability_zero_is_floored_at_eps():
    """Nobody explains the last row: its share of the loss is -log(eps), as in scikit-learn."""
    probas, y = of_true_class([[1, 0, 0], [0, 1, 0]])
    result = solve_log_loss(probas, y, prior=0)
    np.testing.assert_allclose(result.weights, 0.5, atol=1e-9)
    assert result.loss == pytest.approx((2 * np.log(2) - np.log(EPS)) / 3, rel=1e-12)
    assert result.loss == pytest.approx(log_loss(y, probas.mean(axis=0), labels=[0, 1]), rel=1e-12)


@pytest.mark.parametrize(
    "kind", ["tiny", "binary", "nearly identical", "saturated", "few rows", "useless members"]
)
@pytest.mark.parametrize("prior", [0.0, 1e-6, 1.0])
@pytest.mark.parametrize("seed", range(3))
def test_hard_problems_are_certified(kind, prior, seed):
    rng = np.random.default_rng(seed)
    q = {
        "tiny": lambda: 10 ** rng.uniform(-300, 0, size=(30, 60)),
        "binary": lambda: (rng.random((50, 700)) < 0.3).astype(float),
        "nearly identical": lambda: (
            np.tile(rng.random(200), (20, 1)) * (1 - 1e-7 * rng.random((20, 200)))
        ),
        "saturated": lambda: rng.choice([1.0, 1 - 1e-7, 1e-7, 0.0], size=(10, 500)),
        "few rows": lambda: rng.random((50, 3)) ** 20,
        "useless members": lambda: (rng.random((50, 5)) < 0.3).astype(float),
    }[kind]()
    s = 10 ** rng.uniform(-6, 6, size=q.shape[1])
    probas, y = of_true_class(q)
    result = solve_log_loss(probas, y, s, prior=prior)  # a warning would be an error
    assert result.gap <= 1e-9
    assert result.n_iter <= 40
    assert result.weights.min() >= 0
    assert result.weights.sum() == pytest.approx(1, abs=1e-14)
    if q.size <= 5000:
        ratios = naive_ratios(result.weights, probas, y, s, prior)
        assert ratios.max() - 1 <= 2e-9


@pytest.mark.parametrize("seed", range(5))
def test_the_last_decimals_of_the_gap_can_be_had(seed):
    q = 10 ** np.random.default_rng(seed).uniform(-300, 0, size=(40, 20))
    result = solve_log_loss(*of_true_class(q), prior=1e-12, tol=1e-12)
    assert result.gap <= 1e-12
    assert result.n_iter <= 40


def test_many_rows_and_members():
    probas, y = members(n_members=50, n_rows=20_000, dtype=np.float32)
    result = solve_log_loss(probas, y, prior=0)
    assert result.gap <= 1e-9
    assert result.n_iter <= 15


def test_smaller_tolerance_smaller_gap():
    probas, y = members()
    loose = solve_log_loss(probas, y, tol=0.5)
    tight = solve_log_loss(probas, y, tol=1e-13)
    assert loose.n_iter < tight.n_iter
    assert tight.gap <= 1e-13 < loose.gap <= 0.5


@pytest.mark.parametrize("dtype", [np.float16, np.float32])
def test_narrow_probabilities_are_computed_with_in_float64(dtype):
    probas, y = members(dtype=dtype)
    narrow = solve_log_loss(probas, y)
    np.testing.assert_array_equal(
        narrow.weights, solve_log_loss(probas.astype(np.float64), y).weights
    )
    assert narrow.weights.dtype == np.float64


def test_inputs_are_not_modified_and_may_be_read_only():
    probas, y = of_true_class(np.random.default_rng(0).integers(0, 2, size=(3, 30)))
    s = np.arange(30.0)
    copies = [a.copy() for a in (probas, y, s)]
    for a in (probas, y, s):
        a.setflags(write=False)
    solve_log_loss(probas, y, s)
    for a, copy in zip((probas, y, s), copies, strict=True):
        np.testing.assert_array_equal(a, copy)


def test_a_failing_nnls_is_tried_again_with_a_larger_ridge(monkeypatch):
    calls = []

    def counting(*args, **kwargs):
        calls.append(args)
        return real(*args, **kwargs)

    def failing(*args, **kwargs):
        calls.append(args)
        if len(calls) % 2:
            raise RuntimeError("Maximum number of iterations reached.")
        return real(*args, **kwargs)

    real = _sqp.nnls
    probas, y = members()
    monkeypatch.setattr(_sqp, "nnls", counting)
    expected, n_calls = solve_log_loss(probas, y), len(calls)
    calls.clear()
    monkeypatch.setattr(_sqp, "nnls", failing)
    result = solve_log_loss(probas, y)
    assert result.gap <= 1e-9
    assert result.n_iter == expected.n_iter
    assert len(calls) == 2 * n_calls > 0


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("prior", [0.0, 0.3])
@pytest.mark.parametrize(("n_members", "n_rows"), [(3, 12), (4, 150), (5, 5_000), (30, 1_000)])
def test_weights_without_each_fold_are_those_of_the_other_rows(n_members, n_rows, prior, weighted):
    probas, y = members(n_members, n_rows)
    rng = np.random.default_rng(0)
    mass = rng.exponential(size=n_rows) if weighted else None
    fold = rng.permutation(np.arange(n_rows) % 4)
    loss = LogLoss.of(read_members(probas, y, mass))
    start = solve_log_loss(probas, y, mass, prior=prior).weights
    for i, w in enumerate(loss.minimisers_without(fold, prior, start)):
        rest = probas[:, fold != i], y[fold != i], None if mass is None else mass[fold != i]
        assert evaluate_weights(w, *rest, method="fold", prior=prior).gap <= 1e-6
        alone = solve_log_loss(*rest, prior=prior)
        assert w @ w == pytest.approx(alone.weights @ alone.weights, abs=2e-3)


def test_many_rows_are_cut_into_blocks_without_a_trace():
    """Blocks, and the rows that fill up the last one, change the sums by rounding only."""
    probas, y = members(n_members=7, n_rows=4_001)
    s = np.random.default_rng(0).exponential(size=y.size)
    result = solve_log_loss(probas, y, s, prior=0)
    q = probas[:, np.arange(y.size), y]
    loss = -np.average(np.log(result.weights @ q), weights=s)
    ratios = (q / (result.weights @ q)) @ (s / s.sum())
    assert result.loss == pytest.approx(loss, rel=1e-13)
    assert result.gap == pytest.approx(ratios.max() - 1, abs=1e-13)
    assert np.abs(ratios[result.weights > 0] - 1).max() < 1e-8


def test_exhausted_iterations_warn_readably():
    probas, y = members()
    with pytest.warns(RuntimeWarning) as caught:
        result = solve_log_loss(probas, y, max_iter=1, tol=1e-8)
    assert [str(w.message) for w in caught] == [
        "The combination weights are not certified: at iteration 1 their objective may be "
        f"{result.gap:.2g} above its minimum, more than tol=1e-08. Raise max_iter=1 or tol."
    ]
    assert caught[0].filename == __file__
    assert not result.converged
    assert result.n_iter == 1
