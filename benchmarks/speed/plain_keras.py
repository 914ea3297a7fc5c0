"""Plain Keras: snapshots by hand, from ``model.fit`` and a callback."""

import math
from dataclasses import dataclass

import keras
import numpy as np

import networks


class SnapshotLR(keras.callbacks.Callback):
    """Set the learning rate before every batch, and keep the weights at the end of each cycle.

    Of the ways to write it this one is cheap: with nothing to do after a batch, Keras need not
    wait for the loss of each.

    Parameters
    ----------
    M : int
        Number of cycles.
    alpha_zero : float
        Learning rate at the start of each.
    """

    def __init__(self, M, alpha_zero):
        super().__init__()
        self.M = M
        self.alpha_zero = alpha_zero

    def on_train_begin(self, logs=None):
        """Divide the iterations of this fit into cycles."""
        n_iterations = self.params["epochs"] * self.params["steps"]
        self.starts = [cycle * n_iterations // self.M for cycle in range(self.M + 1)]
        self.cycle = 0
        self.iteration = 0
        self.snapshots = []

    def on_train_batch_begin(self, batch, logs=None):
        """Set the rate of this iteration."""
        if self.iteration == self.starts[self.cycle + 1]:
            self.snapshots.append(self.model.get_weights())
            self.cycle += 1
        start, end = self.starts[self.cycle : self.cycle + 2]
        position = (self.iteration - start) / (end - start)
        rate = self.alpha_zero / 2 * (math.cos(math.pi * position) + 1)
        self.model.optimizer.learning_rate = rate
        self.iteration += 1

    def on_train_end(self, logs=None):
        """Keep the weights of the last cycle."""
        self.snapshots.append(self.model.get_weights())


@dataclass
class Snapshots:
    """A network and the weights that it had at the end of each cycle."""

    model: keras.Model
    weights: list

    def predict_proba(self, X, batch_size=None):
        """Put in the weights of each snapshot, predict, and return the mean."""
        total = 0
        for weights in self.weights:
            self.model.set_weights(weights)
            total = total + self.model.predict(X, batch_size=batch_size, verbose=0)
        return total / len(self.weights)


def fit(task, X, y, jit_compile="auto"):
    """Build, compile and train a network, and return its `Snapshots`."""
    n_classes = int(np.max(y)) + 1
    model = networks.compiled(task.network, X.shape[1:], n_classes, task.width, jit_compile)
    callback = SnapshotLR(task.M, task.alpha_zero)
    model.fit(X, y, batch_size=task.batch_size, epochs=task.epochs, callbacks=[callback], verbose=0)
    return Snapshots(model, callback.snapshots)
