"""What holds for every network that both engines train."""

import keras
import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from keras import layers

from skensemble import CyclicCosineDecay, program_cache
from skensemble.backends import seeded
from skensemble.training import ENGINES, TrainingData, TrainingRequest


@st.composite
def trainings(draw):
    """A network, data and a schedule."""
    widths = draw(st.lists(st.integers(1, 12), max_size=2))
    batch_norm = draw(st.booleans())
    optimizer = draw(st.sampled_from(["SGD", "Adam"]))
    n = draw(st.integers(4, 70))
    batch_size = draw(st.integers(2, 32))
    n_epochs = draw(st.integers(1, 4))
    rng = np.random.default_rng(draw(st.integers(0, 9)))
    y = rng.integers(0, 3, n)
    X = (rng.normal(size=(n, 4)) + y[:, None]).astype("float32")
    weights = rng.uniform(0.5, 2, n).astype("float32") if draw(st.booleans()) else None
    data = TrainingData(X, y, np.arange(n), batch_size, sample_weight=weights, seed=n)
    n_iterations = n_epochs * data.steps_per_epoch
    M = draw(st.integers(1, min(n_iterations, 5)))

    def model():
        with seeded(0):
            model = keras.Sequential([keras.Input((4,))])
            for width in widths:
                # A bias before batch norm has no gradient but rounding errors.
                model.add(layers.Dense(width, use_bias=not batch_norm))
                if batch_norm:
                    model.add(layers.BatchNormalization())
                model.add(layers.Activation("tanh"))
            model.add(layers.Dense(3, "softmax"))
        chosen = getattr(keras.optimizers, optimizer)(0.01)
        model.compile(chosen, "sparse_categorical_crossentropy", metrics=["accuracy"])
        return model

    def train(engine):
        schedule = CyclicCosineDecay(0.01, n_iterations, M)
        return ENGINES[engine](model(), data, schedule, TrainingRequest(n_epochs))

    return train


@settings(derandomize=True, deadline=None, max_examples=8)
@given(trainings())
def test_engines_agree_and_the_cache_changes_nothing(train):
    expected = train("keras")
    program_cache.clear()
    cold = train("fused")
    hits = program_cache.info().hits
    warm = train("fused")
    assert program_cache.info().hits == hits + 1
    assert len(cold.snapshots) == len(warm.snapshots) == len(expected.snapshots)
    for a, b, c in zip(cold.snapshots, warm.snapshots, expected.snapshots, strict=True):
        assert a.iteration == b.iteration == c.iteration
        for ours, again, keras_own in zip(a.weights, b.weights, c.weights, strict=True):
            np.testing.assert_array_equal(ours, again)
            # Sums in another order differ by some 1e-7 of gradients of about 1, in at most 140
            # steps of at most 0.01. Adam divides by the size of a gradient, batch norm by the
            # spread of a batch, which may be that of two rows, and so make more of it.
            np.testing.assert_allclose(ours, keras_own, rtol=1e-3, atol=2e-4)
    assert cold.history == warm.history
    np.testing.assert_allclose(cold.history["loss"], expected.history["loss"], rtol=1e-3)
    np.testing.assert_allclose(cold.history["accuracy"], expected.history["accuracy"], atol=1e-6)
