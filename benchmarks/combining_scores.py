"""Scores of every way to combine, from the predictions that ``combining.py`` keeps."""

from dataclasses import dataclass

import numpy as np
from scipy.optimize import minimize_scalar

from skensemble.weighting import find_weights

METHODS = ("uniform", "log_loss", "accuracy", "greedy")
THRESHOLDS = (0.02, 0.05, 0.1, 0.15)
EPS = np.finfo(float).eps


@dataclass(frozen=True)
class Scores:
    """What one data set gives with one seed.

    Parameters
    ----------
    test : dict of str to (float, float)
        Accuracy in % and log-loss in nats on the test rows.
    last : dict of (str, int) to (float, float)
        The same by method and number of the last snapshots combined.
    pruned : dict of float to (float, float, float)
        The same, and how many snapshots are left, by smallest weight.
    weights : ndarray of shape (M,)
        Those of least log-loss on the holdout.
    auto_learns : bool
        Whether "auto" takes them.
    sizes : tuple of int
        Rows for training, holdout and test.
    """

    test: dict
    last: dict
    pruned: dict
    weights: np.ndarray
    auto_learns: bool
    sizes: tuple


def evaluate(run):
    """Score the predictions of one run.

    Parameters
    ----------
    run : dict of str to ndarray
        As ``combining.train`` returns it.

    Returns
    -------
    Scores
    """
    y_val, y = run["y_val"], run["y_test"]
    members_val, members = run["members_val"], run["members"]
    weights, auto_learns = weights_by_method(members_val, y_val)
    # The estimator finds no others.
    np.testing.assert_allclose(run["refit_weights"], weights["log_loss"], atol=1e-3)

    test = {
        "single, all rows": score(run["single_all"], y),
        "single, 90%": score(run["single"], y),
        "single, 90%, temperature": score(
            cooled(run["single"], temperature_of(run["single_val"], y_val)), y
        ),
        "independent nets": score(run["independent"], y),
    }
    for name, w in weights.items():
        test[name] = score(combine(w, members), y)
        test[f"refit, {name}"] = score(combine(w, run["refit"]), y)
    last = {}
    for m in range(1, len(members) + 1):
        for method in ("uniform", "log_loss"):
            w = find_weights(method, members_val[-m:], y_val).weights
            last[method, m] = score(combine(w, members[-m:]), y)
    pruned = {}
    for threshold in THRESHOLDS:
        kept, w = prune(members_val, y_val, threshold)
        pruned[threshold] = *score(combine(w, members[kept]), y), len(kept)
    sizes = int(run["n_train"]), len(y_val), len(y)
    return Scores(test, last, pruned, weights["log_loss"], auto_learns, sizes)


def weights_by_method(members, y):
    """Weights by name, learned on (M, n, k) probabilities, and whether "auto" learns."""
    found = {method: find_weights(method, members, y) for method in METHODS}
    weights = {method: result.weights for method, result in found.items()}
    comparisons = found["log_loss"].comparisons
    rules = {
        "auto": comparisons[0].beats,
        "auto, if the gain is above 0": comparisons[0].gain > 0,
        "auto, against last and best too": all(other.beats for other in comparisons),
    }
    for name, learns in rules.items():
        weights[name] = weights["log_loss" if learns else "uniform"]
    auto = find_weights("auto", members, y)
    np.testing.assert_array_equal(auto.weights, weights["auto"])
    each = np.eye(len(members))
    weights["last snapshot"] = each[-1]
    weights["best snapshot"] = each[np.argmin([score(p, y)[1] for p in members])]
    return weights, rules["auto"]


def score(proba, y):
    """Accuracy in % and log-loss in nats."""
    own = proba[np.arange(len(y)), y].astype(float)
    return 100 * (proba.argmax(axis=1) == y).mean(), -np.log(np.clip(own, EPS, 1)).mean()


def combine(weights, members):
    return np.tensordot(weights, members, axes=1)


def cooled(proba, temperature):
    logits = np.log(np.clip(proba, EPS, 1)) / temperature
    powers = np.exp(logits - logits.max(axis=1, keepdims=True))
    return powers / powers.sum(axis=1, keepdims=True)


def temperature_of(proba, y):
    """The one of least log-loss, from 1/20 to 20."""
    found = minimize_scalar(
        lambda log_t: score(cooled(proba, np.exp(log_t)), y)[1], bounds=(-3, 3), method="bounded"
    )
    return np.exp(found.x)


def prune(members, y, threshold):
    """Drop members below the threshold, and weigh the rest again, until none is."""
    kept = np.arange(len(members))
    while True:
        weights = find_weights("log_loss", members[kept], y).weights
        if (weights >= threshold).all():
            return kept, weights
        kept = kept[weights >= threshold]
