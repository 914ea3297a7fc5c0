"""CIFAR-10 and CIFAR-100, through Keras."""

from __future__ import annotations

import numpy as np

from skensemble._validation import check_choice
from skensemble.datasets._cifar_names import CIFAR10, CIFAR100
from skensemble.datasets._dataset import Dataset
from skensemble.datasets._download import downloaded
from skensemble.datasets._split import split

_SUBSETS = ("train", "test", "all")


def load_cifar10(subset: str = "train") -> Dataset:
    """CIFAR-10: 32 × 32 images of ten classes (Krizhevsky, 2009).

    Keras downloads it on first use, 170 MB, and keeps it in ``~/.keras/datasets``; what it says on
    the way goes to standard error.

    Parameters
    ----------
    subset : {"train", "test", "all"}, default="train"
        The 50,000 training images, the 10,000 test images, or both in this order.

    Returns
    -------
    Dataset
        ``X`` uint8 of shape (n, 32, 32, 3), RGB, 0 to 255; ``y`` the names of the classes, of
        shape (n,): airplane, automobile, bird, cat, deer, dog, frog, horse, ship, truck.

    Raises
    ------
    ValueError
        If ``subset`` is none of these.
    ConnectionError
        If it is not there and cannot be downloaded.

    Examples
    --------
    >>> from skensemble.datasets import load_cifar10
    >>> data = load_cifar10("test")                                 # doctest: +SKIP
    >>> data                                                        # doctest: +SKIP
    Dataset(X: uint8 (10000, 32, 32, 3), y: 10 classes)
    """
    return Dataset(*_arrays("cifar10", "CIFAR-10", CIFAR10, subset))


def load_cifar100(subset: str = "train") -> Dataset:
    """CIFAR-100: 32 × 32 images of a hundred classes (Krizhevsky, 2009).

    Parameters
    ----------
    subset : {"train", "test", "all"}, default="train"
        The 50,000 training images, the 10,000 test images, or both in this order.

    Returns
    -------
    Dataset
        As of `load_cifar10`. The classes are the hundred fine ones, by the names that the
        original files give them: apple, aquarium_fish, …, worm.

    Raises
    ------
    ValueError, ConnectionError
        As `load_cifar10`.

    Examples
    --------
    >>> from skensemble.datasets import load_cifar100
    >>> data = load_cifar100()                                      # doctest: +SKIP
    >>> data                                                        # doctest: +SKIP
    Dataset(X: uint8 (50000, 32, 32, 3), y: 100 classes)
    """
    return Dataset(*_arrays("cifar100", "CIFAR-100", CIFAR100, subset))


def load_cifar10_split() -> tuple[tuple[np.ndarray, np.ndarray], ...]:
    """CIFAR-10 in the parts of the second of the earlier projects: 49,000, 1,000 and 10,000.

    The first 49,000 training images, in the order of the files, train; the next 1,000 validate;
    the 10,000 test images test. The parts are views of one array.

    Returns
    -------
    (X_train, y_train), (X_val, y_val), (X_test, y_test)
        Images and labels as of `load_cifar10`.

    Raises
    ------
    ConnectionError
        As `load_cifar10`.

    See Also
    --------
    split : The same for other images, and at random.

    Examples
    --------
    >>> from skensemble.datasets import load_cifar10_split
    >>> train, val, test = load_cifar10_split()                     # doctest: +SKIP
    >>> len(train[1]), len(val[1]), len(test[1])                    # doctest: +SKIP
    (49000, 1000, 10000)
    """
    X, y = _arrays("cifar10", "CIFAR-10", CIFAR10, "all")
    return tuple(split(X, y, (49_000, 1_000, 10_000)))


def _arrays(
    module: str, title: str, names: tuple[str, ...], subset: str
) -> tuple[np.ndarray, np.ndarray]:
    check_choice("subset", subset, _SUBSETS, fix=f"these are the parts of {title}")
    train, test = downloaded(module, title)
    parts = {"train": [train], "test": [test], "all": [train, test]}[subset]
    # Keras gives channels first where its configuration says so, and otherwise a transposed view.
    images = [X if X.shape[-1] == 3 else X.transpose(0, 2, 3, 1) for X, _ in parts]
    X = np.empty((sum(map(len, images)), *images[0].shape[1:]), np.uint8)
    np.concatenate(images, out=X)
    y = np.concatenate([labels.reshape(-1) for _, labels in parts])
    return X, np.array(names)[y]
