"""load: one function for every source."""

import os

import numpy as np
import pandas as pd
import pytest

from skensemble.datasets import load

FRAME = pd.DataFrame({"a": [1.5, 2.0], "b": [3, 4], "label": ["x", "y"]})


@pytest.fixture
def sources(tmp_path, write_images):
    """One source of every kind, by its ending."""
    write_images("images/train/cat/1.png", "images/train/dog/1.png", "images/new/1.png")
    FRAME.to_csv(tmp_path / "t.csv", index=False)
    FRAME.to_csv(tmp_path / "T.CSV.gz", index=False, compression="gzip")
    FRAME.to_parquet(tmp_path / "t.parquet")
    FRAME.to_parquet(tmp_path / "t.pq")
    np.savez(tmp_path / "a.npz", x_train=np.ones((2, 3)), y_train=[1, 0], x_new=np.zeros((1, 3)))
    return tmp_path


@pytest.mark.parametrize("name", ["t.csv", "T.CSV.gz", "t.parquet", "t.pq"])
def test_tables(name, sources):
    data = load(sources / name, target="label")
    np.testing.assert_array_equal(data.X, np.array([[1.5, 3], [2, 4]], np.float32))
    assert data.y.tolist() == ["x", "y"]
    assert data.feature_names == ("a", "b")
    some = load(str(sources / name), target="label", columns=["b"], labelled=False)
    assert some.X.tolist() == [[3], [4]]
    assert load(sources / name, columns=("b", "a"), labelled=False).y is None


def test_folders_and_archives(sources):
    images = load(sources / "images", subset="train", image_size=(2, 3))
    assert images.X.shape == (2, 2, 3, 3)
    assert images.y.tolist() == ["cat", "dog"]
    assert load(sources / "images", subset="new", labelled=False).y is None
    assert load(sources / "a.npz", subset="train").y.tolist() == [1, 0]
    assert load(sources / "a.npz", subset="new", labelled=False).X.shape == (1, 3)


def test_unreadable_images_are_skipped(sources):
    (sources / "images" / "train" / "cat" / "2.png").write_bytes(b"")
    data = load(sources / "images", subset="train", on_unreadable="skip")
    assert data.skipped == ("train/cat/2.png",)


SOURCES = (
    "source must be 'cifar10', 'cifar100', a folder of images, or a file that ends in .npz, .csv, "
    ".csv.gz, .parquet or .pq, got "
)


def test_unknown_sources(tmp_path, message_of):
    assert message_of(ValueError, load, "cifar-10") == (
        f"{SOURCES}'cifar-10' instead: there is no such folder; check the name."
    )
    (tmp_path / "t.xlsx").write_bytes(b"")
    assert message_of(ValueError, load, os.fsencode(tmp_path / "t.xlsx").decode()) == (
        f"{SOURCES}'{tmp_path}/t.xlsx' instead: there is a file of this name; check the name."
    )
    assert message_of(TypeError, load, 10) == (
        "source must be a string or a path, got 10 instead: pass the name of a file or a folder."
    )
    for name in ("t.csv", "t.npz", "t.pq"):
        assert message_of(FileNotFoundError, load, tmp_path / name) == (
            f"path must be a file that exists, got '{tmp_path / name}' instead: check its name."
        )


@pytest.mark.parametrize("source", ["images/train", "a.npz", "t.csv", "t.pq"])
def test_labelled_is_a_flag(source, sources, message_of):
    assert message_of(TypeError, load, sources / source, labelled="no") == (
        "labelled must be True or False, got 'no' instead: False reads rows without labels."
    )


@pytest.mark.parametrize(
    ("source", "options", "message"),
    [
        ("cifar10", {"image_size": (8, 8)}, "image_size must be None for cifar10, got (8, 8)"),
        ("cifar100", {"target": "y"}, "target must be None for cifar100, got 'y'"),
        ("images", {"target": "y"}, "target must be None for a folder of images, got 'y'"),
        ("images", {"columns": ["a"]}, "columns must be None for a folder of images, got ['a']"),
        ("a.npz", {"target": "y"}, "target must be None for an .npz file, got 'y'"),
        ("a.npz", {"image_size": (8, 8)}, "image_size must be None for an .npz file, got (8, 8)"),
        ("t.csv", {"subset": "train"}, "subset must be None for a table, got 'train'"),
        ("t.pq", {"image_size": (8, 8)}, "image_size must be None for a table, got (8, 8)"),
    ],
    ids=[
        *("cifar10-image_size", "cifar100-target", "folder-target", "folder-columns"),
        *("npz-target", "npz-image_size", "csv-subset", "parquet-image_size"),
    ],
)
def test_parameters_that_do_not_apply(source, options, message, sources, message_of):
    source = source if source.startswith("cifar") else sources / source
    assert message_of(ValueError, load, source, **options) == f"{message} instead: leave it out."
