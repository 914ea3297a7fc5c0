"""Different small networks vote on CIFAR-10: by majority, by mean, by weights learned on a holdout.

The networks are tiny relatives of those that win such contests, so that two cores can train them.
Every seed has images of its own, and the test images judge; they choose nothing. In short:

    members = [("wide", SnapshotEnsembleClassifier(wide_resnet)), ("dense", ...), ...]
    VotingSnapshotClassifier(members, voting="soft", weights="log_loss").fit(X, y)

which holds rows out for the weights by itself. Here the members are trained once and frozen, so
that all ways to combine them have the same ones.
"""

import argparse
import importlib.util
from pathlib import Path

import keras
import numpy as np
from keras import layers
from sklearn.frozen import FrozenEstimator
from sklearn.metrics import accuracy_score, log_loss
from sklearn.model_selection import StratifiedKFold, train_test_split

from skensemble import SnapshotEnsembleClassifier, VotingSnapshotClassifier
from skensemble.evaluation import markdown_tables, summarise_runs


def conv(x, filters, size=3, strides=1):
    return layers.Conv2D(
        filters, size, strides, "same", use_bias=False, kernel_initializer="he_normal"
    )(x)


def grouped_conv(x, filters, strides, groups):
    """Every group of channels by itself: Conv2D(groups=...), which on a CPU takes far longer."""
    parts = keras.ops.split(x, groups, axis=-1)
    return layers.Concatenate()([conv(part, filters // groups, 3, strides) for part in parts])


def norm(x):
    return layers.BatchNormalization(momentum=0.9, epsilon=1e-5)(x)


def norm_relu(x):
    return layers.ReLU()(norm(x))


def classifier(inputs, x, meta):
    x = layers.GlobalAveragePooling2D()(x)
    return keras.Model(inputs, layers.Dense(meta["n_classes_"], activation="softmax")(x))


def wide_resnet(meta, k=2):
    """Wide ResNet 10-k (Zagoruyko, Komodakis, 2016), of half the resolution and width."""
    inputs = keras.Input(meta["X_shape_"][1:])
    x = conv(inputs, 16, strides=2)
    for width, strides in [(8 * k, 1), (16 * k, 2), (32 * k, 2)]:
        before = norm_relu(x)
        # The shortcut skips the first norm, unless it has to change the shape.
        shortcut = x if x.shape[-1] == width else conv(before, width, 1, strides)
        x = conv(norm_relu(conv(before, width, strides=strides)), width)
        x = layers.Add()([x, shortcut])
    return classifier(inputs, norm_relu(x), meta)


def densenet(meta, growth=12):
    """DenseNet (Huang et al., 2017), three blocks of three layers."""
    inputs = keras.Input(meta["X_shape_"][1:])
    x = conv(inputs, 16, strides=2)
    for block in range(3):
        if block:
            x = layers.AveragePooling2D(2)(conv(norm_relu(x), x.shape[-1], 1))
        for _ in range(3):
            x = layers.Concatenate()([x, conv(norm_relu(x), growth)])
    return classifier(inputs, norm_relu(x), meta)


def resnext(meta, groups=4, squeeze=False):
    """ResNeXt (Xie et al., 2017): bottlenecks with grouped convolutions, one for each width."""
    inputs = keras.Input(meta["X_shape_"][1:])
    x = norm_relu(conv(inputs, 32, strides=2))
    for width, strides in [(16, 1), (32, 2), (64, 2)]:
        shortcut = norm(conv(x, 2 * width, 1, strides)) if x.shape[-1] != 2 * width else x
        x = norm_relu(conv(x, width, 1))
        x = norm_relu(grouped_conv(x, width, strides, groups))
        x = norm(conv(x, 2 * width, 1))
        x = squeeze_and_excite(x) if squeeze else x
        x = layers.ReLU()(layers.Add()([x, shortcut]))
    return classifier(inputs, x, meta)


def squeeze_and_excite(x, reduction=4):
    """Scale every channel by what the whole image says about it (Hu et al., 2018)."""
    gate = layers.GlobalAveragePooling2D(keepdims=True)(x)
    gate = layers.Dense(x.shape[-1] // reduction, activation="relu")(gate)
    gate = layers.Dense(x.shape[-1], activation="sigmoid")(gate)
    return layers.Multiply()([x, gate])


def se_resnext(meta):
    return resnext(meta, squeeze=True)


NETWORKS = {
    "wide_resnet": wide_resnet,
    "densenet": densenet,
    "resnext": resnext,
    "se_resnext": se_resnext,
}
WAYS = {
    "hard voting": {"voting": "hard"},
    "hard voting, weights by accuracy (grid)": {"voting": "hard", "weights": "accuracy"},
    "mean": {"voting": "soft"},
    "mean, weights by accuracy (grid)": {"voting": "soft", "weights": "accuracy"},
    "mean, weights by log-loss": {"voting": "soft", "weights": "log_loss"},
    "mean, greedy weights": {"voting": "soft", "weights": "greedy"},
}
BEST, EQUAL = "best network on the holdout", "mean"


def read(part, data_dir):
    """Return the images, uint8 of shape (n, 32, 32, 3), and class indices (n,) of a part."""
    if data_dir is None:
        train, test = keras.datasets.cifar10.load_data()
        X, y = train if part == "train" else test
        return X, y.ravel()
    spec = importlib.util.spec_from_file_location("load", Path(data_dir) / "load.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.load_cifar10(part)[:2]


def shares(X, y, n):
    """Deal the images out to n seeds, the classes evenly; float32 in [0, 1]."""
    for _, rows in StratifiedKFold(n, shuffle=True, random_state=0).split(y, y):
        yield X[rows].astype(np.float32) / 255, y[rows]


def compare(train, test, arguments, seed):
    """Train every network once, and combine them in every way.

    Returns
    -------
    scores : dict of str to (float, float)
        Accuracy and log-loss on the test images.
    weights : dict of str to ndarray
        Weights of the networks, where they are learned.
    """
    X, X_val, y, y_val = train_test_split(
        *train,
        train_size=arguments.train,
        test_size=arguments.holdout,
        stratify=train[1],
        random_state=seed,
    )
    members, scores, on_holdout = [], {}, {}
    for name in arguments.networks:
        member = SnapshotEnsembleClassifier(
            NETWORKS[name],
            M=arguments.M,
            epochs=arguments.epochs,
            weighting="uniform",
            validation_fraction=None,
            random_state=seed,
        ).fit(X, y)
        members.append((name, FrozenEstimator(member)))
        scores[name] = judge(member, *test)
        on_holdout[name] = member.score(X_val, y_val)
    scores[BEST] = scores[max(on_holdout, key=on_holdout.get)]

    weights = {}
    for way, parameters in WAYS.items():
        # No member is left to train, so all rows that fit gets teach the weights.
        vote = VotingSnapshotClassifier(members, **parameters).fit(X_val, y_val)
        scores[way] = judge(vote, *test)
        if "weights" in parameters:
            weights[way] = vote.weights_
    return scores, weights


def judge(clf, X, y):
    return accuracy_score(y, clf.predict(X)), log_loss(y, clf.predict_proba(X))


def table(runs):
    """Means, and paired differences from the best network and from equal weights, in Markdown."""
    scores = [
        {"seed": seed, "method": name, "accuracy": accuracy, "log_loss": loss}
        for seed, run in enumerate(runs)
        for name, (accuracy, loss) in run.items()
    ]
    return markdown_tables(summarise_runs(scores, [BEST, EQUAL]), BEST, EQUAL)


def main(argv=None):
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument(
        "--data-dir", help="folder with a load.py that has load_cifar10(part); else downloaded"
    )
    parser.add_argument("--seeds", type=int, default=5, help="at least 2 (default: 5)")
    parser.add_argument("--train", type=int, default=5000, help="images (default: 5000)")
    parser.add_argument("--holdout", type=int, default=1000, help="images (default: 1000)")
    parser.add_argument("--epochs", type=int, default=12, help="of each network (default: 12)")
    parser.add_argument("--M", type=int, default=3, help="cycles of each network (default: 3)")
    parser.add_argument("--networks", nargs="+", choices=NETWORKS, default=list(NETWORKS))
    arguments = parser.parse_args(argv)

    data = [shares(*read(part, arguments.data_dir), arguments.seeds) for part in ("train", "test")]
    runs, weights = [], []
    for seed, (train, test) in enumerate(zip(*data, strict=True)):
        scores, learned = compare(train, test, arguments, seed)
        runs.append(scores)
        weights.append(learned)
        print(f"seed {seed}: {scores[BEST][0]:.2%} alone, {scores[EQUAL][0]:.2%} together")

    print(f"\n{table(runs)}\n\nMean weights:")
    for way in weights[0]:
        means = np.mean([learned[way] for learned in weights], axis=0)
        pairs = zip(arguments.networks, means, strict=True)
        print(f"- {way}: {', '.join(f'{name} {w:.2f}' for name, w in pairs)}")


if __name__ == "__main__":
    main()
