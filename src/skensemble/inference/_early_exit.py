"""Labels without evaluating every member."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from skensemble.inference._bank import FEW_ROWS, BankPredictor, chunks

# More than the rounding of a member's probabilities, which depends on the rows that are computed
# together.
_MARGIN = 1e-5


@dataclass(frozen=True)
class EarlyExit:
    """Labels, and the share of evaluations that was saved."""

    best: np.ndarray  # (n,): Class of the largest combined probability of each row
    saved: float  # share of the evaluations of a member on a row that were not needed, from 0 to 1


def predict_with_early_exit(
    predictor: BankPredictor, weights: np.ndarray, X: Any, batch_size: int | None = None
) -> EarlyExit:
    """Evaluate the members in the order of their weight, each row until its label is certain.

    A row's label is certain once its best class leads by more than the weight of all members to
    come: their probabilities cannot change it. The labels are exactly those without early exit.
    """
    if X.shape[0] <= FEW_ROWS:
        # All members together take one short call: there is nothing to save.
        return EarlyExit(predictor.combine(weights, X).argmax(axis=1), saved=0.0)
    used = np.flatnonzero(weights)
    order = used[np.argsort(-weights[used], kind="stable")]
    best, n_evaluated = [], 0
    for rows in chunks(X, batch_size):
        labels, evaluated, is_close = _evaluate_in_turn(predictor, weights, order, rows)
        n_evaluated += evaluated
        if is_close:
            # Rounding decides, and it must be that of a prediction without early exit.
            labels = predictor.combine_chunk(weights, rows).argmax(axis=1)
            n_evaluated += len(used) * rows.shape[0]
        best.append(labels)
    saved = 1 - n_evaluated / max(len(used) * X.shape[0], 1)
    return EarlyExit(np.concatenate(best), saved)


def _evaluate_in_turn(
    predictor: BankPredictor, weights: np.ndarray, order: np.ndarray, rows: Any
) -> tuple[np.ndarray, int, bool]:
    """Return the labels, the number of evaluations, and whether some label is a close call."""
    n = rows.shape[0]
    total = np.zeros((n, predictor.n_classes))
    open_rows = np.arange(n)
    n_evaluated = 0
    for rank, member in enumerate(order):
        needed = rows if len(open_rows) == n else rows[open_rows]
        total[open_rows] += weights[member] * predictor.chunk([member], needed)[0]
        n_evaluated += len(open_rows)
        first, second = np.partition(total[open_rows], [-2, -1], axis=1)[:, -2:].T[::-1]
        still_to_come = weights[order[rank + 1 :]].sum()
        open_rows = open_rows[first - second <= still_to_come + _MARGIN]
        if len(open_rows) == 0:
            break
    return total.argmax(axis=1), n_evaluated, len(open_rows) > 0
