"""From what a network returns to class probabilities."""

from dataclasses import dataclass

import numpy as np
from scipy.special import expit, softmax

from skensemble._validation import Described, must_be


@dataclass(frozen=True)
class OutputLayer:
    """How the last layer of a network encodes class probabilities."""

    n_classes: int
    n_units: int  # ``n_classes``, or 1 for the probability of the second of two classes
    from_logits: bool  # whether the loss applies the softmax or sigmoid, so that the layer does not

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

    def check(self, outputs: np.ndarray, tolerance: float = 1e-2) -> None:
        """Raise unless outputs of shape (n, n_units) that should be probabilities are.

        The tolerance leaves room for the rounding of a softmax in bfloat16.
        """
        if self.from_logits:
            return
        outputs = np.asarray(outputs, dtype=np.float64)
        in_range = bool(((outputs >= -tolerance) & (outputs <= 1 + tolerance)).all())
        sums = outputs.sum(axis=1)
        if in_range and (self.n_units == 1 or bool((abs(sums - 1) <= tolerance).all())):
            return
        last = "sigmoid" if self.n_units == 1 else "softmax"
        must = "probabilities: in [0, 1]" + (", rows that sum to 1" if last == "softmax" else "")
        got = Described(f"a row {np.round(outputs[0], 3).tolist()}")
        fix = f"end the network in a {last}, or use a loss with from_logits=True"
        raise ValueError(must_be("the output of the network", must, got, fix))
