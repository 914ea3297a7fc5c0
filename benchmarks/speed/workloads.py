"""What there is to do: data, a network, a budget."""

import sys
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from sklearn.datasets import load_digits
from sklearn.preprocessing import LabelEncoder

# Python looks in the folder that it runs, not in the one above.
sys.path.append(str(Path(__file__).resolve().parents[1]))
from data_folder import DataMissing, load_module

__all__ = ["DataMissing", "Task"]


@dataclass(frozen=True)
class Task:
    """One ensemble to train.

    Parameters
    ----------
    data : {"digits", "letter", "cifar10", "synthetic"}
        Name of the data.
    rows : int or None
        Number of rows, None for all there are.
    network : {"mlp", "mlp_dropout", "cnn"}
        Name of the network.
    width : int
        Units of the hidden layer.
    epochs, M, batch_size, alpha_zero
        As in SnapshotEnsembleClassifier.
    """

    data: str
    rows: int | None = None
    network: str = "mlp"
    width: int = 64
    epochs: int = 40
    M: int = 5
    batch_size: int = 32
    alpha_zero: float = 0.1

    def n_iterations(self, n_rows):
        """Steps of the optimizer for ``n_rows`` rows of training."""
        return self.epochs * -(-n_rows // self.batch_size)

    def load(self, data_dir):
        """Return X, float32 of shape (n, ...), and y, int64 of shape (n,)."""
        X, y = _LOADERS[self.data](self.rows, data_dir)
        return np.ascontiguousarray(X[: self.rows], np.float32), y[: self.rows].astype(np.int64)


def _digits(rows, data_dir):
    X, y = load_digits(return_X_y=True)
    return X / 16, y


def _letter(rows, data_dir):
    X, y = load_module(data_dir).load("letter")
    return X / 15, LabelEncoder().fit_transform(y)


def _cifar10(rows, data_dir):
    X, y, _ = load_module(data_dir).load_cifar10("train", per_class=-(-rows // 10))
    order = np.random.default_rng(0).permutation(len(y))
    return X[order] / np.float32(255), y[order]


def _synthetic(rows, data_dir):
    """Digits again and again, each time with other noise."""
    X, y = _digits(None, None)
    rng = np.random.default_rng(0)
    take = rng.integers(len(y), size=rows)
    return X[take] + rng.normal(scale=0.1, size=(rows, X.shape[1])), y[take]


_LOADERS = {"digits": _digits, "letter": _letter, "cifar10": _cifar10, "synthetic": _synthetic}
