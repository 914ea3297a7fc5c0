"""Time accuracy weights beside nested Python loops over the same weights.

Run ``python benchmarks/accuracy_weights.py``. The loop is the one of keras_ensemble_cifar10: for
each point of a grid, a weighted sum of the probabilities, ``argmax``, and a comparison with the
labels. It runs over its own grid (the first M - 1 weights from 0 to 1 in steps of 0.1, the last one
M - 1 less their sum) and over the simplex grid that `solve_accuracy` searches. All are timed in
turn, in the same process, and judged on the rows that they learn from and on others.
"""

import argparse
import os
import platform
import time
from itertools import product

import numpy as np
from solver import make_members

from skensemble.weighting import find_weights, solve_accuracy

TENTHS = [0.0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1.0]


def own_grid(n_members):
    for first in product(TENTHS, repeat=n_members - 1):
        yield *first, n_members - 1 - sum(first)


def simplex(n_members):
    for first in product(range(11), repeat=n_members - 1):
        if sum(first) <= 10:
            yield *(c / 10 for c in first), (10 - sum(first)) / 10


def loop(probas, y, points):
    """The weights of least error."""
    best, best_error = None, 888
    for weights in points:
        mean = weights[0] * probas[0]
        for w, p in zip(weights[1:], probas[1:], strict=True):
            mean = mean + w * p
        error = np.sum(np.not_equal(np.argmax(mean, axis=1), y)) / y.shape[0]
        if error < best_error:
            best, best_error = weights, error
    return np.array(best)


def timed(function):
    start = time.perf_counter()
    out = function()
    return time.perf_counter() - start, out


def accuracy(weights, probas, y):
    mean = np.tensordot(weights, probas.astype(np.float64), axes=1)
    return float(np.mean(mean.argmax(axis=1) == y))


def compare(args, n_rows, n_classes, dtype):
    probas, y = make_members(args.members, n_rows + args.others, n_classes, args.seed, dtype=dtype)
    learn, others = (probas[:, :n_rows].copy(), y[:n_rows]), (probas[:, n_rows:], y[n_rows:])
    contenders = {
        "loop, its own grid": lambda: loop(*learn, own_grid(args.members)),
        "loop, simplex grid": lambda: loop(*learn, simplex(args.members)),
        "solve_accuracy": lambda: solve_accuracy(*learn).weights,
        "find_weights: comparisons too": lambda: find_weights("accuracy", *learn).weights,
    }
    seconds, found = {name: [] for name in contenders}, {}
    for _ in range(args.rounds):
        for name, run in contenders.items():
            took, found[name] = timed(run)
            seconds[name].append(took)
    ours = np.array(seconds["solve_accuracy"])
    print(
        f"\n{n_rows} rows, {n_classes} classes, {args.members} members, {np.dtype(dtype)}, ", end=""
    )
    print(f"median of {args.rounds} rounds, taken in turn\n")
    print(f"{'':<32}{'accuracy':>10}{'on others':>11}{'ms':>10}{'x ours':>8}{'from':>8}{'to':>8}")
    for name, weights in found.items():
        ratios = np.array(seconds[name]) / ours
        print(f"{name:<32}{accuracy(weights, *learn):>10.4f}", end="")
        print(f"{accuracy(weights, *others):>11.4f}{1e3 * np.median(seconds[name]):>10.1f}", end="")
        print(f"{np.median(ratios):>8.1f}{ratios.min():>8.1f}{ratios.max():>8.1f}")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--others", type=int, default=20_000)
    parser.add_argument("--members", type=int, default=5)
    parser.add_argument("--seed", type=int, default=0)
    args = parser.parse_args()
    print(f"{os.cpu_count()} CPUs ({platform.machine()}), ", end="")
    print(f"Python {platform.python_version()}, NumPy {np.__version__}")
    solve_accuracy(*make_members(2, 10, 2, 0))  # first-call costs
    for n_rows, n_classes in ((500, 3), (5000, 2), (5000, 10)):
        compare(args, n_rows, n_classes, np.float64)
    compare(args, 5000, 10, np.float32)


if __name__ == "__main__":
    main()
