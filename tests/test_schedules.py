"""CyclicCosineDecay against equation 2 of the paper, written out again."""

import math
import re

import keras
import numpy as np
import pytest

from skensemble import CyclicCosineDecay


def equation_2(t, T, M, alpha_zero):
    """The paper's formula, for its 1-based iteration t."""
    cycle = math.ceil(T / M)
    return alpha_zero / 2 * (math.cos(math.pi * ((t - 1) % cycle) / cycle) + 1)


@pytest.mark.parametrize(("T", "M"), [(10, 1), (10, 2), (10, 5), (10, 10), (1140, 5), (999, 3)])
def test_equals_equation_2_where_M_divides_the_iterations(T, M):
    schedule = CyclicCosineDecay(0.2, T, M)
    expected = [equation_2(t, T, M, 0.2) for t in range(1, T + 1)]
    np.testing.assert_allclose(schedule.simulate(), expected, rtol=1e-10)
    in_graph = [float(schedule(keras.ops.convert_to_tensor(t))) for t in range(T)]
    np.testing.assert_allclose(in_graph, expected, rtol=1e-6)


@pytest.mark.parametrize(("T", "M"), [(10, 3), (10, 4), (7, 5), (200, 6), (1141, 7)])
def test_uneven_cycles_differ_by_at_most_one_iteration(T, M):
    schedule = CyclicCosineDecay(0.1, T, M)
    rates = schedule.simulate()
    starts = np.flatnonzero(rates == 0.1)
    lengths = np.diff([*starts, T])
    assert len(starts) == M
    assert set(lengths) <= {T // M, T // M + 1}
    np.testing.assert_array_equal(schedule.cycle_ends, starts + lengths)
    for start, length in zip(starts, lengths, strict=True):
        alone = [0.05 * (math.cos(math.pi * t / length) + 1) for t in range(length)]
        np.testing.assert_allclose(rates[start : start + length], alone, rtol=1e-10)
    in_graph = [float(schedule(t)) for t in range(T)]
    np.testing.assert_allclose(in_graph, rates, rtol=1e-6)


def test_offset_moves_the_schedule_to_a_later_iteration_of_the_optimizer():
    schedule = CyclicCosineDecay(0.1, 12, 5, offset=100)
    in_graph = [float(schedule(100 + t)) for t in range(12)]
    np.testing.assert_allclose(in_graph, CyclicCosineDecay(0.1, 12, 5).simulate(), atol=1e-8)


def test_rate_falls_within_a_cycle_and_jumps_back_to_alpha_zero():
    rates = CyclicCosineDecay(0.1, 20, 2).simulate()
    assert rates[0] == rates[10] == 0.1
    assert (np.diff(rates[:10]) < 0).all()
    assert (np.diff(rates[10:]) < 0).all()


def test_stays_exact_for_long_trainings():
    schedule = CyclicCosineDecay(0.1, 50_000_000, 5)
    for t in (0, 10_000_000, 25_000_001, 49_999_999):
        expected = 0.1 * math.cos(math.pi * (t % 10_000_000) / 20_000_000) ** 2
        assert float(schedule(t)) == pytest.approx(expected, rel=1e-5)


def test_serialises_with_a_model(tmp_path):
    schedule = CyclicCosineDecay(0.1, 12, 5, offset=3)
    model = keras.Sequential([keras.Input((2,)), keras.layers.Dense(1)])
    model.compile(keras.optimizers.SGD(schedule), "mse")
    model.save(tmp_path / "model.keras")
    loaded = keras.models.load_model(tmp_path / "model.keras")
    restored = loaded.optimizer._learning_rate
    assert restored.get_config() == schedule.get_config()
    assert repr(restored) == "CyclicCosineDecay(alpha_zero=0.1, n_iterations=12, M=5, offset=3)"


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        (
            (0.1, 4, 5),
            ValueError,
            "M must be at most the number of iterations, 4, got 5 instead: lower M, train for more "
            "epochs, or use smaller batches.",
        ),
        (
            (0.1, 4, 0),
            ValueError,
            "M must be an integer of at least 1, got 0 instead: 5 is the usual choice.",
        ),
        (
            (0.1, 4, 2.0),
            TypeError,
            "M must be an integer of at least 1, got 2.0 instead: 5 is the usual choice.",
        ),
        (
            (0.0, 4, 2),
            ValueError,
            "alpha_zero must be a finite number greater than 0, got 0.0 instead: 0.1 is the usual "
            "start for SGD.",
        ),
        (
            (float("nan"), 4, 2),
            ValueError,
            "alpha_zero must be a finite number greater than 0, got nan instead: 0.1 is the usual "
            "start for SGD.",
        ),
        (
            (0.1, 0, 2),
            ValueError,
            "n_iterations must be an integer of at least 1, got 0 instead: it is epochs × batches "
            "per epoch.",
        ),
    ],
)
def test_refuses(arguments, error, message):
    with pytest.raises(error, match=f"^{re.escape(message)}$"):
        CyclicCosineDecay(*arguments)
