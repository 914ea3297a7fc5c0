"""Data for benchmarks: scikit-learn's own, and those of a folder that the user names.

The folder has a ``load.py`` with ``load(name)``, which returns X and y, and, for images,
``load_cifar10(part, per_class)``, which returns X, y and the names of the classes.
"""

import importlib.util
from pathlib import Path

from sklearn import datasets

BUILT_IN = ("digits", "breast_cancer", "wine", "iris")
EXTERNAL = ("letter", "pendigits", "segment", "spambase")


class DataMissing(Exception):
    """The data are not part of scikit-learn, and there is no ``--data-dir``."""


def load_module(data_dir):
    """Return the module ``load`` of the folder.

    Raises
    ------
    DataMissing
        If there is no folder.
    """
    if data_dir is None:
        raise DataMissing
    spec = importlib.util.spec_from_file_location("load", Path(data_dir) / "load.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def load(name, data_dir=None):
    """Return X, float of shape (n, d), and y of shape (n,), of one data set."""
    if name in BUILT_IN:
        return getattr(datasets, f"load_{name}")(return_X_y=True)
    return load_module(data_dir).load(name)
