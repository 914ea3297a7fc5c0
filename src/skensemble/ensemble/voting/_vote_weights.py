"""The weights of the members of a vote."""

import numpy as np
from sklearn.metrics import get_scorer

from skensemble._validation import Described, must_be
from skensemble.ensemble._combination import learns_weights, normalised
from skensemble.ensemble._parameters import check_shares
from skensemble.ensemble.voting._votes import Answers
from skensemble.weighting import WeightingResult, check_method, evaluate_weights, find_weights

# Far below a step between weights, far above rounding: it decides ties, and nothing else.
_TIE_BREAKER = 1e-6


def check_vote_weights(weights, estimators, kept) -> np.ndarray | None:
    """Return the weights of the members that are kept, or None if they are yet to be found."""
    if weights is None or (isinstance(weights, str) and weights == "uniform"):
        return np.ones(np.count_nonzero(kept))
    if isinstance(weights, str) or not np.iterable(weights):
        check_method(weights, name="weights", also=f"an array of shape ({len(estimators)},)")
        return None
    fix = "give each member a number of at least 0, and one that is not dropped more than 0"
    given = np.asarray(weights)
    n = len(estimators)
    if given.ndim != 1:
        got = Described(f"an array of shape {given.shape}")
        raise ValueError(must_be("weights", f"of shape ({n},)", got, fix))
    if len(given) != n:
        got = Described(f"{len(given)} weights, {n} estimators")
        raise ValueError(must_be("Number of `estimators` and weights", "equal", got, fix))
    check_shares("weights", given, fix)
    given = given[kept]
    if not given.any():
        must = "of a positive sum over the members that are not dropped"
        raise ValueError(must_be("weights", must, np.asarray(weights).tolist(), fix))
    return given


def weigh_members(weights, given, members, holdout, classes, voting: str):
    """Find the weights, and how good they are on the holdout."""
    given = np.ones(len(members)) if holdout is None and given is None else given
    if given is not None:
        given = normalised(given.astype(np.float64))
    if holdout is None:
        return given, None
    answers = Answers(members, holdout.X, classes)
    if voting == "soft":
        combined = answers.probas()
    else:
        combined = np.eye(len(classes))[answers.votes()]
        if _judges_labels(weights):
            combined += _TIE_BREAKER * (answers.probas() - combined)
    rows = holdout.y, holdout.sample_weight
    result: WeightingResult
    if given is None:
        result = find_weights(weights, combined, *rows, classes=classes)
        return result.weights.copy(), result
    method = "uniform" if weights is None or isinstance(weights, str) else "given"
    result = evaluate_weights(given, combined, *rows, method=method)
    return given, result


def _judges_labels(weights) -> bool:
    """Whether a criterion looks at who wins, so that ties must be decided as in ``predict``."""
    if not learns_weights(weights):
        return False
    if isinstance(weights, str) and weights in ("log_loss", "accuracy", "greedy", "auto"):
        return weights == "accuracy"
    return getattr(get_scorer(weights), "_response_method", "predict") == "predict"


def check_can_learn(weights, validation_fraction, X_val) -> None:
    """Raise if weights are to be learned and there is nothing to learn them on."""
    if learns_weights(weights) and validation_fraction is None and X_val is None:
        must = "None or an array where validation_fraction=None"
        fix = "hold out some rows, as in validation_fraction=0.1, or pass X_val and y_val to fit"
        raise ValueError(must_be("weights", must, weights, fix))
