"""How strong the prior on the combination weights should be.

For each data set and seed, one ensemble is trained on some rows. Weights are then learned on
holdouts of several sizes, drawn from rows that training never saw, for several strengths of the
prior, and compared by their log-loss on two further parts: the prior is chosen on the *selection*
rows; what the choice is worth is read off the *test* rows, which decide nothing.

    python benchmarks/prior.py --data-dir DIR

DIR holds a ``load.py`` with ``load(name) -> (X, y)``; without it, scikit-learn's own data is used.
"""

import argparse

import numpy as np
from data_folder import EXTERNAL, load
from sklearn.preprocessing import LabelEncoder, StandardScaler

from skensemble import SnapshotEnsembleClassifier
from skensemble.evaluation import mean_interval
from skensemble.weighting import evaluate_weights, solve_log_loss

PRIORS = (0.0, 0.01, 0.03, 0.1, 0.3, 1.0, 3.0, 10.0, 30.0)
SIZES = (50, 100, 200, 500, 1000, 2000)
BUILT_IN = ("digits", "breast_cancer")
MAX_TRAIN = 5000
N_DRAWS = 10


def members(X, y, seed, M, epochs):
    """Train on 40% of the rows; return member probabilities of the pool, selection, test rows."""
    order = np.random.default_rng(seed).permutation(len(y))
    train, pool, selection, test = np.split(
        order, [int(share * len(y)) for share in (0.4, 0.6, 0.8)]
    )
    train = train[:MAX_TRAIN]
    scaler = StandardScaler().fit(X[train])
    clf = SnapshotEnsembleClassifier(
        M=M, epochs=epochs, weighting="uniform", validation_fraction=None, random_state=seed
    ).fit(scaler.transform(X[train]), y[train])
    labels = clf.target_encoder_
    known = [rows[np.isin(y[rows], clf.classes_)] for rows in (pool, selection, test)]
    return [
        (clf.member_predict_proba(scaler.transform(X[rows])), labels.transform(y[rows]))
        for rows in known
    ]


def one_run(parts, seed):
    """Log-loss less that of equal weights: arrays (size, prior, part), NaN where too few rows."""
    (pool, y_pool), *judges = parts
    rng = np.random.default_rng(seed)
    equal = np.ones(len(pool))
    base = [evaluate_weights(equal, *judge, method="uniform").loss for judge in judges]
    gain = np.full((len(SIZES), len(PRIORS), 2), np.nan)
    for i, size in enumerate(SIZES):
        if size > len(y_pool):
            continue
        losses = np.zeros((N_DRAWS, len(PRIORS), 2))
        for draw in range(N_DRAWS):
            rows = rng.choice(len(y_pool), size, replace=False)
            for j, prior in enumerate(PRIORS):
                w = solve_log_loss(pool[:, rows], y_pool[rows], prior=prior).weights
                for part, judge in enumerate(judges):
                    loss = evaluate_weights(w, *judge, method="given").loss
                    losses[draw, j, part] = loss - base[part]
        gain[i] = losses.mean(axis=0)
    return gain, base[0]


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data-dir", help="folder with load.py; without it: scikit-learn's data")
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--M", type=int, default=5)
    parser.add_argument("--epochs", type=int, default=30)
    arguments = parser.parse_args()

    names = BUILT_IN + (EXTERNAL if arguments.data_dir else ())
    runs, scale, owner = [], [], []
    for name in names:
        X, y = load(name, arguments.data_dir)
        y = LabelEncoder().fit_transform(y)
        for seed in range(arguments.seeds):
            gain, base = one_run(members(X, y, seed, arguments.M, arguments.epochs), seed)
            runs.append(gain)
            scale.append(base)
            owner.append(name)
            print(f"trained {name}, seed {seed}", flush=True)
    runs, scale, owner = np.array(runs), np.array(scale), np.array(owner)
    # In percent of the log-loss of equal weights, so that each data set counts the same.
    percent = 100 * runs / scale[:, None, None, None]

    print("\nChange of log-loss against equal weights, % (selection rows; negative is better)\n")
    header = "| holdout rows | runs | " + " | ".join(f"prior {p:g}" for p in PRIORS) + " |"
    print(header + "\n|" + "---|" * (len(PRIORS) + 2))
    for i, size in enumerate(SIZES):
        there = ~np.isnan(percent[:, i, 0, 0])
        if there.any():
            cells = " | ".join(f"{v:+.2f}" for v in percent[there, i, :, 0].mean(axis=0))
            print(f"| {size} | {there.sum()} | {cells} |")
    mean = np.array([np.nanmean(percent[:, :, j, 0]) for j in range(len(PRIORS))])
    print(f"| all | {len(runs)} | " + " | ".join(f"{v:+.2f}" for v in mean) + " |")
    best = int(mean.argmin())
    print(f"\nBest on the selection rows, all sizes together: prior {PRIORS[best]:g}")

    print("\nOn the test rows, with 95% intervals over runs, % of the log-loss of equal weights\n")
    print(
        "| holdout rows | chosen prior - equal weights | chosen prior - no prior |\n|---|---|---|"
    )
    for i, size in enumerate(SIZES):
        if np.isnan(percent[:, i, 0, 1]).all():
            continue
        there = ~np.isnan(percent[:, i, best, 1])
        chosen, none = percent[there, i, best, 1], percent[there, i, 0, 1]
        against_equal, against_none = mean_interval(chosen), mean_interval(chosen - none)
        print(
            f"| {size} | {against_equal.value:+.2f} ± {against_equal.half:.2f} "
            f"| {against_none.value:+.2f} ± {against_none.half:.2f} |"
        )
    print("\nBy data set, mean over sizes, test rows, %\n")
    print("| data | equal-weights log-loss | no prior | chosen prior |\n|---|---|---|---|")
    for name in names:
        mine = owner == name
        none, chosen = (np.nanmean(percent[mine][:, :, j, 1]) for j in (0, best))
        print(f"| {name} | {scale[mine].mean():.4f} | {none:+.2f} | {chosen:+.2f} |")


if __name__ == "__main__":
    main()
