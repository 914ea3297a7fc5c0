"""Dataset: its repr, and which modules its import does not load."""

import dataclasses
import subprocess
import sys

import numpy as np
import pytest

from skensemble import datasets
from skensemble.datasets import Dataset


def test_repr_is_short():
    X = np.zeros((3, 4, 5, 3), np.uint8)
    assert repr(Dataset(X)) == "Dataset(X: uint8 (3, 4, 5, 3))"
    full = Dataset(X, np.array(["b", "a", "b"]), paths=("1", "2", "3"), skipped=("4",))
    assert repr(full) == "Dataset(X: uint8 (3, 4, 5, 3), y: 2 classes, 1 skipped)"


def test_is_frozen():
    with pytest.raises(dataclasses.FrozenInstanceError):
        Dataset(np.zeros((1, 1))).X = None


@pytest.mark.parametrize("name", datasets.__all__)
def test_public_names_have_documentation(name):
    assert getattr(datasets, name).__doc__


def test_import_loads_nothing_heavy():
    heavy = ("tensorflow", "keras", "sklearn", "pandas", "pyarrow", "PIL")
    program = f"import sys, skensemble.datasets\nprint([m for m in {heavy} if m in sys.modules])"
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    assert done.stdout == "[]\n"


@pytest.mark.parametrize(
    ("module", "read", "message"),
    [
        (
            "PIL.Image",
            lambda path: datasets.load_image_folder(path),
            "Reading images needs Pillow, which is not installed",
        ),
        (
            "pandas",
            lambda path: datasets.load_csv(path / "a.csv", "y"),
            "Reading CSV files needs pandas, which is not installed",
        ),
        (
            "pandas",
            lambda path: datasets.load_parquet(path / "a.pq", "y"),
            "Reading Parquet files needs pandas, which is not installed",
        ),
        (
            "pyarrow.parquet",
            lambda path: datasets.load_parquet(path / "a.pq", "y"),
            "Reading Parquet files needs pyarrow, which is not installed",
        ),
    ],
    ids=["images", "csv", "parquet-pandas", "parquet-pyarrow"],
)
def test_missing_packages_are_named(module, read, message, tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, module, None)
    with pytest.raises(ImportError) as caught:
        read(tmp_path)
    assert str(caught.value) == f"{message}: run `pip install skensemble[data]`."
