"""What holds for every split."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from skensemble.tasks import split_holdout, why_no_holdout


@settings(derandomize=True, deadline=None, max_examples=200)
@given(
    st.lists(st.integers(1, 40), min_size=2, max_size=8),
    st.integers(1, 60),
    st.integers(0, 2**32 - 1),
)
def test_every_split(counts, n_holdout, seed):
    y = np.random.default_rng(0).permutation(np.repeat(np.arange(len(counts)), counts))
    if n_holdout > len(y) - len(counts):
        return  # an error: see tests/ensemble/test_bad_input.py
    train, holdout = split_holdout(y, n_holdout, seed)
    if holdout is None:
        assert n_holdout < len(counts) or min(counts) == 1
        what, _ = why_no_holdout(y, np.arange(len(counts)), n_holdout)
        assert ("each of the" in what) == (n_holdout < len(counts))
        assert len(train) == len(y)
        return
    assert len(holdout) == n_holdout
    np.testing.assert_array_equal(np.sort(np.r_[train, holdout]), np.arange(len(y)))
    held = np.bincount(y[holdout], minlength=len(counts))
    assert (held >= 1).all()
    assert (held < counts).all()
    # As close to proportional as the bounds allow: no row could move to a class further behind.
    exact = np.array(counts) * n_holdout / len(y)
    can_give, can_take = held > 1, held < np.array(counts) - 1
    if can_give.any() and can_take.any():
        surplus = (held - exact)[can_give].max()
        shortfall = (exact - held)[can_take].max()
        assert surplus + shortfall <= 1 + 1e-9
