"""A backbone that knows colours, and images that differ in them."""

import keras
import numpy as np
import pytest

from skensemble.backends import seeded


@pytest.fixture
def backbone():
    """Always the same weights; its features are mixtures of the mean colours."""
    with seeded(1):
        model = keras.Sequential(
            [
                keras.Input((8, 8, 3)),
                keras.layers.Rescaling(1 / 64, offset=-1.0, name="scale"),
                keras.layers.Conv2D(3, 1, name="first"),
                keras.layers.BatchNormalization(momentum=0.5, name="first_norm"),
                keras.layers.Conv2D(6, 3, activation="relu", name="last"),
                keras.layers.BatchNormalization(momentum=0.5, name="last_norm"),
            ],
            name="colours",
        )
    rng = np.random.default_rng(1)
    weights = [w + 0.1 * rng.random(w.shape, np.float32) for w in model.get_weights()]
    mixtures = np.concatenate([np.eye(3), 1 - np.eye(3)], axis=1)
    weights[0], weights[6] = np.eye(3)[None, None], np.tile(mixtures / 9, (3, 3, 1, 1))
    model.set_weights(weights)
    return model


@pytest.fixture(scope="session")
def images():
    """Noise with a bright colour: uint8 (90, 8, 8, 3), and its name."""
    rng = np.random.default_rng(0)
    colour = np.arange(90) % 3
    X = rng.integers(0, 100, (90, 8, 8, 3))
    X[np.arange(90), :, :, colour] += 120
    X = X.astype(np.uint8)
    X.setflags(write=False)
    return X, np.array(["red", "green", "blue"])[colour]


@pytest.fixture
def make(backbone):
    """Make an estimator of few, quick epochs."""
    # Imported here: the fixtures of this file are for its neighbours.
    from skensemble.ensemble.transfer import TransferSnapshotClassifier

    def make(given=None, **params):
        settings = {
            "head_units": 8,
            "warmup_epochs": 8,
            "warmup_optimizer": keras.optimizers.RMSprop(0.03),
            "unfreeze_from": "last",
            "M": 2,
            "epochs": 2,
            "alpha_zero": 0.01,
            "batch_size": 16,
            "validation_fraction": 0.2,
            "random_state": 0,
        }
        return TransferSnapshotClassifier(given or backbone, **{**settings, **params})

    return make
