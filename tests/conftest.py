"""Fixtures that many tests share."""

import gc
import os
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
# XLA compiles faster without optimising; no test is about the speed of what it compiles.
os.environ.setdefault("XLA_FLAGS", "--xla_backend_optimization_level=0")

import numpy as np
import pytest
from sklearn.datasets import load_digits, make_blobs

# What takes more than ten seconds by itself; `make test-fast` leaves it out.
SLOW = {
    "augmentation/test_operations.py",
    "backends/test_cache.py",
    "backends/test_memory.py",
    "callbacks/test_stepping.py",
    "callbacks/test_snapshot_callback.py",
    "cli/test_signals.py",
    "cli/test_train_command.py",
    "common/test_integration.py",
    "common/test_no_side_effects.py",
    "common/test_sklearn.py",
    "common/test_transfer_sklearn.py",
    "common/test_voting_sklearn.py",
    "ensemble/test_augmentation.py",
    "ensemble/test_focal_loss.py",
    "ensemble/test_networks.py",
    "ensemble/test_pickling.py",
    "ensemble/test_refit.py",
    "ensemble/transfer/test_classifier.py",
    "ensemble/voting/test_networks.py",
    "models/test_published.py",
    "models/test_training.py",
    "networks/test_export.py",
    "networks/test_fingerprint.py",
    "networks/test_scikeras.py",
    "properties/test_engine_properties.py",
    "test_readme.py",
    "training/test_engines.py",
    "training/test_fused_engine.py",
    "training/test_interrupt.py",
}


def pytest_addoption(parser):
    parser.addoption(
        "--seeds",
        type=int,
        default=1,
        help="number of random seeds that tests with a seed run with (default: 1)",
    )


def pytest_collection_finish():
    """Spare the garbage collector the half a million objects of TensorFlow, which stay."""
    gc.collect()
    gc.freeze()


def pytest_collection_modifyitems(items):
    folder = Path(__file__).parent
    slow = {folder / name for name in SLOW}
    for item in items:
        if item.path in slow:
            item.add_marker("slow")
    # The slow ones first: at the end, one process would wait for the other.
    items.sort(key=lambda item: item.path not in slow)


def pytest_generate_tests(metafunc):
    if "global_random_seed" in metafunc.fixturenames:
        metafunc.parametrize("global_random_seed", range(metafunc.config.getoption("--seeds")))


@pytest.fixture(scope="session")
def blobs():
    """Three classes that a small network tells apart: float32 (90, 4) and int labels."""
    X, y = make_blobs(90, n_features=4, centers=3, cluster_std=1.0, random_state=0)
    X = ((X - X.mean(axis=0)) / X.std(axis=0)).astype("float32")
    X.setflags(write=False)
    y.setflags(write=False)
    return X, y


@pytest.fixture(scope="session")
def binary(blobs):
    """Two classes: float32 (60, 4) and int labels."""
    X, y = blobs
    return X[y < 2], y[y < 2]


@pytest.fixture(scope="session")
def digits():
    """All of scikit-learn's digits, scaled to [0, 1]: float32 (1797, 64) and int labels."""
    X, y = load_digits(return_X_y=True)
    X = (X / 16).astype(np.float32)
    X.setflags(write=False)
    return X, y
