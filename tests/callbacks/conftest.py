"""Oracles for the callbacks: the paper's rates, and training by hand."""

import keras
import numpy as np
import pytest

from builders import compiled


def cyclic_rates(N, M, alpha_zero):
    """Rate of every iteration and the ends of the cycles, from equation 2 cycle by cycle."""
    lengths = [N // M + (m < N % M) for m in range(M)]
    rates = [alpha_zero / 2 * (np.cos(np.pi * np.arange(n) / n) + 1) for n in lengths]
    return np.concatenate(rates), [int(end) for end in np.cumsum(lengths)]


def mean_output(y_true, y_pred):
    """A loss whose gradient is the mean of the input rows."""
    return keras.ops.mean(y_pred, axis=-1)


class Revealing:
    """A model that records the rate of every iteration.

    One linear unit without bias, plain SGD, and the mean output as loss: a step on the i-th unit
    vector takes exactly the learning rate off the i-th weight.
    """

    def __init__(self, steps, optimizer=None, **compile_kwargs):
        self.steps = steps
        self.X = np.eye(steps, dtype="float32")
        self.y = np.zeros(steps, dtype="float32")
        self.model = keras.Sequential(
            [
                keras.Input((steps,)),
                keras.layers.Dense(1, use_bias=False, kernel_initializer="zeros"),
            ]
        )
        self.model.compile(
            optimizer or keras.optimizers.SGD(0.1), loss=mean_output, **compile_kwargs
        )

    @property
    def weight(self):
        return self.model.get_weights()[0].ravel()

    def after(self, rates):
        """The weight after iterations with these rates, through the rows in order, again and
        again."""
        rows = np.arange(len(rates)) % self.steps
        return -np.bincount(rows, weights=rates, minlength=self.steps)

    def check(self, bank, M, N=None, alpha_zero=0.1, start=0.0):
        """Whether the snapshots are those of equation 2, and the last is the model."""
        rates, ends = cyclic_rates(N, M, alpha_zero)
        assert [snapshot.iteration for snapshot in bank] == ends
        assert [snapshot.cycle for snapshot in bank] == list(range(1, M + 1))
        for snapshot, end in zip(bank, ends, strict=True):
            expected = start + self.after(rates[:end])
            np.testing.assert_allclose(snapshot.weights[0].ravel(), expected, atol=2e-6)
        np.testing.assert_allclose(self.weight, start + self.after(rates), atol=2e-6)


def trained_by_hand(optimizer, X, y, batch_size, epochs, M, alpha_zero, **builder):
    """Weights at the end of every cycle, the rate set before every batch."""
    model = compiled(optimizer, **builder)
    steps = -(-len(X) // batch_size)
    rates, ends = cyclic_rates(epochs * steps, M, alpha_zero)
    snapshots = []
    for t, rate in enumerate(rates):
        model.optimizer.learning_rate = rate
        rows = slice(t % steps * batch_size, (t % steps + 1) * batch_size)
        model.train_on_batch(X[rows], y[rows])
        if t + 1 in ends:
            snapshots.append(model.get_weights())
    return snapshots


@pytest.fixture(scope="session")
def revealing():
    return Revealing


@pytest.fixture(scope="session")
def by_hand():
    return trained_by_hand


@pytest.fixture(scope="session")
def equation_2():
    return cyclic_rates
