"""The combination of members."""

from collections.abc import Iterable, Sequence

import numpy as np


def weighted_mean(probas: Iterable[np.ndarray], weights: Sequence[float]) -> np.ndarray:
    """Combine member probabilities of shape (n, k); rows sum to 1, no entry exceeds 1."""
    total: np.ndarray | None = None
    for proba, weight in zip(probas, weights, strict=True):
        total = weight * proba if total is None else total + weight * proba
    if total is None:
        raise ValueError("There is no member to combine.")
    total /= total.sum(axis=1, keepdims=True)
    np.minimum(total, 1.0, out=total)
    return total
