"""CIFAR-10 and CIFAR-100, through Keras."""

import contextlib
import os
import sys
from http.client import HTTPException
from importlib import import_module
from threading import Lock
from typing import Any

import numpy as np

from skensemble._validation import Described, check_choice, must_be
from skensemble.datasets._dataset import Dataset
from skensemble.datasets._rows import split

# Names of the classes, in the order of Keras's labels. Those of CIFAR-100 are the
# ``fine_label_names`` of the original files, which Keras leaves out.
_CLASSES = {
    "CIFAR-10": "airplane automobile bird cat deer dog frog horse ship truck",
    "CIFAR-100": """
apple aquarium_fish baby bear beaver bed bee beetle bicycle bottle
bowl boy bridge bus butterfly camel can castle caterpillar cattle
chair chimpanzee clock cloud cockroach couch crab crocodile cup dinosaur
dolphin elephant flatfish forest fox girl hamster house kangaroo keyboard
lamp lawn_mower leopard lion lizard lobster man maple_tree motorcycle mountain
mouse mushroom oak_tree orange orchid otter palm_tree pear pickup_truck pine_tree
plain plate poppy porcupine possum rabbit raccoon ray road rocket
rose sea seal shark shrew skunk skyscraper snail snake spider
squirrel streetcar sunflower sweet_pepper table tank telephone television tiger tractor
train trout tulip turtle wardrobe whale willow_tree wolf woman worm
""",
}

# sys.stdout belongs to all threads: two that restore it in turn could leave it replaced.
_stdout_lock = Lock()


def load_cifar10(subset: str = "train") -> Dataset:
    """CIFAR-10: 32 × 32 images of ten classes (Krizhevsky, 2009).

    Keras downloads its 170 MB on first use and keeps them in ``~/.keras/datasets``. Its output goes
    to standard error.

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
        If the data have not been downloaded yet and cannot be.

    Examples
    --------
    >>> from skensemble.datasets import load_cifar10
    >>> data = load_cifar10("test")                                 # doctest: +SKIP
    >>> data                                                        # doctest: +SKIP
    Dataset(X: uint8 (10000, 32, 32, 3), y: 10 classes)
    """
    return Dataset(*_arrays("CIFAR-10", subset))


def load_cifar100(subset: str = "train") -> Dataset:
    """CIFAR-100: 32 × 32 images of a hundred classes (Krizhevsky, 2009).

    Parameters
    ----------
    subset : {"train", "test", "all"}, default="train"
        The 50,000 training images, the 10,000 test images, or both in this order.

    Returns
    -------
    Dataset
        As from `load_cifar10`. The classes are the hundred fine ones, with the names in the
        original files: apple, aquarium_fish, …, worm.

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
    return Dataset(*_arrays("CIFAR-100", subset))


def load_cifar10_split() -> tuple[tuple[np.ndarray, np.ndarray], ...]:
    """CIFAR-10 in 49,000 rows for training, 1,000 for validation and 10,000 for the test.

    The parts of the project keras_ensemble_cifar10: the first 49,000 training images in the order
    of the files, the next 1,000, and all test images. They are views of one array.

    Returns
    -------
    (X_train, y_train), (X_val, y_val), (X_test, y_test)
        Images and labels as from `load_cifar10`.

    Raises
    ------
    ConnectionError
        As `load_cifar10`.

    See Also
    --------
    split : The same for any rows, also at random.

    Examples
    --------
    >>> from skensemble.datasets import load_cifar10_split
    >>> train, val, test = load_cifar10_split()                     # doctest: +SKIP
    >>> len(train[1]), len(val[1]), len(test[1])                    # doctest: +SKIP
    (49000, 1000, 10000)
    """
    X, y = _arrays("CIFAR-10", "all")
    return tuple(split(X, y, (49_000, 1_000, 10_000)))


def _arrays(title: str, subset: str) -> tuple[np.ndarray, np.ndarray]:
    check_choice("subset", subset, ("train", "test", "all"), fix=f"these are the parts of {title}")
    train, test = _load_quietly(title)
    parts = {"train": [train], "test": [test], "all": [train, test]}[subset]
    # Keras returns channels first if configured so, and otherwise a transposed view.
    images = [X if X.shape[-1] == 3 else X.transpose(0, 2, 3, 1) for X, _ in parts]
    X = np.empty((sum(map(len, images)), *images[0].shape[1:]), np.uint8)
    np.concatenate(images, out=X)
    y = np.concatenate([labels.reshape(-1) for _, labels in parts])
    return X, np.array(_CLASSES[title].split())[y]


def _load_quietly(title: str) -> Any:
    loader = import_module(f"keras.datasets.{title.lower().replace('-', '')}")
    try:
        with _stdout_lock, contextlib.redirect_stdout(sys.stderr):
            return loader.load_data()
    except Exception as error:
        # Keras raises bare exceptions where a download fails.
        of_keras = str(error).startswith(("URL fetch failure", "Incomplete or corrupted file"))
        if not of_keras and not isinstance(error, ConnectionError | TimeoutError | HTTPException):
            raise
        cache = os.path.join(os.environ.get("KERAS_HOME", os.path.join("~", ".keras")), "datasets")
        must = f"in {cache}, where Keras keeps it once it is downloaded"
        got = Described("a download that failed")
        fix = "connect to the network this once, or load a folder of images or an .npz file in its"
        fix += f" place ({str(error).rstrip('.')})"
        raise ConnectionError(must_be(title, must, got, fix)) from error
