"""Combination weights: solvers that turn holdout probabilities into one weight per snapshot.

NumPy and SciPy only. Every solver takes the members' probabilities on the holdout, an array of
shape (M, n, k), and the true class indices, and returns a `WeightingResult`: the weights, their
loss, and a certificate of how far that loss is from the best that any weights can reach.
"""

from skensemble.weighting._log_loss import DEFAULT_PRIOR, solve_log_loss
from skensemble.weighting._result import WeightingResult, evaluate_weights

__all__ = ["DEFAULT_PRIOR", "WeightingResult", "evaluate_weights", "solve_log_loss"]
