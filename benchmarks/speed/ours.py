"""Ours."""

import networks
from skensemble import SnapshotEnsembleClassifier

# All rows train, and nothing is scored: the work that the peers do.
EQUAL_WORK = {"validation_fraction": None, "weighting": "uniform"}


def classifier(task, **parameters):
    """Return the classifier for a task, not fitted."""

    def build(meta):
        return networks.build(task.network, meta["X_shape_"][1:], meta["n_classes_"], task.width)

    return SnapshotEnsembleClassifier(
        build,
        M=task.M,
        alpha_zero=task.alpha_zero,
        epochs=task.epochs,
        batch_size=task.batch_size,
        random_state=0,
        **parameters,
    )


def fit(task, X, y, **parameters):
    """Train with the work of the peers, unless ``parameters`` say otherwise."""
    return classifier(task, **{**EQUAL_WORK, **parameters}).fit(X, y)


def fit_default(task, X, y):
    """Train with a holdout and learned weights, as the classifier does by default."""
    return classifier(task).fit(X, y)
