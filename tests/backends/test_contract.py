"""The small functions of a backend, as the docstring of the folder describes them."""

import importlib

import keras
import numpy as np
import pytest
import tensorflow as tf
from keras import ops

from skensemble import backends
from skensemble.inference import network_outputs


def test_every_name_is_described():
    names = [name for name in vars(backends.tensorflow) if not name.startswith("_")]
    assert [name for name in names if name not in backends.__doc__] == []
    assert "TrainingProgram" in names


def test_another_backend_is_refused_with_the_way_out(monkeypatch):
    monkeypatch.setattr(keras.backend, "backend", lambda: "jax")
    with pytest.raises(ImportError, match="runs on jax: set KERAS_BACKEND=tensorflow before Keras"):
        importlib.reload(backends)


def test_trace():
    traced = backends.trace(lambda x: ops.sum(x, axis=1), (None, 3), "float32")
    assert traced.shape == (None,)
    with pytest.raises(Exception, match="NumPy"):
        backends.trace(lambda x: np.asarray(x), (None, 3), "float32")


def test_tensor_value():
    np.testing.assert_array_equal(backends.tensor_value(tf.constant([1, 2])), [1, 2])
    assert backends.tensor_value(tf.TensorShape([None, 2])) == "(None, 2)"
    assert backends.tensor_value(3.0) is None
    assert backends.version() == tf.__version__


def test_gather_and_count():
    numbers = np.random.default_rng(0).integers(0, 5, (3, 20)).astype("int32")
    np.testing.assert_array_equal(backends.gather_rows(ops.arange(5) * 2, numbers), numbers * 2)
    counts = backends.count_numbers(ops.convert_to_tensor(numbers), 7)
    expected = [np.bincount(row, minlength=7) for row in numbers]
    np.testing.assert_array_equal(counts, expected)


def test_outputs_of_a_network():
    X = np.random.default_rng(0).random((150, 4), dtype="float32")
    model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(3, "tanh")])
    rows = np.array([140, 3, 77] * 30)
    np.testing.assert_allclose(network_outputs(model, X), model(X), atol=1e-6)
    np.testing.assert_allclose(network_outputs(model, X, rows), model(X[rows]), atol=1e-6)
    assert network_outputs(model, X[:0]).shape == (0, 3)
