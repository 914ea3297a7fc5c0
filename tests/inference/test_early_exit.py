"""Early exit: the same labels, with fewer evaluations."""

import numpy as np
import pytest
from sklearn.datasets import load_digits

from skensemble import SnapshotEnsembleClassifier
from skensemble.inference import predict_with_early_exit, weighted_mean


class Table:
    """Stands for a predictor: probabilities of rows that are their own numbers."""

    def __init__(self, probas):
        self.probas = probas
        self.n_classes = probas.shape[2]
        self.n_asked = 0

    def combine(self, weights, rows):
        used = np.flatnonzero(weights)
        return weighted_mean(self.chunk(used, rows), weights[used])

    combine_chunk = combine

    def chunk(self, members, rows):
        index = rows[:, 0].astype(int)
        self.n_asked += len(members) * len(index)
        return self.probas[np.asarray(members)][:, index]


def labels_of_all(probas, weights):
    used = np.flatnonzero(weights)
    return weighted_mean(probas[used], weights[used]).argmax(axis=1)


@pytest.mark.parametrize("sharpness", [0.1, 1.0, 10.0])
@pytest.mark.parametrize("M", [1, 2, 5])
@pytest.mark.parametrize("batch_size", [None, 7])
def test_labels_are_those_of_all_members(M, sharpness, batch_size, global_random_seed):
    rng = np.random.default_rng(global_random_seed)
    scores = np.exp(sharpness * rng.normal(size=(M, 200, 4)))
    probas = scores / scores.sum(axis=2, keepdims=True)
    weights = rng.dirichlet(np.ones(M))
    table = Table(probas)
    exits = predict_with_early_exit(table, weights, np.arange(200)[:, None], batch_size)
    np.testing.assert_array_equal(exits.best, labels_of_all(probas, weights))
    assert exits.saved == pytest.approx(1 - table.n_asked / (200 * M))


def test_one_member_with_most_of_the_weight_decides_alone():
    rng = np.random.default_rng(0)
    probas = np.full((3, 50, 2), 0.5)
    probas[1, :, 0] = np.where(rng.random(50) < 0.5, 0.95, 0.05)
    probas[1, :, 1] = 1 - probas[1, :, 0]
    exits = predict_with_early_exit(
        Table(probas), np.array([0.1, 0.8, 0.1]), np.arange(50)[:, None]
    )
    assert exits.saved == pytest.approx(2 / 3)
    np.testing.assert_array_equal(exits.best, probas[1].argmax(axis=1))


def test_members_without_weight_are_not_asked():
    probas = np.full((3, 12, 2), np.nan)
    probas[2] = np.tile([[0.9, 0.1], [0.2, 0.8], [0.6, 0.4], [0.5, 0.5]], (3, 1))
    for n in (12, 4):
        exits = predict_with_early_exit(Table(probas), np.array([0.0, 0, 1]), np.arange(n)[:, None])
        np.testing.assert_array_equal(exits.best, [0, 1, 0, 0] * (n // 4))


def test_where_rounding_decides_it_is_the_rounding_of_predict():
    """A member that rounds otherwise when it is asked for fewer rows."""
    probas = np.full((2, 16, 2), 0.5)
    probas[:, :15] = [0.9, 0.1]

    class Rounds(Table):
        def chunk(self, members, rows):
            found = super().chunk(members, rows).copy()
            found[..., 1] += 1e-8 if len(rows) == 16 and len(members) == 2 else -1e-8
            return found

    table = Rounds(probas)
    weights = np.array([0.5, 0.5])
    exits = predict_with_early_exit(table, weights, np.arange(16)[:, None])
    full = weighted_mean(table.chunk([0, 1], np.arange(16)[:, None]), weights)
    np.testing.assert_array_equal(exits.best, full.argmax(axis=1))
    assert exits.best[15] == 1


def test_of_the_classifier():
    X, y = load_digits(return_X_y=True)
    clf = SnapshotEnsembleClassifier(M=3, epochs=3, random_state=0).fit(X / 16, y)
    labels, saved = clf.predict(X / 16, early_exit=True, return_saved=True)
    np.testing.assert_array_equal(labels, clf.predict(X / 16))
    np.testing.assert_array_equal(labels, clf.predict(X / 16, early_exit=True))
    assert 0 < saved < 1
    assert clf.predict(X / 16, return_saved=True)[1] == 0
