import copy
import dataclasses
import pickle
import re

import numpy as np
import pytest
from sklearn.metrics import log_loss

from skensemble.weighting import Comparison, WeightingResult, evaluate_weights, solve_log_loss

RNG = np.random.default_rng(0)
PROBAS = RNG.dirichlet([0.7] * 3, size=(4, 80))
Y = RNG.integers(3, size=80)


def test_given_weights_are_divided_by_their_sum_and_scored():
    result = evaluate_weights([2, 0, 6, 0], PROBAS, Y, method="manual")
    assert result.weights.tolist() == [0.25, 0.0, 0.75, 0.0]
    assert result.loss == pytest.approx(log_loss(Y, 0.25 * PROBAS[0] + 0.75 * PROBAS[2]))
    assert result.uniform_loss == pytest.approx(log_loss(Y, PROBAS.mean(axis=0)))
    assert dataclasses.asdict(result) | {"weights": 0, "loss": 0, "uniform_loss": 0, "gap": 0} == {
        "weights": 0,
        "loss": 0,
        "gap": 0,
        "n_iter": 0,
        "converged": True,
        "method": "manual",
        "prior": 0.0,
        "uniform_loss": 0,
        "n_samples": 80,
        "criterion": "log_loss",
        "comparisons": (),
        "note": "",
    }


def test_equal_weights_have_the_uniform_loss():
    result = evaluate_weights(np.ones(4), PROBAS, Y, method="uniform")
    assert result.loss == result.uniform_loss


@pytest.mark.parametrize("prior", [0.0, 2.5])
def test_gap_of_given_weights_bounds_what_learning_gains(prior):
    def objective(result):
        return (80 * result.loss - prior * np.log(result.weights).sum()) / (80 + 4 * prior)

    best = solve_log_loss(PROBAS, Y, prior=prior)
    for w in RNG.dirichlet(np.ones(4), size=20):
        given = evaluate_weights(w, PROBAS, Y, method="random", prior=prior)
        gain = objective(given) - objective(best)
        assert 0 < gain <= given.gap + 1e-9
        ratios = [
            (sum(PROBAS[m, n, Y[n]] / (w @ PROBAS[:, n, Y[n]]) for n in range(80)) + prior / w[m])
            / (80 + 4 * prior)
            for m in range(4)
        ]
        assert given.gap == pytest.approx(max(ratios) - 1, rel=1e-9)


def test_gap_of_learned_weights_is_found_again():
    s = RNG.exponential(size=80)
    learned = solve_log_loss(PROBAS, Y, s, prior=1, tol=0.05)
    again = evaluate_weights(learned.weights, PROBAS, Y, s, method="again", prior=1)
    assert learned.gap > 1e-6
    assert again.gap == pytest.approx(learned.gap, rel=1e-9)
    assert again.loss == learned.loss


def test_a_zero_that_the_prior_forbids_has_an_infinite_gap():
    assert evaluate_weights([1, 1, 1, 0], PROBAS, Y, method="manual", prior=1).gap == np.inf
    assert evaluate_weights([1, 1, 1, 0], PROBAS, Y, method="manual", prior=0).gap < np.inf


def test_weights_are_a_read_only_copy_that_survives_pickling():
    given = np.array([0.5, 0.5, 0.0, 0.0])
    result = evaluate_weights(given, PROBAS, Y, method="manual")
    given[0] = 7
    for one in (result, pickle.loads(pickle.dumps(result)), copy.deepcopy(result)):
        assert one.weights.tolist() == [0.5, 0.5, 0.0, 0.0]
        assert one.gap == result.gap
        with pytest.raises(ValueError, match="read-only"):
            one.weights[0] = 1
        with pytest.raises(dataclasses.FrozenInstanceError):
            one.loss = 0.0


def test_a_pickle_from_before_criteria_is_read():
    state = dict(vars(evaluate_weights(np.ones(4), PROBAS, Y, method="uniform")))
    for name in ("criterion", "comparisons", "note"):
        del state[name]
    old = WeightingResult.__new__(WeightingResult)
    old.__setstate__(state)
    assert (old.criterion, old.comparisons, old.note) == ("log_loss", (), "")
    assert repr(old).startswith("WeightingResult(uniform, weights=[0.25 0.25 0.25 0.25], loss=")
    assert pickle.loads(pickle.dumps(old)).criterion == "log_loss"


def test_comparisons_survive_pickling():
    compared = dataclasses.replace(
        evaluate_weights(np.ones(4), PROBAS, Y, method="uniform"),
        comparisons=(Comparison("best", "f1_macro", 0.1, -0.1, 0.3),),
        note="A sentence.",
    )
    again = pickle.loads(pickle.dumps(compared))
    assert again.comparisons == compared.comparisons
    assert again.note == "A sentence."


def test_beats_if_the_whole_interval_is_above_0():
    assert Comparison("uniform", "accuracy", 0.02, 1e-9, 0.04).beats
    assert not Comparison("uniform", "accuracy", 0.02, 0.0, 0.04).beats
    assert not Comparison("uniform", "accuracy", np.nan, -np.inf, np.inf).beats


def test_size_does_not_grow_with_the_holdout():
    few = solve_log_loss(PROBAS, Y)
    many = solve_log_loss(np.tile(PROBAS, (1, 500, 1)), np.tile(Y, 500))
    assert abs(len(pickle.dumps(many)) - len(pickle.dumps(few))) < 16


def test_repr_is_one_short_line():
    result = WeightingResult(
        np.array([0.25, 0.75]), 0.51234, 1.234e-12, 5, True, "log_loss", 1.0, 0.6, 30
    )
    assert repr(result) == (
        "WeightingResult(log_loss, weights=[0.25 0.75], loss=0.512 (equal weights 0.6), "
        "gap=1.2e-12, 30 rows)"
    )
    assert repr(dataclasses.replace(result, converged=False)).endswith("30 rows, not converged)")
    f1 = dataclasses.replace(result, method="greedy", criterion="f1_macro")
    assert repr(f1).startswith("WeightingResult(greedy of f1_macro, weights=")
    accuracy = dataclasses.replace(result, method="accuracy", criterion="accuracy")
    assert repr(accuracy).startswith("WeightingResult(accuracy, weights=")
    wide = dataclasses.replace(result, weights=np.full(50, 0.02))
    assert "[0.02 0.02 0.02 ... 0.02 0.02 0.02]" in repr(wide)


SAFE = " instead: equal ones are a safe start."
MASS = "weights must be finite, not negative and not all 0, got values from "


@pytest.mark.parametrize(
    ("weights", "error", "message"),
    [
        (
            [1, 1],
            ValueError,
            "weights must be an array of shape (4,), one number per snapshot, "
            f"got shape (2,){SAFE}",
        ),
        (
            ["a"] * 4,
            TypeError,
            f"weights must be an array of real numbers, got dtype <U1{SAFE}",
        ),
        (
            [[1], [1, 1]],
            ValueError,
            "weights must be an array of shape (4,), one number per snapshot, "
            f"got nested sequences of unequal lengths{SAFE}",
        ),
        ([0, 0, 0, 0], ValueError, f"{MASS}0 to 0{SAFE}"),
        ([1, 1, 1, -0.5], ValueError, f"{MASS}-0.5 to 1{SAFE}"),
        ([1, 1, 1, np.inf], ValueError, f"{MASS}1 to inf{SAFE}"),
    ],
)
def test_bad_weights_are_refused(weights, error, message):
    with pytest.raises(error, match=f"^{re.escape(message)}$"):
        evaluate_weights(weights, PROBAS, Y, method="manual")


def test_holdout_and_prior_are_checked_as_for_learned_weights():
    with pytest.raises(ValueError, match=r"^probas must be an array of shape \(M, n, k\)"):
        evaluate_weights([1], PROBAS[0], Y, method="manual")
    with pytest.raises(ValueError, match=r"^prior must be a finite number of at least 0, got -1"):
        evaluate_weights(np.ones(4), PROBAS, Y, method="manual", prior=-1)
