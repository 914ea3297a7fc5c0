import numpy as np
import pytest

from holdouts import softmax, votes
from skensemble.weighting import _rivals
from skensemble.weighting._holdout import read_members
from skensemble.weighting._rivals import find_rivals


def of_row(probas, y):
    """Rivals of one row by definition, (M, k); None if it is always wrong."""
    first = [[q[c] > q[y] or (q[c] == q[y] and c < y) for c in range(len(q))] for q in probas]
    if np.all(first, axis=0).any():
        return None
    return set(np.flatnonzero(np.any(first, axis=0)).tolist())


@pytest.mark.parametrize("make", [softmax, votes])
@pytest.mark.parametrize("dtype", [np.float64, np.float32, np.float16, np.longdouble])
@pytest.mark.parametrize("block", [1, 1000, 1 << 19])
def test_rivals_win_in_some_members_but_not_in_all(make, dtype, block, monkeypatch):
    monkeypatch.setattr(_rivals, "_BLOCK", block)
    probas, y = make()
    probas = probas.astype(dtype)
    found = find_rivals(read_members(probas, y, None))
    expected = [of_row(probas[:, i], y[i]) for i in range(y.size)]
    assert np.flatnonzero(found.always).tolist() == [
        i for i, e in enumerate(expected) if e == set()
    ]
    assert set(found.rows.tolist()) == {i for i, e in enumerate(expected) if e}
    assert found.rows.size
    for row, n, classes in zip(found.rows, found.n_rivals, found.classes, strict=True):
        assert set(classes[:n].tolist()) == expected[row]
    assert (np.diff(found.n_rivals) <= 0).all()
    assert found.classes.shape[1] == found.n_rivals.max()


def test_the_strongest_rivals_come_first():
    probas, y = softmax(n_members=4, n_rows=200)
    found = find_rivals(read_members(probas, y, None))
    skill = probas[:, np.arange(y.size), y].sum(axis=1)
    strength = np.tensordot((skill / skill.max()) ** 8, probas, axes=1)
    for row, n, classes in zip(found.rows, found.n_rivals, found.classes, strict=True):
        assert (np.diff(strength[row, classes[:n]]) <= 1e-5).all()


def test_members_that_never_believe_in_the_truth():
    probas = np.array([[[0.0, 1.0, 0.0]], [[0.0, 0.0, 1.0]]])
    found = find_rivals(read_members(probas, [0], None))
    assert found.n_rivals.tolist() == [2]
    assert sorted(found.classes[0].tolist()) == [1, 2]


def test_nothing_to_decide():
    probas = np.tile([0.2, 0.5, 0.3], (2, 4, 1))
    found = find_rivals(read_members(probas, [1, 1, 0, 2], None))
    assert found.always.tolist() == [True, True, False, False]
    assert found.rows.size == found.n_rivals.size == found.classes.size == 0
