"""From what a network returns to class probabilities."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.special import expit, softmax


@dataclass(frozen=True)
class OutputLayer:
    """How the last layer of a network encodes class probabilities.

    Parameters
    ----------
    n_classes : int
        Number of classes.
    n_units : int
        Width of the layer: ``n_classes``, or 1 for the probability of the second of two classes.
    from_logits : bool
        Whether the loss applies the softmax or sigmoid, so that the layer does not.
    """

    n_classes: int
    n_units: int
    from_logits: bool

    def to_probabilities(self, outputs: np.ndarray) -> np.ndarray:
        """Turn outputs of shape (..., n_units) into probabilities, float64 of shape (..., k)."""
        outputs = np.asarray(outputs, dtype=np.float64)
        if self.n_units == 1:
            positive = expit(outputs) if self.from_logits else outputs
            probabilities = np.concatenate([1.0 - positive, positive], axis=-1)
        elif self.from_logits:
            probabilities = softmax(outputs, axis=-1)
        else:
            # Float32 and float16 rows sum to 1 only to their own precision.
            probabilities = outputs / outputs.sum(axis=-1, keepdims=True)
        return probabilities

    def are_probabilities(self, outputs: np.ndarray, tolerance: float = 1e-2) -> bool:
        """Whether outputs without logits are in [0, 1], and rows of several units sum to 1.

        The tolerance leaves room for the rounding of a softmax in bfloat16.
        """
        outputs = np.asarray(outputs, dtype=np.float64)
        in_range = bool(((outputs >= -tolerance) & (outputs <= 1 + tolerance)).all())
        sums = outputs.sum(axis=1)
        return in_range and (self.n_units == 1 or bool((abs(sums - 1) <= tolerance).all()))
