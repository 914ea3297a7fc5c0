"""Data in files, and runs that are trained once."""

import contextlib
import json
import os

import numpy as np
import pytest

from runs import own_run, trained  # noqa: F401
from skensemble.cli import main


@pytest.fixture(scope="session")
def files(tmp_path_factory):
    """A folder with ``images.npz`` (8×8, three classes by brightness) and ``table.csv``."""
    folder = tmp_path_factory.mktemp("data")
    rng = np.random.default_rng(0)
    y = rng.permutation(np.repeat(np.arange(3), 40))
    images = rng.integers(0, 160, (120, 8, 8, 3)) + 40 * y[:, None, None, None]
    labels = np.array(["cat", "dog", "owl"])[y]
    np.savez(folder / "images.npz", X=images.astype(np.uint8), y=labels)
    features = rng.normal(size=(120, 3)) * [1, 2, 0.5] + np.outer(2 * y, [1, 0, 0])
    lines = [
        ",".join([*map(repr, row), label])
        for row, label in zip(features.tolist(), labels, strict=True)
    ]
    (folder / "table.csv").write_text("\n".join(["a,b,c,kind", *lines]) + "\n")
    # Another order of columns, and no labels.
    lines = [",".join(map(repr, row[::-1])) for row in features[:4].tolist()]
    (folder / "new.csv").write_text("\n".join(["c,b,a", *lines]) + "\n")
    return folder


# Without normalisation these networks share their traces.
TRAIN = ("--M", "3", "--nb_epoch", "6", "--alpha-zero", "0.05", "--validation-fraction", "0.25")
TRAIN += ("--normalize", "none")


@pytest.fixture(scope="session")
def image_run(files, tmp_path_factory):
    """A run of a small Wide ResNet; not to be changed."""
    out = tmp_path_factory.mktemp("runs") / "images"
    arguments = ["train", "--data", str(files / "images.npz"), "--out", str(out), *TRAIN]
    arguments += ["--model", "wrn", "--wrn_N", "1", "--wrn_k", "1", "--batch-size", "16"]
    arguments += ["--normalize", "data"]
    assert silent(main, arguments) == 0
    return out


@pytest.fixture(scope="session")
def table_run(files, tmp_path_factory):
    """A run of dense blocks on a table; not to be changed."""
    out = tmp_path_factory.mktemp("runs") / "table"
    assert silent(main, [*train_table(files, out)]) == 0
    return out


def train_table(files, out):
    """Arguments that train on the table."""
    data = ["--data", str(files / "table.csv"), "--target", "kind"]
    return ["train", *data, "--out", str(out), *TRAIN]


def silent(function, *args):
    """Call a function, without what it prints."""
    with open(os.devnull, "w") as nowhere, contextlib.redirect_stdout(nowhere):
        return function(*args)


@pytest.fixture
def run_main(capsys):
    """Call ``main`` with strings or paths; the exit code, standard output and error."""

    def call(*arguments):
        code = main([*map(str, arguments)])
        captured = capsys.readouterr()
        return code, captured.out, captured.err

    return call


@pytest.fixture
def json_of(run_main):
    """Call ``main`` with ``--json``; what it prints."""

    def call(*arguments):
        code, out, err = run_main(*arguments, "--json")
        assert code == 0, err
        assert out.count("\n") == 1
        return json.loads(out)

    return call
