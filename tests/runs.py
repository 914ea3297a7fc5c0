"""A run that several tests look at."""

import os
import shutil
from types import SimpleNamespace

import numpy as np
import pytest


@pytest.fixture(scope="session")
def trained(tmp_path_factory, digits):
    """A run of two snapshots of a small network, not to be changed, and files of rows: paths."""
    from skensemble.cli import main

    X, y = digits
    letters = np.array(list("abcdefghij"))[y]
    folder = tmp_path_factory.mktemp("trained")
    files = {"train": slice(0, 300), "test": slice(300, 450), "other": slice(450, 600)}
    for name, rows in files.items():
        np.savez(folder / f"{name}.npz", X=X[rows], y=letters[rows])
    arguments = ["--epochs", "8", "--snapshots", "2", "--units", "16", "--alpha-zero", "0.05"]
    data, run = os.fspath(folder / "train.npz"), os.fspath(folder / "run")
    assert main(["train", "--data", data, "--out", run, "--quiet", *arguments]) == 0
    return SimpleNamespace(run=folder / "run", **{name: folder / f"{name}.npz" for name in files})


@pytest.fixture
def own_run(trained, tmp_path):
    """A copy of the run, to change."""
    return shutil.copytree(trained.run, tmp_path / "run")
