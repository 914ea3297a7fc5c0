"""Time the log-loss solver beside what it replaces: random restarts of SLSQP on scikit-learn.

Run ``python benchmarks/solver.py``. Both sides are timed in turn, in the same process, on the
same synthetic holdout: float64 probabilities of members that share a signal and differ in noise.
"""

import argparse
import os
import platform
import time
from functools import partial

import numpy as np
import scipy
import sklearn
from scipy.optimize import minimize
from sklearn.metrics import log_loss

from skensemble.weighting import evaluate_weights, solve_log_loss


def make_members(n_members, n_rows, n_classes, seed, dtype=np.float64):
    """Softmax of a signal that all members see, plus noise of each member's own strength."""
    rng = np.random.default_rng(seed)
    y = rng.integers(n_classes, size=n_rows)
    signal = 2 * np.eye(n_classes)[y] + rng.normal(size=(n_rows, n_classes))
    probas = np.empty((n_members, n_rows, n_classes), dtype=dtype)
    for p, noise in zip(probas, np.linspace(0.5, 1.5, n_members), strict=True):
        logits = signal + noise * rng.normal(size=signal.shape)
        e = np.exp(logits - logits.max(axis=1, keepdims=True))
        p[...] = e / e.sum(axis=1, keepdims=True)
    return probas, y


def slsqp(probas, y, start, *, gradient, ftol=1e-6):
    """One run of SLSQP on the simplex; the gradient is numerical, or exact."""

    def objective(w):
        return log_loss(y, np.tensordot(w, probas, axes=1))

    q = probas[:, np.arange(y.size), y]

    def objective_and_gradient(w):
        mixture = w @ q
        return -np.log(mixture).mean(), -(q @ (1 / mixture)) / y.size

    return minimize(
        objective_and_gradient if gradient else objective,
        start,
        jac=gradient,
        method="SLSQP",
        bounds=[(0.0, 1.0)] * len(start),
        constraints={"type": "eq", "fun": lambda w: w.sum() - 1},
        options={"ftol": ftol},
    ).x


def restarts(probas, y, n_restarts, seed):
    """Weights of the restart with the least log-loss on these rows."""
    starts = np.random.default_rng(seed).dirichlet(np.ones(len(probas)), size=n_restarts)
    runs = [slsqp(probas, y, start, gradient=False) for start in starts]
    return min(runs, key=lambda w: log_loss(y, np.tensordot(w / w.sum(), probas, axes=1)))


def timed(function, repeats=1):
    start = time.perf_counter()
    for _ in range(repeats):
        out = function()
    return (time.perf_counter() - start) / repeats, out


def compare(args):
    probas, y = make_members(args.members, args.rows, args.classes, args.seed)
    equal = np.full(args.members, 1 / args.members)
    contenders = {
        "restarts": lambda: restarts(probas, y, args.restarts, args.seed),
        "gradient": lambda: slsqp(probas, y, equal, gradient=True),
        "tight": lambda: slsqp(probas, y, equal, gradient=True, ftol=1e-15),
        "ours": lambda: solve_log_loss(probas, y, prior=0),
    }
    names = {
        "restarts": f"SLSQP, {args.restarts} restarts, log_loss",
        "gradient": "SLSQP, 1 start, exact gradient",
        "tight": "the same, ftol=1e-15",
        "ours": "solve_log_loss(prior=0)",
    }
    solve_log_loss(probas, y, prior=0)  # lazy imports and first-call costs, for both sides
    slsqp(probas, y, equal, gradient=True)
    seconds = {key: [] for key in contenders}
    results = {}
    for _ in range(args.rounds):
        for key, run in contenders.items():
            took, out = timed(run, repeats=1 if key == "restarts" else 20)
            seconds[key].append(took)
            w = out if key != "ours" else out.weights
            results[key] = evaluate_weights(np.maximum(w, 0), probas, y, method=key)
    ours = results["ours"].loss
    median = {key: float(np.median(s)) for key, s in seconds.items()}
    print(f"\n{args.rows} rows, {args.classes} classes, {args.members} members, ", end="")
    print(f"median of {args.rounds} rounds, taken in turn\n")
    print(f"{'':<32}{'log-loss':>16}{'above ours':>12}{'gap':>10}{'ms':>12}{'x ours':>10}")
    for key, name in names.items():
        r, ms = results[key], 1e3 * median[key]
        ratio = median[key] / median["ours"]
        print(f"{name:<32}{r.loss:>16.12f}{r.loss - ours:>12.1e}{r.gap:>10.1e}", end="")
        print(f"{ms:>12.3f}{ratio:>10.1f}")
    each = [a / b for a, b in zip(seconds["restarts"], seconds["ours"], strict=True)]
    print(f"\nrestarts / ours, round by round: {', '.join(f'{ratio:.0f}' for ratio in each)}")
    print(f"equal weights: log-loss {results['ours'].uniform_loss:.12f}")


def growth(args):
    print("\nHow solve_log_loss grows (float32 input; ms, iterations, gap)\n")
    print(f"{'rows':>8}{'members':>9}{'prior=0':>26}{'prior=1':>26}")
    sizes = [(n, args.members) for n in (5_000, 50_000, 200_000)]
    sizes += [(args.rows, m) for m in (10, 20, 50)]
    for n_rows, n_members in sizes:
        probas, y = make_members(n_members, n_rows, args.classes, args.seed, dtype=np.float32)
        print(f"{n_rows:>8}{n_members:>9}", end="")
        for prior in (0.0, 1.0):
            runs = [timed(partial(solve_log_loss, probas, y, prior=prior)) for _ in range(5)]
            ms, result = 1e3 * float(np.median([took for took, _ in runs])), runs[0][1]
            print(f"{ms:>12.1f}{result.n_iter:>5}{result.gap:>9.0e}", end="")
        print()


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--rows", type=int, default=5000)
    parser.add_argument("--classes", type=int, default=10)
    parser.add_argument("--members", type=int, default=5)
    parser.add_argument("--restarts", type=int, default=20)
    parser.add_argument("--seed", type=int, default=0)
    args = parser.parse_args()
    print(
        f"{os.cpu_count()} CPUs ({platform.machine()}), Python {platform.python_version()}, ",
        end="",
    )
    print(f"NumPy {np.__version__}, SciPy {scipy.__version__}, scikit-learn {sklearn.__version__}")
    compare(args)
    growth(args)


if __name__ == "__main__":
    main()
