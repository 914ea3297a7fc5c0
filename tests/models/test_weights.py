"""Initial weights and weight decay."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from skensemble.backends import seeded
from skensemble.models import densenet, resnext, wide_resnet

NETWORKS = {
    "wide_resnet": (wide_resnet, {"depth": 16, "width": 1}, "fan_in"),
    "densenet": (densenet, {"depth": 10, "growth_rate": 12, "bottleneck": True}, "fan_out"),
    "resnext": (resnext, {"depth": 11, "cardinality": 2, "width": 8, "se": True}, "fan_out"),
}


@pytest.mark.parametrize("name", NETWORKS)
def test_kernels_are_he_normal(name):
    build, parameters, fan = NETWORKS[name]
    with seeded(0):
        model = build((8, 8, 3), 100, **parameters)
    ratios, values, kernels = [], [], []
    for layer in (layer for layer in model.layers if hasattr(layer, "kernel")):
        *window, n_in, n_out = layer.kernel.shape
        is_convolution = isinstance(layer, keras.layers.Conv2D)
        n = np.prod(window) * (n_out if is_convolution and fan == "fan_out" else n_in)
        kernel = layer.kernel.numpy()
        kernels.append(kernel)
        values.append(kernel.ravel() * np.sqrt(n / 2))
        if kernel.size >= 2000:  # of a variance that is known to 3%, or better
            ratios.append(np.var(values[-1]))
        if not is_convolution:
            assert not layer.bias.numpy().any()
    assert len(ratios) >= 4
    np.testing.assert_allclose(ratios, 1, atol=0.12)
    # cut at two standard deviations, and widened so as to have variance 1 again
    assert 2.2 < max(abs(v).max() for v in values) < 2 / 0.8796 + 1e-3
    assert len({kernel.ravel()[0] for kernel in kernels}) == len(kernels)  # each drawn anew


@pytest.mark.parametrize("name", NETWORKS)
def test_every_weight_decays(name):
    build, parameters, _ = NETWORKS[name]
    weight_decay = 0.01
    model = build((8, 8, 3), 10, **parameters, weight_decay=weight_decay)
    rng = np.random.default_rng(0)
    model.set_weights([rng.normal(size=w.shape) for w in model.get_weights()])
    weights = [v.value for v in model.trainable_variables]
    with tf.GradientTape() as tape:
        penalty = tf.add_n(model.losses)
    squares = sum(np.sum(np.square(w.numpy(), dtype=float)) for w in weights)
    np.testing.assert_allclose(penalty, weight_decay / 2 * squares, rtol=1e-5)
    for gradient, weight in zip(tape.gradient(penalty, weights), weights, strict=True):
        np.testing.assert_allclose(gradient, weight_decay * weight, rtol=1e-5)


@pytest.mark.parametrize(
    ("name", "weight_decay"), [("wide_resnet", 5e-4), ("densenet", 1e-4), ("resnext", 5e-4)]
)
def test_weight_decay_of_the_papers(name, weight_decay):
    build, parameters, _ = NETWORKS[name]
    model = build((8, 8, 3), 10, **parameters)
    kernel = model.get_layer("probabilities").kernel
    assert 2 * kernel.regularizer.l2 == pytest.approx(weight_decay)
    assert not build((8, 8, 3), 10, **parameters, weight_decay=0).losses


def test_one_step_of_sgd_decays_as_in_the_papers():
    """Without a gradient from the data, w becomes w - learning rate * weight decay * w."""
    model = wide_resnet((4, 4, 1), 2, depth=10, width=1, weight_decay=0.1)
    # Both classes for the same image, and a last layer of zeros: nothing to learn.
    last = model.get_layer("probabilities")
    last.set_weights([np.zeros(w.shape) for w in last.get_weights()])
    before = [v.numpy() for v in model.trainable_variables]
    model.compile(keras.optimizers.SGD(0.5), "sparse_categorical_crossentropy", run_eagerly=True)
    model.train_on_batch(np.zeros((2, 4, 4, 1), "float32"), np.array([0, 1]))
    for variable, old in zip(model.trainable_variables, before, strict=True):
        np.testing.assert_allclose(variable, old * (1 - 0.5 * 0.1), rtol=1e-5, atol=1e-7)
