"""How to combine snapshots: equal or learned weights, refit, the last few; beside single networks.

For each data set and seed, on the same split, all of these are trained, and what they predict is
kept in a folder: a run that is broken off goes on where it was. All weights are computed from
these predictions, on the holdout alone; the test rows judge, and choose nothing.

    python benchmarks/combining.py --data-dir DIR --results FOLDER

DIR has a ``load.py`` (see ``data_folder.py``); without it, scikit-learn's own data is used.
Results of other data, or with another ``--max-rows``, need another FOLDER.
"""

import argparse
import json
import time
from functools import partial
from pathlib import Path

import keras
import numpy as np
from combining_tables import report
from data_folder import BUILT_IN, EXTERNAL, load, load_module
from keras import layers
from sklearn.model_selection import train_test_split
from sklearn.preprocessing import LabelEncoder, StandardScaler

from skensemble import SnapshotEnsembleClassifier

M, EPOCHS = 5, 40
SETTINGS = {"alpha_zero": 0.05, "epochs": EPOCHS}
ALL_ROWS = {"weighting": "uniform", "validation_fraction": None}
TEST, HOLDOUT = 0.3, 0.1
IMAGES = 400  # of each class of CIFAR-10
TIMED = ("digits", "letter", "cifar10")


def read(name, data_dir):
    """Return X, float32 of shape (n, ...), and y, class indices of shape (n,)."""
    if name == "cifar10":
        X, y, _ = load_module(data_dir).load_cifar10("train", per_class=IMAGES)
        X = X.reshape(len(X), 16, 2, 16, 2, 3).mean(axis=(2, 4)) / 255
    else:
        X, y = load(name, data_dir)
    return X.astype(np.float32), LabelEncoder().fit_transform(y)


def small_cnn(meta):
    x = inputs = keras.Input(meta["X_shape_"][1:])
    for filters in (16, 32, 64):
        x = layers.Conv2D(filters, 3, padding="same", use_bias=False)(x)
        x = layers.ReLU()(layers.BatchNormalization(momentum=0.9)(x))
        x = layers.MaxPooling2D(2)(x)
    x = layers.GlobalAveragePooling2D()(x)
    return keras.Model(inputs, layers.Dense(meta["n_classes_"], activation="softmax")(x))


def split(X, y, seed, max_rows=None):
    """Return (X, y) of the training rows, the holdout and the test rows."""
    X, X_test, y, y_test = train_test_split(X, y, test_size=TEST, stratify=y, random_state=seed)
    if max_rows is not None and max_rows < len(y):
        X, _, y, _ = train_test_split(X, y, train_size=max_rows, stratify=y, random_state=seed)
    if X.ndim == 2:
        scaler = StandardScaler().fit(X)
        X, X_test = scaler.transform(X), scaler.transform(X_test)
    X, X_val, y, y_val = train_test_split(X, y, test_size=HOLDOUT, stratify=y, random_state=seed)
    return (X, y), (X_val, y_val), (X_test, y_test)


def make(X, **params):
    network = small_cnn if X.ndim > 2 else None  # None: two Dense-BatchNorm-ReLU blocks of 64
    return SnapshotEnsembleClassifier(network, **{**SETTINGS, **params})


def train(X, y, seed, max_rows=None):
    """Train all that is compared.

    Returns
    -------
    dict of str to ndarray
        Predictions of shape (n, k) or, of members, (M, n, k); labels; the weights of refit=True.
    """
    (X, y), (X_val, y_val), (X_test, y_test) = split(X, y, seed, max_rows)
    everything = np.concatenate([X, X_val]), np.concatenate([y, y_val])
    out = {"y_val": y_val, "y_test": y_test, "n_train": len(y)}

    single = make(X, M=1, random_state=seed, **ALL_ROWS)
    out["single_all"] = single.fit(*everything).predict_proba(X_test)
    single.fit(X, y)
    out["single"], out["single_val"] = single.predict_proba(X_test), single.predict_proba(X_val)

    ensemble = make(X, M=M, random_state=seed).fit(X, y, X_val=X_val, y_val=y_val)
    out["members"] = ensemble.member_predict_proba(X_test)
    out["members_val"] = ensemble.member_predict_proba(X_val)

    refit = make(X, M=M, random_state=seed, refit=True).fit(X, y, X_val=X_val, y_val=y_val)
    out["refit"], out["refit_weights"] = refit.member_predict_proba(X_test), refit.weights_

    independent = [
        make(X, M=1, epochs=EPOCHS // M, random_state=1000 + M * seed + m, **ALL_ROWS)
        for m in range(M)
    ]
    out["independent"] = np.mean(
        [net.fit(*everything).predict_proba(X_test) for net in independent], axis=0
    )
    return {
        key: value.astype(np.float32) if np.asarray(value).dtype == np.float64 else value
        for key, value in out.items()
    }


def times(X, y):
    """What fewer snapshots save in prediction, and what refit costs; all taken in turn.

    Returns
    -------
    dict
        ``"predict"``: by number of rows, seconds of predict_proba with the last 1, ..., M
        snapshots over those with one. ``"refit"``: seconds of fit with refit over those without.
        Medians over the rounds.
    """
    (X, y), (X_val, y_val), (X_test, _) = split(X, y, 0)
    holdout = {"X_val": X_val, "y_val": y_val}
    ensembles = [
        make(X, M=M, epochs=M, random_state=0, n_last=m).fit(X, y, **holdout)
        for m in range(1, M + 1)
    ]
    for ensemble in ensembles:
        assert np.count_nonzero(ensemble.weights_) == ensemble.n_last
    predict = {
        str(len(rows)): _ratios([partial(each.predict_proba, rows) for each in ensembles], 21)
        for rows in (X_test[:1], X_test)
    }
    fits = [
        partial(make(X, M=M, epochs=2 * M, random_state=0, refit=refit).fit, X, y, **holdout)
        for refit in (False, True)
    ]
    return {"predict": predict, "refit": _ratios(fits, 5)[1]}


def _ratios(functions, n_rounds):
    """Median over the rounds of the time of each function over that of the first."""
    seconds = np.empty((n_rounds + 1, len(functions)))
    for turn in seconds:
        for i, function in enumerate(functions):
            start = time.perf_counter()
            function()
            turn[i] = time.perf_counter() - start
    # The first turn compiles.
    return np.median(seconds[1:] / seconds[1:, :1], axis=0).tolist()


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data-dir", help="folder with load.py; without it: scikit-learn's data")
    parser.add_argument("--results", type=Path, required=True, help="folder for the predictions")
    parser.add_argument("--seeds", type=int, default=10)
    parser.add_argument("--max-rows", type=int, help="rows to train on, holdout included")
    parser.add_argument("--data", nargs="+", metavar="NAME", help="only these data sets")
    arguments = parser.parse_args()

    names = BUILT_IN + ((*EXTERNAL, "cifar10") if arguments.data_dir else ())
    names = arguments.data or names
    arguments.results.mkdir(parents=True, exist_ok=True)
    data = {name: read(name, arguments.data_dir) for name in names}
    for seed in range(arguments.seeds):
        for name, (X, y) in data.items():
            path = arguments.results / f"{name}-{seed}.npz"
            if path.exists():
                continue
            start = time.perf_counter()
            runs = train(X, y, seed, arguments.max_rows)
            with open(path.with_suffix(".part"), "wb") as file:
                np.savez_compressed(file, **runs)
            path.with_suffix(".part").rename(path)
            print(f"trained {name}, seed {seed}: {time.perf_counter() - start:.0f} s", flush=True)
    for name, (X, y) in data.items():
        path = arguments.results / f"{name}-times.json"
        if name in TIMED and not arguments.max_rows and not path.exists():
            path.write_text(json.dumps(times(X, y)))
    print(report(arguments.results, names, arguments.seeds))


if __name__ == "__main__":
    main()
