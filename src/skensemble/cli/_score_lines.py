"""Lines and tables about the scores of a run."""

import math

import numpy as np

from skensemble.cli._console import Output
from skensemble.evaluation import Interval, score_probabilities, verdict
from skensemble.persistence import OWN_HOLDOUT
from skensemble.weighting import WeightingResult

COLUMNS = ["", "accuracy %", "error %", "log-loss"]
# What people call the rows of ``snapshot_scores_``.
TITLES = {"uniform": "equal weights", "learned": "learned weights", "given": "given weights"}
_RIVALS = {"uniform": "equal weights", "last": "the last snapshot", "best": "the best snapshot"}


def score_row(name: str, accuracy: float, log_loss: float) -> list[str]:
    """One row: accuracy and error in percent, log-loss in nats."""
    if math.isnan(accuracy):
        return [name, "–", "–", "–"]
    return [name, f"{100 * accuracy:.2f}", f"{100 * (1 - accuracy):.2f}", f"{log_loss:.4f}"]


def best_title(source: str) -> str:
    """Call the best snapshot by the rows that say so: those that the weights come from.

    Examples
    --------
    >>> best_title(OWN_HOLDOUT), best_title("/data/test.npz")
    ('best on the holdout', 'best on the rows of reweight')
    """
    return f"best on the {'holdout' if source == OWN_HOLDOUT else 'rows of reweight'}"


def say_comparisons(out: Output, result: WeightingResult) -> None:
    """Say whether learned weights beat others, wins and losses alike."""
    for found in result.comparisons if len(result.weights) > 1 else ():
        if math.isnan(found.gain):
            continue
        word = verdict(Interval(found.gain, found.low, found.high), higher_is_better=True)
        out.say(
            f"learned weights against {_RIVALS[found.against]}, on rows they were not learned on: "
            f"{found.gain:+.4f} in {found.criterion.replace('_', '-')} "
            f"(95% interval {found.low:+.4f} to {found.high:+.4f}): {word}"
        )


def accuracy_and_log_loss(proba: np.ndarray, y: np.ndarray) -> dict[str, float]:
    scores = score_probabilities(proba, y)
    return {name: scores[name] for name in ("accuracy", "log_loss")}
