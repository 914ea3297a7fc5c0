"""What holds for every schedule."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from skensemble import CyclicCosineDecay


@st.composite
def schedules(draw):
    n = draw(st.integers(1, 400))
    return CyclicCosineDecay(draw(st.floats(1e-6, 10)), n, draw(st.integers(1, n)))


@settings(derandomize=True, deadline=None, max_examples=60)
@given(schedules())
def test_every_schedule(schedule):
    rates, ends = schedule.simulate(), schedule.cycle_ends
    assert len(rates) == schedule.n_iterations == ends[-1]
    assert len(ends) == schedule.M
    lengths = np.diff([0, *ends])
    assert lengths.min() >= 1
    assert lengths.max() - lengths.min() <= 1
    starts = ends - lengths
    np.testing.assert_allclose(rates[starts], schedule.alpha_zero, rtol=1e-12)
    # The rate falls in every cycle, and never reaches 0.
    inside = np.setdiff1d(np.arange(1, len(rates)), starts)
    assert (rates[inside] < rates[inside - 1]).all()
    assert (rates > 0).all()
    probes = np.unique([*starts, *(ends - 1), len(rates) // 2])
    np.testing.assert_allclose([float(schedule(t)) for t in probes], rates[probes], rtol=2e-5)
