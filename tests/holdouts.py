"""Holdouts for the tests of weights: what members say of some rows, and the true classes."""

import numpy as np


def softmax(n_members=3, n_rows=60, n_classes=4, seed=0, *, signal=1.5, noise=1.0):
    """Outputs of members that share a signal and some noise, and have noise of their own.

    ``noise`` is how much of the latter, of all members or of each.
    """
    rng = np.random.default_rng(seed)
    y = rng.integers(n_classes, size=n_rows)
    logits = signal * np.eye(n_classes)[y] + rng.normal(size=(n_rows, n_classes))
    spread = np.reshape(noise, (-1, 1, 1)) * rng.normal(size=(n_members, n_rows, n_classes))
    e = np.exp(logits + spread)
    return e / e.sum(axis=2, keepdims=True), y


def unlike(n_rows=60, n_classes=3, seed=0, noise=(0.5, 1.0, 2.0)):
    """Outputs of members that differ in how much noise they have of their own."""
    return softmax(len(noise), n_rows, n_classes, seed, noise=noise)


def votes(n_members=4, n_rows=60, n_classes=4, seed=0):
    """One-hot votes, most of them right."""
    rng = np.random.default_rng(seed)
    y = rng.integers(n_classes, size=n_rows)
    wrong = rng.integers(n_classes, size=(n_members, n_rows))
    right = rng.random((n_members, n_rows)) < 0.6
    return np.eye(n_classes)[np.where(right, y, wrong)], y


def eighths(n_members=3, n_rows=50, seed=0):
    """Three classes with probabilities that are multiples of 1/8: sums are exact, ties frequent."""
    rng = np.random.default_rng(seed)
    cuts = np.sort(rng.integers(0, 9, size=(n_members, n_rows, 2)), axis=2)
    return np.diff(cuts, axis=2, prepend=0, append=8) / 8, rng.integers(3, size=n_rows)
