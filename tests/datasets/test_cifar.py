"""CIFAR-10 and CIFAR-100: arrays, names, and errors without a network."""

import socket
import urllib.error

import keras
import numpy as np
import pytest
from keras.src.utils import file_utils

from skensemble.datasets import load, load_cifar10, load_cifar10_split, load_cifar100

TEN = ["airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck"]


def fake(n_train, n_test, n_classes, first=False):
    """What ``load_data`` returns: transposed images, labels in a column."""
    random = np.random.default_rng(0)
    parts = []
    for n in (n_train, n_test):
        X = random.integers(0, 256, (n, 3, 32, 32), dtype=np.uint8)
        y = (np.arange(n) * 7 % n_classes).astype(np.uint8)[:, None]
        parts.append((X if first else X.transpose(0, 2, 3, 1), y))
    return tuple(parts)


@pytest.fixture
def cifar10(monkeypatch):
    parts = fake(30, 20, 10)
    monkeypatch.setattr(keras.datasets.cifar10, "load_data", lambda: parts)
    return parts


@pytest.mark.parametrize("subset", ["train", "test", "all"])
def test_images_and_names(subset, cifar10):
    data = load_cifar10(subset)
    parts = {"train": cifar10[:1], "test": cifar10[1:], "all": cifar10}[subset]
    np.testing.assert_array_equal(data.X, np.concatenate([X for X, _ in parts]))
    assert data.y.tolist() == [TEN[i] for _, y in parts for i in y[:, 0]]
    assert data.X.flags.c_contiguous
    assert data.X.dtype == np.uint8


def test_channels_are_last_with_every_setting_of_keras(monkeypatch):
    parts = fake(4, 3, 10, first=True)
    monkeypatch.setattr(keras.datasets.cifar10, "load_data", lambda: parts)
    np.testing.assert_array_equal(load_cifar10("test").X, parts[1][0].transpose(0, 2, 3, 1))


def test_names_of_cifar100(monkeypatch):
    parts = fake(100, 100, 100)
    monkeypatch.setattr(keras.datasets.cifar100, "load_data", lambda: parts)
    data = load_cifar100()
    names = np.unique(data.y)
    assert len(names) == 100
    # The labels are in alphabetical order.
    np.testing.assert_array_equal(names[parts[0][1][:, 0]], data.y)
    assert names[[0, 1, 23, 48, 99]].tolist() == [
        *("apple", "aquarium_fish", "cloud", "motorcycle", "worm")
    ]


def test_the_split_of_keras_ensemble_cifar10(monkeypatch):
    X, y = np.zeros((60_000, 1, 1, 3), np.uint8), np.arange(60_000)[:, None] * 3 % 10
    X[:, 0, 0, 0], X[:, 0, 0, 1] = np.arange(60_000) % 256, np.arange(60_000) // 256
    parts = (X[:50_000], y[:50_000]), (X[50_000:], y[50_000:])
    monkeypatch.setattr(keras.datasets.cifar10, "load_data", lambda: parts)
    split = load_cifar10_split()
    for (images, labels), (start, end) in zip(
        split, [(0, 49_000), (49_000, 50_000), (50_000, 60_000)], strict=True
    ):
        np.testing.assert_array_equal(images, X[start:end])
        np.testing.assert_array_equal(labels, np.array(TEN)[y[start:end, 0]])
    assert split[0][0].base is split[2][0].base


@pytest.mark.parametrize("read", [load_cifar10, load_cifar100, load], ids=lambda f: f.__name__)
def test_subset(read, message_of):
    title = "CIFAR-100" if read is load_cifar100 else "CIFAR-10"
    call = (lambda subset: load("cifar10", subset=subset)) if read is load else read
    assert message_of(ValueError, call, "val") == (
        "subset must be one of 'train', 'test', 'all', got 'val' instead: these are the parts of "
        f"{title}."
    )


@pytest.fixture
def no_network(tmp_path, monkeypatch):
    """Keras's own download, into an empty folder, over a network that raises ``error``."""

    def no_network(error):
        def urlretrieve(url, path, progress):
            progress(0, 1000, 2000)
            if isinstance(error, Exception):
                raise error
            with open(path, "wb") as file:
                file.write(error)

        monkeypatch.setattr(file_utils, "urlretrieve", urlretrieve)
        monkeypatch.setattr(file_utils.config, "keras_home", lambda: str(tmp_path))

    return no_network


URL = "https://www.cs.toronto.edu/~kriz/cifar-10-python.tar.gz"
ERRORS = {
    "no-name": (
        urllib.error.URLError(socket.gaierror(-2, "Name or service not known")),
        f"URL fetch failure on {URL}: None -- [Errno -2] Name or service not known",
    ),
    "forbidden": (
        urllib.error.HTTPError(URL, 403, "Forbidden", None, None),
        f"URL fetch failure on {URL}: 403 -- Forbidden",
    ),
    "cut": (ConnectionResetError(104, "Connection reset by peer"), "[Errno 104] Connection reset"),
    "timeout": (TimeoutError("The read operation timed out"), "The read operation timed out"),
    "corrupted": (b"not the archive", "Incomplete or corrupted file detected. The "),
}


@pytest.mark.parametrize(("error", "reason"), ERRORS.values(), ids=ERRORS)
def test_without_a_network(error, reason, no_network, message_of, capsys, monkeypatch):
    monkeypatch.delenv("KERAS_HOME", raising=False)
    no_network(error)
    message = message_of(ConnectionError, load_cifar10)
    before, _, original = message.partition(" (")
    assert before == (
        "CIFAR-10 must be in ~/.keras/datasets, where Keras keeps it once it is downloaded, got a "
        "download that failed instead: connect to the network this once, or load a folder of "
        "images or an .npz file in its place"
    )
    assert original.startswith(reason)
    assert original.endswith(").")
    assert not original.endswith(".).")
    out, err = capsys.readouterr()
    assert out == ""
    assert f"Downloading data from {URL}" in err


def test_the_error_has_its_cause_and_the_folder_of_keras(no_network, monkeypatch):
    monkeypatch.setenv("KERAS_HOME", "/somewhere/keras")
    no_network(ERRORS["no-name"][0])
    with pytest.raises(
        ConnectionError, match="^CIFAR-100 must be in /somewhere/keras/datasets, "
    ) as e:
        load("cifar100")
    assert str(e.value.__cause__).startswith("URL fetch failure on ")


def test_other_errors_are_not_taken_for_a_missing_network(monkeypatch):
    def load_data():
        raise ValueError("a bug")

    monkeypatch.setattr(keras.datasets.cifar10, "load_data", load_data)
    with pytest.raises(ValueError, match="^a bug$"):
        load_cifar10()
