"""Split rows into parts, and statistics of their channels."""

from collections.abc import Sequence

import numpy as np

from skensemble._validation import Described, check_flag, check_integer, must_be


def split(
    X: np.ndarray,
    y: np.ndarray,
    sizes: Sequence[int] = (49_000, 1_000),
    *,
    random_state: int | np.random.RandomState | None = None,
    stratify: bool = False,
) -> list[tuple[np.ndarray, np.ndarray]]:
    """Split rows into parts of given sizes: by default the first 49,000 and the next 1,000.

    Without ``random_state``, the parts are views of consecutive rows. The course CS231n, and after
    it the project keras_ensemble_cifar10, split the training images of CIFAR-10 in this way.

    Parameters
    ----------
    X : ndarray of shape (n, ...)
        Rows.
    y : ndarray of shape (n,)
        Labels.
    sizes : sequence of int, default=(49_000, 1_000)
        Rows of each part. Rows beyond their sum are in no part.
    random_state : int, RandomState instance or None, default=None
        None keeps the order of the rows; anything else draws them at random. Needed for rows that
        are sorted by class, as from `load_image_folder`.
    stratify : bool, default=False
        True: the classes have the same proportions in each part; needs ``random_state``.

    Returns
    -------
    list of (X, y)
        One pair for each size; views without ``random_state``, copies with it.

    Raises
    ------
    TypeError, ValueError
        If ``X`` is not an array, there are fewer rows than the sum of the sizes, the rows are
        sorted by class and ``random_state`` is None, or a stratified part is too small for all
        classes.

    Examples
    --------
    >>> import numpy as np
    >>> from skensemble.datasets import split
    >>> X, y = np.arange(10).reshape(5, 2), np.array([0, 1, 0, 1, 0])
    >>> (X_train, y_train), (X_val, y_val) = split(X, y, sizes=(3, 2))
    >>> y_train, y_val
    (array([0, 1, 0]), array([1, 0]))
    """
    check_flag("stratify", stratify, fix="True keeps the proportions of the classes")
    X, y = np.asarray(X), np.asarray(y)
    if X.ndim == 0:
        fix = "rows of a sparse matrix are X[:49_000]"
        raise TypeError(must_be("X", "an array of rows", Described(type(X.item()).__name__), fix))
    if not isinstance(sizes, Sequence | np.ndarray) or isinstance(sizes, str) or not len(sizes):
        fix = "pass the rows of each part, as in sizes=(49_000, 1_000)"
        raise TypeError(must_be("sizes", "integers, one for each part", sizes, fix))
    sizes = [check_integer("sizes", n, minimum=1, fix="pass the rows of each part") for n in sizes]
    if y.ndim != 1 or len(X) != len(y):
        got = Described(f"shapes {X.shape} and {y.shape}")
        raise ValueError(must_be("X and y", "as many rows as labels", got, "pass y of shape (n,)"))
    if sum(sizes) > len(X):
        must = f"at most {len(X)} rows together, as many as X has"
        raise ValueError(must_be("sizes", must, tuple(sizes), "ask for fewer"))
    if random_state is None:
        if stratify:
            fix = "stratified parts are drawn; pass random_state=0, say"
            raise ValueError(must_be("random_state", "given with stratify=True", None, fix))
        n_classes = len(np.unique(y))
        if 1 < n_classes < len(y) and np.count_nonzero(y[1:] != y[:-1]) == n_classes - 1:
            got = Described("rows sorted by class")
            fix = "the first part would lack classes; pass random_state=0, say, to draw the rows"
            raise ValueError(must_be("y", "in mixed order where random_state is None", got, fix))
        ends = np.cumsum(sizes)
        return [(X[end - n : end], y[end - n : end]) for n, end in zip(sizes, ends, strict=True)]
    return [(X[rows], y[rows]) for rows in _random_rows(y, sizes, random_state, stratify)]


def _random_rows(y, sizes, random_state, stratify) -> list[np.ndarray]:
    from sklearn.model_selection import train_test_split
    from sklearn.utils import check_random_state

    random = check_random_state(random_state)
    parts, rest = [], random.permutation(len(y))
    if not stratify:
        return np.split(rest[: sum(sizes)], np.cumsum(sizes)[:-1])
    for size in sizes:
        if size == len(rest):
            parts.append(rest)
            break
        options = {"train_size": size, "stratify": y[rest], "random_state": random}
        try:
            part, rest = train_test_split(rest, **options)
        except ValueError as error:
            must = "such that there is room for every class in each part, and in what is left"
            fix = "make them larger, or take all rows, or leave stratify out"
            raise ValueError(must_be("sizes", must, tuple(sizes), fix)) from error
        parts.append(part)
    return parts


def channel_statistics(X: np.ndarray) -> tuple[list[float], list[float]]:
    """Compute mean and standard deviation of each channel of images, or of each feature.

    They are what the networks of `skensemble.models` take as ``mean`` and ``std``.

    Parameters
    ----------
    X : ndarray of shape (n, ..., c)
        Numbers; read some rows at a time.

    Returns
    -------
    mean, std : list of float
        One value per channel. The standard deviation of one that is constant is given as 1, so
        that nothing is divided by 0.

    Examples
    --------
    >>> channel_statistics(np.array([[0.0, 5.0], [2.0, 5.0]]))
    ([1.0, 5.0], [1.0, 1.0])
    """
    from sklearn.preprocessing import StandardScaler

    scaler = StandardScaler()
    for start in range(0, len(X), 1024):
        rows = X[start : start + 1024].reshape(-1, X.shape[-1])
        scaler.partial_fit(rows.astype(np.float64))
    return scaler.mean_.tolist(), scaler.scale_.tolist()
