"""The networks as the model of an ensemble."""

import pickle

import keras
import numpy as np
import pytest
from sklearn.base import clone
from sklearn.model_selection import GridSearchCV

from skensemble import SnapshotEnsembleClassifier, program_cache
from skensemble.backends import seeded
from skensemble.models import wide_resnet
from skensemble.networks import fingerprint_of_network

# What a network has learned after a few steps says nothing of it.
pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")

SETTINGS = {
    "M": 1,
    "epochs": 2,
    "alpha_zero": 0.02,
    "batch_size": 12,
    "weighting": "uniform",
    "validation_fraction": None,
    "random_state": 0,
}


@pytest.fixture(scope="module")
def images():
    """Raw images of three colours, that even a short training can distinguish."""
    rng = np.random.default_rng(0)
    y = np.arange(24) % 3
    X = rng.integers(0, 100, (24, 8, 8, 3)) + 150 * (np.arange(3) == y[:, None])[:, None, None, :]
    return X.astype("uint8"), y


def ensemble(build, parameters, **settings):
    routed = {f"model__{name}": value for name, value in parameters.items()}
    scaled = {"model__mean": (100.0, 101.0, 102.0), "model__std": 70.0}
    return SnapshotEnsembleClassifier(build, **routed, **scaled, **{**SETTINGS, **settings})


@pytest.mark.parametrize("small", ["wide_resnet", "densenet", "se_resnext"], indirect=True)
def test_both_engines_train_it(small, images):
    build, parameters = small
    X, y = images
    fused, keras_ = (
        ensemble(build, parameters, engine=engine).fit(X, y) for engine in ("fused", "keras")
    )
    assert fused.history_["loss"][-1] < fused.history_["loss"][0]
    np.testing.assert_allclose(fused.history_["loss"], keras_.history_["loss"], rtol=1e-3)
    pairs = zip(fused.snapshots_[0].weights, keras_.snapshots_[0].weights, strict=True)
    for ours, theirs in pairs:
        np.testing.assert_allclose(ours, theirs, atol=5e-3)
    before = program_cache.info()
    ensemble(build, parameters, engine="fused", alpha_zero=0.01).fit(X, y)
    after = program_cache.info()
    assert after.hits > before.hits
    assert after.misses == before.misses


def test_equal_networks_share_programs(small):
    build, parameters = small
    scaled = {"mean": (1.0, 2.0, 3.0), "std": 4.0}
    one, same = (build((8, 8, 3), 3, **parameters, **scaled) for _ in range(2))
    assert fingerprint_of_network(one) is not None
    assert fingerprint_of_network(one) == fingerprint_of_network(same)


def test_different_networks_share_no_programs():
    variants = [{"std": 4.0}, {"std": 4.5}, {"std": 4.0, "weight_decay": 1e-3}]
    prints = {
        fingerprint_of_network(wide_resnet((8, 8, 3), 3, depth=10, width=1, mean=1.0, **variant))
        for variant in variants
    }
    assert len(prints) == len(variants)


def test_saves_and_loads(small, tmp_path):
    build, parameters = small
    model = build((8, 8, 3), 3, **parameters, mean=(1.0, 2.0, 3.0), std=4.0)
    model.save(tmp_path / "network.keras")
    loaded = keras.models.load_model(tmp_path / "network.keras")
    X = np.random.default_rng(0).normal(size=(4, 8, 8, 3)).astype("float32")
    np.testing.assert_array_equal(loaded(X), model(X))
    assert [layer.name for layer in loaded.layers] == [layer.name for layer in model.layers]
    np.testing.assert_allclose(sum(loaded.losses), sum(model.losses), rtol=1e-6)


def test_the_seed_determines_the_initial_weights():
    models = []
    for seed in (0, 0, 1):
        with seeded(seed):
            models.append(wide_resnet((8, 8, 3), 3, depth=10, width=1))
    one, same, other = (model.get_layer("stem_conv").kernel.numpy() for model in models)
    np.testing.assert_array_equal(one, same)
    assert not np.array_equal(one, other)


def test_is_a_scikit_learn_estimator(images):
    X, y = images
    clf = ensemble(wide_resnet, {"depth": 10, "width": 1}, M=1, engine="keras")
    assert clone(clf).get_params() == clf.get_params()
    halves = [(np.arange(12), np.arange(12, 24))]
    grid = GridSearchCV(clf, {"model__width": [1, 2]}, cv=halves).fit(X, y)
    best = grid.best_estimator_
    assert best.model_.name == f"wide_resnet_10_{grid.best_params_['model__width']}"
    copy = pickle.loads(pickle.dumps(best))
    np.testing.assert_allclose(copy.predict_proba(X), best.predict_proba(X), atol=1e-6)
    np.testing.assert_allclose(
        best.to_keras()(X.astype("float32")), best.predict_proba(X), atol=1e-6
    )
