"""How often intervals of the calibration error hold the true one.

    python benchmarks/calibration_intervals.py

Class probabilities are the softmax of normal scores; labels are drawn from them. The network claims
the softmax of the scores times a sharpness: at 1 it is right, above it is too sure. The true error
is that of two million rows.
"""

import argparse

import numpy as np
from scipy.special import softmax

from skensemble.evaluation import calibration_error, row_scores

# Classes, spread of the scores, sharpness.
CASES = [(10, 3, 1.0), (10, 3, 1.1), (10, 3, 1.5), (10, 3, 2.5), (2, 2, 1.3)]
SIZES = 300, 2000
N_RESAMPLES = 500


def draw(rng, n, k, spread, sharpness):
    scores = rng.normal(scale=spread, size=(n, k))
    right = softmax(scores, axis=1)
    y = (rng.random((n, 1)) > right.cumsum(axis=1)).sum(axis=1)
    return softmax(sharpness * scores, axis=1), np.minimum(y, k - 1)


def percentiles(rng, proba, y):
    """What most people would take: 95% of the bootstrap's samples."""
    rows = (rng.integers(len(y), size=len(y)) for _ in range(N_RESAMPLES))
    return np.quantile([calibration_error(proba[i], y[i]) for i in rows], [0.025, 0.975])


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--samples", type=int, default=200)
    n_samples = parser.parse_args().samples
    print("| classes | sharpness | rows | true error, % | mean error, % | ours | percentiles |")
    print("|---|---|---|---|---|---|---|")
    for k, spread, sharpness in CASES:
        rng = np.random.default_rng(0)
        true = calibration_error(*draw(rng, 2_000_000, k, spread, sharpness))
        for n in SIZES:
            errors, ours, theirs = [], 0, 0
            for _ in range(n_samples):
                proba, y = draw(rng, n, k, spread, sharpness)
                found = row_scores(proba, y)["calibration_error"]
                errors.append(found.value)
                ours += found.low <= true <= found.high
                low, high = percentiles(rng, proba, y)
                theirs += low <= true <= high
            print(
                f"| {k} | {sharpness} | {n} | {100 * true:.2f} | {100 * np.mean(errors):.2f} "
                f"| {ours / n_samples:.0%} | {theirs / n_samples:.0%} |",
                flush=True,
            )


if __name__ == "__main__":
    main()
