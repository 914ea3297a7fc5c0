"""Fixtures that many tests share."""

import gc
import os

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import numpy as np
import pytest
from sklearn.datasets import load_digits, make_blobs


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
