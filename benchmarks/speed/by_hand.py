"""The least that TensorFlow can do: this one network, its loop written by hand, compiled by XLA."""

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import tensorflow as tf
from scipy.special import softmax

from skensemble import CyclicCosineDecay

MOMENTUM = 0.9


@dataclass(frozen=True)
class Snapshots:
    """Weights of a network of one hidden layer at the end of each cycle."""

    weights: list

    def predict_proba(self, X):
        """Return the mean of the probabilities."""
        layers = ((np.maximum(X @ w1 + b1, 0), w2, b2) for w1, b1, w2, b2 in self.weights)
        return np.mean([softmax(hidden @ w2 + b2, axis=1) for hidden, w2, b2 in layers], axis=0)


def fit(task, X, y):
    """Train dense-relu-dense by SGD with Nesterov momentum, all its state explicit."""
    rng = np.random.default_rng(0)
    sizes = X.shape[1], task.width, int(y.max()) + 1
    weights = []
    for n_in, n_out in pairwise(sizes):
        bound = np.sqrt(6 / (n_in + n_out))
        weights += [rng.uniform(-bound, bound, (n_in, n_out)), np.zeros(n_out)]
    weights = [tf.constant(w, tf.float32) for w in weights]
    state = [*weights, *map(tf.zeros_like, weights)]

    n_steps = -(-len(y) // task.batch_size)
    n_iterations = task.epochs * n_steps
    # The last batch of an epoch is smaller: the places that are left have no weight.
    orders = np.full((task.epochs, n_steps * task.batch_size), -1)
    orders[:, : len(y)] = [rng.permutation(len(y)) for _ in range(task.epochs)]
    orders = orders.reshape(n_iterations, task.batch_size)
    decay = CyclicCosineDecay(task.alpha_zero, n_iterations, task.M)
    rates = np.asarray(decay(np.arange(n_iterations)))
    targets = np.eye(sizes[-1], dtype=np.float32)[y]

    ends = [cycle * n_iterations // task.M for cycle in range(task.M + 1)]
    snapshots = []
    for begin, end in pairwise(ends):
        rows = orders[begin:end]
        # XLA is slow at taking rows on a CPU: NumPy does it.
        batches = X[rows], targets[rows], (rows >= 0)[:, :, None].astype(np.float32)
        state = _train(state, *map(tf.constant, (*batches, rates[begin:end])))
        snapshots.append([w.numpy() for w in state[:4]])
    return Snapshots(snapshots)


@tf.function(jit_compile=True)
def _train(state, X, y, masks, rates):
    """Train on batches (n, batch, …); a row of mask 0 has no part in the loss."""

    def step(i, *state):
        weights, velocities = state[:4], state[4:]
        w1, b1, w2, b2 = weights
        x, mask = X[i], masks[i]
        before = x @ w1 + b1
        hidden = tf.nn.relu(before)
        error = mask * (tf.nn.softmax(hidden @ w2 + b2) - y[i]) / tf.reduce_sum(mask)
        back = tf.where(before > 0, error @ tf.transpose(w2), 0.0)
        gradients = [
            tf.transpose(x) @ back,
            tf.reduce_sum(back, 0),
            tf.transpose(hidden) @ error,
            tf.reduce_sum(error, 0),
        ]
        steps = [rates[i] * g for g in gradients]
        velocities = [MOMENTUM * v - s for v, s in zip(velocities, steps, strict=True)]
        moves = zip(weights, velocities, steps, strict=True)
        return i + 1, *(w + MOMENTUM * v - s for w, v, s in moves), *velocities

    return tf.while_loop(lambda i, *_: i < tf.shape(X)[0], step, (0, *state))[1:]
