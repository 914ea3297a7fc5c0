"""Combination weights: solvers that turn holdout probabilities into one weight per snapshot.

NumPy and SciPy only, but for the scorers of scikit-learn, which are imported where one is asked
for. Every solver takes the members' probabilities on the holdout, an array of shape (M, n, k), and
the true class indices, and returns a `WeightingResult`: the weights, their log-loss, and a
certificate of how far that is from the best that any weights can reach. `find_weights` chooses a
solver by name and says whether its weights beat equal ones on rows that it did not see.
"""

from skensemble.weighting._accuracy import solve_accuracy
from skensemble.weighting._find import check_method, check_scores, find_weights
from skensemble.weighting._greedy import solve_greedy
from skensemble.weighting._log_loss import DEFAULT_PRIOR, evaluate_weights, solve_log_loss
from skensemble.weighting._result import Comparison, WeightingResult

__all__ = [
    "DEFAULT_PRIOR",
    "Comparison",
    "WeightingResult",
    "check_method",
    "check_scores",
    "evaluate_weights",
    "find_weights",
    "solve_accuracy",
    "solve_greedy",
    "solve_log_loss",
]
