"""A run that several tests look at, saved from Python."""

import shutil
from types import SimpleNamespace

import numpy as np
import pytest

from skensemble import SnapshotEnsembleClassifier
from skensemble.persistence import save_run


@pytest.fixture(scope="session")
def saved(tmp_path_factory, blobs):
    """A fitted estimator of three snapshots, its rows, and its run, which is not to be changed."""
    X, y = blobs
    y = np.array(["cat", "dog", "owl"])[y]
    clf = SnapshotEnsembleClassifier(
        M=3, epochs=6, validation_fraction=0.25, model__units=(8,), random_state=0
    ).fit(X, y)
    folder = tmp_path_factory.mktemp("saved") / "run"
    return SimpleNamespace(clf=clf, X=X, y=y, run=save_run(clf, folder))


@pytest.fixture
def copy(saved, tmp_path):
    """A copy of the run, to change."""
    return shutil.copytree(saved.run.path, tmp_path / "run")
