"""The scikeras wrapper around plain Keras, for searches."""

import numpy as np
from plain_keras import SnapshotLR
from scikeras.wrappers import KerasClassifier

import networks


class SnapshotKerasClassifier(KerasClassifier):
    """KerasClassifier whose callback has parameters that a search can set.

    It predicts with the last snapshot alone, which is less work than ours does.
    """

    _routing_prefixes = KerasClassifier._routing_prefixes | {"callbacks"}


def classifier(task, X, y):
    """Return the classifier for a task, not fitted."""

    def build():
        n_classes = int(np.max(y)) + 1
        return networks.compiled(task.network, X.shape[1:], n_classes, task.width)

    return SnapshotKerasClassifier(
        build,
        epochs=task.epochs,
        batch_size=task.batch_size,
        callbacks=SnapshotLR,
        callbacks__M=task.M,
        callbacks__alpha_zero=task.alpha_zero,
        verbose=0,
    )
