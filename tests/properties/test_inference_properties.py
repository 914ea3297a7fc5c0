"""Members in one call against Keras, one after the other."""

import keras
import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from skensemble import Snapshot, SnapshotBank
from skensemble.inference import BankPredictor, predict_with_early_exit, weighted_mean
from skensemble.tasks import OutputLayer


def network(n_features, widths, n_classes, batch_norm):
    layers = [keras.Input((n_features,))]
    for width in widths:
        layers.append(keras.layers.Dense(width, activation="tanh"))
        if batch_norm:
            layers.append(keras.layers.BatchNormalization())
    return keras.Sequential([*layers, keras.layers.Dense(n_classes, activation="softmax")])


@settings(max_examples=12, deadline=None, derandomize=True)
@given(
    n_features=st.integers(1, 9),
    widths=st.lists(st.integers(1, 9), max_size=2),
    n_classes=st.integers(2, 5),
    batch_norm=st.booleans(),
    M=st.integers(1, 4),
    n_rows=st.sampled_from([1, 2, 8, 9, 30, 70]),
    batch_size=st.sampled_from([None, -1, 1, 7]),
    seed=st.integers(0, 2**16),
)
def test_agree_to_a_millionth(
    n_features, widths, n_classes, batch_norm, M, n_rows, batch_size, seed
):
    rng = np.random.default_rng(seed)
    model = network(n_features, widths, n_classes, batch_norm)
    snapshots = [
        Snapshot([rng.uniform(0, 1, w.shape).astype("float32") for w in model.get_weights()], m, m)
        for m in range(1, M + 1)
    ]
    X = rng.normal(size=(n_rows, n_features)).astype("float32")
    bank = SnapshotBank(snapshots, [variable.path for variable in model.weights])
    predictor = BankPredictor(model, OutputLayer(n_classes, n_classes, from_logits=False), bank)

    expected = []
    for snapshot in bank:
        model.set_weights(snapshot.weights)
        expected.append(model.predict_on_batch(X))
    np.testing.assert_allclose(predictor(range(M), X, batch_size), expected, atol=1e-6)

    weights = rng.dirichlet(np.ones(M)) * (rng.random(M) < 0.8)
    weights = weights / weights.sum() if weights.any() else np.full(M, 1 / M)
    combined = predictor.combine(weights, X, batch_size)
    np.testing.assert_allclose(combined, weighted_mean(np.array(expected), weights), atol=1e-6)

    exits = predict_with_early_exit(predictor, weights, X, batch_size)
    np.testing.assert_array_equal(exits.best, combined.argmax(axis=1))
    assert exits.saved <= 1
