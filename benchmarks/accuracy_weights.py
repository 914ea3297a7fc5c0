"""Time accuracy weights beside nested Python loops over the same weights.

Run ``python benchmarks/accuracy_weights.py``. The loop is the one of keras_ensemble_cifar10: for
each point of a grid, a weighted sum of the probabilities, ``argmax``, and a comparison with the
labels. It runs over its own grid (the first M - 1 weights from 0 to 1 in steps of 0.1, the last one
M - 1 less their sum: with three members, 2 less their sum) and over the simplex grid that
`solve_accuracy` searches. All contenders are timed in turn, in the same process, and judged
on the rows that they learn from and on others.
"""

import argparse
import os
import platform
import time
from itertools import product

import numpy as np
import scipy
from solver import make_members

from skensemble.weighting import find_weights, solve_accuracy, solve_greedy

TENTHS = [0.0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1.0]


def own_grid(n_members):
    for first in product(TENTHS, repeat=n_members - 1):
        yield *first, n_members - 1 - sum(first)


def simplex(n_members):
    for first in product(range(11), repeat=n_members - 1):
        if sum(first) <= 10:
            yield *(c / 10 for c in first), (10 - sum(first)) / 10


def loop(probas, y, points):
    """The weights of least error, and how many were tried."""
    best, best_error, n = None, 888, 0
    for weights in points:
        mean = weights[0] * probas[0]
        for w, p in zip(weights[1:], probas[1:], strict=True):
            mean = mean + w * p
        error = np.sum(np.not_equal(np.argmax(mean, axis=1), y)) / y.shape[0]
        n += 1
        if error < best_error:
            best, best_error = weights, error
    return np.array(best), n


def timed(function, repeats=1):
    """Wall and CPU seconds of one call; the latter depend less on what else the machine does."""
    start, cpu = time.perf_counter(), time.process_time()
    for _ in range(repeats):
        out = function()
    return (time.perf_counter() - start) / repeats, (time.process_time() - cpu) / repeats, out


def accuracy(weights, probas, y):
    mean = np.tensordot(weights, probas.astype(np.float64), axes=1)
    return float(np.mean(mean.argmax(axis=1) == y))


def ours(solve, probas, y, **options):
    result = solve(probas, y, **options)
    return result.weights, result.n_iter


def compare(args, strength, dtype):
    n = args.rows
    probas, y = make_members(args.members, n + args.others, args.classes, args.seed)
    if strength != 1:  # the same members, surer of what they see: higher accuracy
        probas, y = sharper(args, strength)
    probas = probas.astype(dtype)
    learn, others = (probas[:, :n].copy(), y[:n]), (probas[:, n:], y[n:])
    contenders = {
        "loop, its own grid": lambda: loop(*learn, own_grid(args.members)),
        "loop, simplex grid": lambda: loop(*learn, simplex(args.members)),
        "solve_accuracy": lambda: ours(solve_accuracy, *learn),
        "solve_accuracy(step=0.05)": lambda: ours(solve_accuracy, *learn, step=0.05),
        "solve_greedy, accuracy": lambda: ours(solve_greedy, *learn, criterion="accuracy"),
        "find_weights: comparisons too": lambda: ours(
            lambda p, y: find_weights("accuracy", p, y), *learn
        ),
    }
    for name, run in contenders.items():  # lazy imports and first-call costs
        if not name.startswith("loop"):
            run()
    seconds = {name: [] for name in contenders}
    found = {}
    for _ in range(args.rounds):
        for name, run in contenders.items():
            *took, found[name] = timed(run, repeats=1 if name.startswith("loop") else 10)
            seconds[name].append(took)
    median = {name: 1e3 * np.median(s, axis=0) for name, s in seconds.items()}
    wall, cpu = median["solve_accuracy"]
    equal = np.full(args.members, 1 / args.members)
    singles = [accuracy(w, *learn) for w in np.eye(args.members)]
    print(f"\n{n} rows, {args.classes} classes, {args.members} members, {dtype}, ", end="")
    print(f"median of {args.rounds} rounds, taken in turn")
    print(f"accuracy of equal weights {accuracy(equal, *learn):.4f}, ", end="")
    print(f"of single members {min(singles):.4f} to {max(singles):.4f}\n")
    print(f"{'':<32}{'points':>8}{'accuracy':>10}{'on others':>11}", end="")
    print(f"{'ms':>10}{'x ours':>8}{'CPU ms':>10}{'x ours':>8}")
    for name, (weights, points) in found.items():
        row = accuracy(weights, *learn), accuracy(weights, *others)
        print(f"{name:<32}{points:>8}{row[0]:>10.4f}{row[1]:>11.4f}", end="")
        print(f"{median[name][0]:>10.1f}{median[name][0] / wall:>8.1f}", end="")
        print(f"{median[name][1]:>10.1f}{median[name][1] / cpu:>8.1f}")
    for name in ("loop, its own grid", "loop, simplex grid"):
        pairs = zip(seconds[name], seconds["solve_accuracy"], strict=True)
        ratios = (f"{a[0] / b[0]:.0f} (CPU {a[1] / b[1]:.0f})" for a, b in pairs)
        print(f"{name} / ours, by round: {', '.join(ratios)}")


def sharper(args, strength):
    """Softmax of a stronger signal and of less noise, as of nets that have learned something."""
    rng = np.random.default_rng(args.seed)
    n_rows, shape = args.rows + args.others, (args.rows + args.others, args.classes)
    y = rng.integers(args.classes, size=n_rows)
    signal = 2 * strength * np.eye(args.classes)[y] + rng.normal(size=shape)
    noise = np.linspace(0.5, 1.5, args.members)[:, None, None]
    e = np.exp(signal + noise * rng.normal(size=(args.members, *shape)))
    return e / e.sum(axis=2, keepdims=True), y


def by_strength(args):
    """How the factor depends on what the members know: what they agree on, no weights decide."""
    print("\nLoop over the simplex grid / ours, by how often the members are right (float64)\n")
    rng = np.random.default_rng(args.seed)
    y = rng.integers(args.classes, size=args.rows)
    shape = (args.members, args.rows, args.classes)
    for signal in (0, 1, 2, 3, 4):
        shared = rng.normal(size=shape[1:])
        e = np.exp(signal * np.eye(args.classes)[y] + shared + 0.7 * rng.normal(size=shape))
        factor(args, e / e.sum(axis=2, keepdims=True), y)
    factor(args, rng.dirichlet(np.ones(args.classes), shape[:2]), y, "noise, nothing in common")


def factor(args, probas, y, what=""):
    right = [accuracy(w, probas, y) for w in np.eye(args.members)]
    solve_accuracy(probas, y)
    ratios = []
    for _ in range(args.rounds):
        looped, _, (weights, _) = timed(lambda: loop(probas, y, simplex(args.members)))
        took, _, result = timed(lambda: solve_accuracy(probas, y), repeats=10)
        ratios.append(looped / took)
    same = accuracy(weights, probas, y) <= accuracy(result.weights, probas, y)
    print(f"members {min(right):.2f} to {max(right):.2f}: {np.median(ratios):6.1f} ", end="")
    print(f"({min(ratios):.0f} to {max(ratios):.0f}), at least as good: {same} {what}".rstrip())


def growth(args):
    print("\nHow accuracy weights grow (float32; ms, points)\n")
    print(f"{'rows':>8}{'members':>9}{'solve_accuracy':>24}{'find_weights':>16}")
    for n_rows, n_members in [(500, 5), (5000, 5), (50_000, 5), (5000, 8), (5000, 10), (5000, 20)]:
        probas, y = make_members(n_members, n_rows, args.classes, args.seed, dtype=np.float32)
        repeats = 3 if n_members <= 8 else 1
        took, _, result = timed(lambda p=probas, y=y: solve_accuracy(p, y), repeats=repeats)
        guarded, _, _ = timed(lambda p=probas, y=y: find_weights("accuracy", p, y))
        print(f"{n_rows:>8}{n_members:>9}{1e3 * took:>14.1f}{result.n_iter:>10}", end="")
        print(f"{1e3 * guarded:>16.1f}")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--rows", type=int, default=5000)
    parser.add_argument("--others", type=int, default=20_000)
    parser.add_argument("--classes", type=int, default=10)
    parser.add_argument("--members", type=int, default=5)
    parser.add_argument("--seed", type=int, default=0)
    args = parser.parse_args()
    print(
        f"{os.cpu_count()} CPUs ({platform.machine()}), Python {platform.python_version()}, ",
        end="",
    )
    print(f"NumPy {np.__version__}, SciPy {scipy.__version__}")
    for strength, dtype in ((1, "float64"), (1, "float32"), (2, "float64"), (2, "float32")):
        compare(args, strength, dtype)
    by_strength(args)
    growth(args)


if __name__ == "__main__":
    main()
