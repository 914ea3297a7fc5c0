"""An ensemble of snapshots against a single network of the same training budget, on digits.

The test rows are used for nothing but the table at the end. One split shows little: the
differences are of the size of those between two seeds. ``skensemble.evaluation.compare`` repeats
such a comparison on many splits, and so does ``skensemble demo``.
"""

import argparse

import pandas as pd
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from skensemble import SnapshotEnsembleClassifier
from skensemble.evaluation import evaluate


def compare(M, epochs, seed):
    """Fit both on the same rows; a line for each, with accuracy and log-loss on the test rows."""
    X, y = load_digits(return_X_y=True)
    X, X_test, y, y_test = train_test_split(X, y, test_size=0.3, stratify=y, random_state=seed)

    ensemble = SnapshotEnsembleClassifier(M=M, epochs=epochs, random_state=seed)
    # One cosine cycle. It needs no holdout, so it trains on every row.
    single = SnapshotEnsembleClassifier(
        M=1, epochs=epochs, weighting="uniform", validation_fraction=None, random_state=seed
    )
    scores = {}
    for name, clf in [("single network", single), (f"{M} snapshots", ensemble)]:
        clf = make_pipeline(StandardScaler(), clf).fit(X, y)
        scores[name] = evaluate(clf, X_test, y_test).loc["ensemble", "value"]
    return pd.DataFrame(scores).T[["accuracy", "log_loss"]]


def main(argv=None):
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--M", type=int, default=5, help="number of cycles (default: 5)")
    parser.add_argument("--epochs", type=int, default=30, help="of each (default: 30)")
    parser.add_argument("--seed", type=int, default=0)
    arguments = parser.parse_args(argv)
    table = compare(arguments.M, arguments.epochs, arguments.seed)
    print(table.to_string(float_format="{:.4f}".format))


if __name__ == "__main__":
    main()
