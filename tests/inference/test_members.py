"""One compiled forward pass for all members."""

from concurrent.futures import ThreadPoolExecutor

import keras
import numpy as np
import pytest

from builders import Subclassed, fixed
from skensemble.inference import MemberPredictor, OutputLayer

LAYER = OutputLayer(3, 3, from_logits=False)


def variants(model, n=4):
    rng = np.random.default_rng(0)
    return [
        [np.abs(rng.normal(size=w.shape)).astype("float32") for w in model.get_weights()]
        for _ in range(n)
    ]


@pytest.mark.parametrize("build", [fixed, Subclassed])
def test_equals_keras_for_each_set_of_weights(blobs, build):
    X, _ = blobs
    model = build()
    model(X[:1])
    own = model.get_weights()
    predictor = MemberPredictor(model, LAYER)
    found = [predictor(weights, X, 32) for weights in variants(model)]
    for a, b in zip(own, model.get_weights(), strict=True):
        np.testing.assert_array_equal(a, b)
    for weights, proba in zip(variants(model), found, strict=True):
        model.set_weights(weights)
        np.testing.assert_allclose(proba, model.predict(X, verbose=0), atol=1e-6)


def test_models_without_a_training_argument(blobs):
    class Plain(keras.Model):
        def __init__(self):
            super().__init__()
            self.out = keras.layers.Dense(3, activation="softmax")

        def call(self, x):
            return self.out(x)

    model = Plain()
    expected = model(blobs[0])
    proba = MemberPredictor(model, LAYER)(model.get_weights(), blobs[0], 100)
    np.testing.assert_allclose(proba, expected, atol=1e-6)


def test_traces_once_for_all_members_and_batches(blobs):
    X, _ = blobs
    traces = []

    class Counts(keras.layers.Layer):
        def call(self, x):
            traces.append(1)
            return x

    model = keras.Sequential([keras.Input((4,)), Counts(), keras.layers.Dense(3, "softmax")])
    predictor = MemberPredictor(model, LAYER)
    predictor(variants(model)[0], X[:7], 7)
    predictor(variants(model)[0], X, 32)
    traced = len(traces)
    for weights in variants(model):
        predictor(weights, X, 16)
        predictor(weights, X[:13], 100)
    assert len(traces) == traced


def test_threads_do_not_disturb_each_other(blobs):
    X, _ = blobs
    model = fixed()
    predictor = MemberPredictor(model, LAYER)
    weights = variants(model)
    alone = [predictor(w, X, 8) for w in weights]
    with ThreadPoolExecutor(4) as pool:
        for _ in range(5):
            together = list(pool.map(lambda w: predictor(w, X, 8), weights))
            for a, b in zip(alone, together, strict=True):
                np.testing.assert_array_equal(a, b)
