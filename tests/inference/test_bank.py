"""All members of a bank in one call, against Keras's predict with each set of weights."""

from concurrent.futures import ThreadPoolExecutor

import keras
import numpy as np
import pytest
import scipy.sparse as sp

from builders import Subclassed, fixed
from skensemble import Snapshot, SnapshotBank, program_cache
from skensemble.inference import BankPredictor
from skensemble.inference._bank import chunks
from skensemble.tasks import OutputLayer

LAYER = OutputLayer(3, 3, from_logits=False)


def bank_of(model, n=4):
    rng = np.random.default_rng(0)
    snapshots = [
        Snapshot(
            [np.abs(rng.normal(size=w.shape)).astype("float32") for w in model.get_weights()], m, m
        )
        for m in range(1, n + 1)
    ]
    return SnapshotBank(snapshots, [v.path for v in model.weights])


def convolutional(n_outputs=3, activation="softmax"):
    return keras.Sequential(
        [
            keras.Input((4,)),
            keras.layers.Reshape((2, 2, 1)),
            keras.layers.Conv2D(3, 2, padding="same"),
            keras.layers.Flatten(),
            keras.layers.Dense(n_outputs, activation=activation),
        ]
    )


@pytest.mark.parametrize("build", [fixed, Subclassed, convolutional])
@pytest.mark.parametrize("n_rows", [0, 1, 7, 8, 9, 90])
def test_equals_keras_for_each_set_of_weights(blobs, build, n_rows):
    X = blobs[0][:n_rows]
    model = build()
    model(blobs[0])
    own = model.get_weights()
    bank = bank_of(model)
    predictor = BankPredictor(model, LAYER, bank)
    found = {size: predictor([0, 3, 1], X, size) for size in (None, 4, -1)}
    for a, b in zip(own, model.get_weights(), strict=True):
        np.testing.assert_array_equal(a, b)
    for probas in found.values():
        assert probas.shape == (3, n_rows, 3)
        assert probas.dtype == np.float64
        for m, proba in zip([0, 3, 1], probas, strict=True):
            model.set_weights(bank[m].weights)
            np.testing.assert_allclose(proba, model(X), atol=1e-6)


@pytest.mark.parametrize("build", [fixed, convolutional])
@pytest.mark.parametrize("n_rows", [0, 1, 8, 9, 90])
@pytest.mark.parametrize(
    "layer", [LAYER, OutputLayer(3, 3, from_logits=True), OutputLayer(2, 1, False)], ids=repr
)
def test_combines_as_the_members_say(blobs, build, n_rows, layer):
    X = blobs[0][:n_rows]
    model = build(n_outputs=layer.n_units, activation="sigmoid")
    predictor = BankPredictor(model, layer, bank_of(model))
    weights = np.array([0.5, 0.0, 0.2, 0.3])
    expected = np.tensordot(weights, predictor(range(4), X), 1)
    for size in (None, 4, -1):
        proba = predictor.combine(weights, X, size)
        np.testing.assert_allclose(proba, expected, atol=1e-6)
        np.testing.assert_allclose(proba.sum(axis=1), 1, atol=1e-12)
        assert proba.shape == (n_rows, layer.n_classes)


def test_members_without_weight_cost_nothing(blobs):
    model = fixed()
    bank = bank_of(model)
    broken = Snapshot([np.full_like(w, np.nan) for w in bank[0].weights], 5, 5)
    predictor = BankPredictor(model, LAYER, [*bank, broken])
    for X in (blobs[0], blobs[0][:1]):
        assert np.isfinite(predictor.combine(np.array([0.5, 0, 0, 0.5, 0]), X)).all()


def test_weights_may_change(blobs):
    """As they do in ``reweight``: what is kept for few rows must not be of the last weights."""
    model = fixed()
    predictor = BankPredictor(model, LAYER, bank_of(model))
    for weights in np.array([[1.0, 0, 0, 0], [0.5, 0.5, 0, 0], [0.2, 0.8, 0, 0], [0, 0, 0, 1]]):
        expected = np.tensordot(weights, predictor(range(4), blobs[0][:2]), 1)
        np.testing.assert_allclose(predictor.combine(weights, blobs[0][:2]), expected, atol=1e-6)


def test_sparse_rows(blobs):
    X, _ = blobs
    model = fixed()
    predictor = BankPredictor(model, LAYER, bank_of(model))
    np.testing.assert_array_equal(predictor([0, 1], sp.csr_matrix(X)), predictor([0, 1], X))


def test_models_without_a_training_argument(blobs):
    class Plain(keras.Model):
        def __init__(self):
            super().__init__()
            self.out = keras.layers.Dense(3, activation="softmax")

        def call(self, x):
            return self.out(x)

    model = Plain()
    expected = model(blobs[0])
    bank = SnapshotBank([Snapshot(model.get_weights(), 1, 1)], [v.path for v in model.weights])
    np.testing.assert_allclose(
        BankPredictor(model, LAYER, bank)([0], blobs[0])[0], expected, atol=1e-6
    )


def test_traces_once_for_all_members_and_numbers_of_rows(blobs):
    X, _ = blobs
    traces = []

    class Counts(keras.layers.Layer):
        def call(self, x):
            traces.append(1)
            return x

    model = keras.Sequential([keras.Input((4,)), Counts(), keras.layers.Dense(3, "softmax")])
    predictor = BankPredictor(model, LAYER, bank_of(model))
    predictor([2], X[:20])
    traced = len(traces)
    for n_rows in (90, 1, 13, 55):
        for members in ([0], [3], [0, 1], [2, 3], [0, 1, 2, 3]):
            predictor(members, X[:n_rows])
    assert len(traces) == traced


def test_networks_alike_share_their_programs(blobs):
    X, _ = blobs
    program_cache.clear()
    for _ in range(3):
        model = fixed()
        predictor = BankPredictor(model, LAYER, bank_of(model))
        predictor([0, 1], X)
    assert program_cache.info().misses == 2  # one member, and two of them together
    assert program_cache.info().hits > 0


@pytest.mark.parametrize("convert", [np.float64, sp.csr_matrix], ids=["float64", "sparse"])
def test_rows_of_another_type_need_no_other_program(blobs, convert):
    X, _ = blobs
    model = fixed()
    predictor = BankPredictor(model, LAYER, bank_of(model))
    weights = np.full(4, 0.25)
    for rows in (X, X[:2]):
        predictor.combine(weights, rows)
    misses = program_cache.info().misses
    for rows in (X, X[:2]):
        predictor.combine(weights, convert(rows))
    assert program_cache.info().misses == misses


def test_other_values_of_a_shared_program(blobs):
    """A program keeps nothing of the network that it was traced with."""
    X, _ = blobs
    first, second = fixed(), fixed()
    for model in (first, second):
        bank = SnapshotBank([Snapshot(model.get_weights(), 1, 1)], [v.path for v in model.weights])
        proba = BankPredictor(model, LAYER, bank)([0], X)[0]
        np.testing.assert_allclose(proba, model(X), atol=1e-6)


def test_threads_do_not_disturb_each_other(blobs):
    X, _ = blobs
    model = fixed()
    predictor = BankPredictor(model, LAYER, bank_of(model))
    members = [[0], [1], [2], [3], [0, 1], [2, 3]]
    alone = [predictor(m, X, 8) for m in members]
    with ThreadPoolExecutor(4) as pool:
        for _ in range(5):
            together = list(pool.map(lambda m: predictor(m, X, 8), members))
            for a, b in zip(alone, together, strict=True):
                np.testing.assert_array_equal(a, b)


@pytest.mark.parametrize("n_threads", [4])
def test_threads_may_ask_first_at_the_same_time(blobs, n_threads):
    X, _ = blobs
    program_cache.clear()
    model = fixed()
    bank = bank_of(model)
    expected = BankPredictor(model, LAYER, bank)([0, 1, 2], X)
    program_cache.clear()
    predictor = BankPredictor(model, LAYER, bank)
    with ThreadPoolExecutor(n_threads) as pool:
        for found in pool.map(lambda _: predictor([0, 1, 2], X), range(8)):
            np.testing.assert_array_equal(found, expected)


def test_memory_is_bounded_by_chunks():
    n_rows = [len(part) for part in chunks(np.zeros((1000, 32, 32, 3), "float32"))]
    assert sum(n_rows) == 1000
    assert max(n_rows) * 32 * 32 * 3 * 4 <= 2**20
    assert [len(part) for part in chunks(np.zeros((10, 1)), 4)] == [4, 4, 2]
    assert [len(part) for part in chunks(np.zeros((0, 1)))] == [0]
    assert [len(part) for part in chunks(np.zeros((10, 1)), -1)] == [10]
