"""Arrays in .npz files."""

import os
import zipfile

import numpy as np

from skensemble._validation import Described, must_be
from skensemble.datasets._dataset import Dataset, check_labelled, existing_file, listed

_WRITE = "write it with numpy.savez(path, X=X, y=y)"


def load_npz(
    path: str | os.PathLike[str], *, subset: str | None = None, labelled: bool = True
) -> Dataset:
    """Load rows and labels from a file of ``numpy.savez``.

    Parameters
    ----------
    path : str or path
        A file with the arrays ``X`` (or ``x``) and ``y``, or with several such pairs, named as in
        Keras: ``x_train``, ``y_train``, ``x_test``, ``y_test``. Only the pair asked for is read,
        and pickled objects are never read.
    subset : str, optional
        The pair to read: ``"train"`` for ``x_train`` (or ``X_train``) and ``y_train``. Default:
        ``X`` and ``y``.
    labelled : bool, default=True
        False: ``y`` may be missing.

    Returns
    -------
    Dataset
        ``X`` as in the file; ``y`` of shape (n,), also if it is (n, 1) in the file.

    Raises
    ------
    FileNotFoundError
        If there is no such file.
    TypeError, ValueError
        If it is not an .npz file, does not have these arrays, has arrays of objects, or has
        labels that do not fit the rows.

    Examples
    --------
    >>> import os, tempfile
    >>> import numpy as np
    >>> from skensemble.datasets import load_npz
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = os.path.join(folder, "data.npz")
    ...     np.savez(path, x_test=np.zeros((3, 2)), y_test=np.array([0, 1, 1]))
    ...     load_npz(path, subset="test")
    Dataset(X: float64 (3, 2), y: 2 classes)
    """
    check_labelled(labelled)
    file = existing_file(path)
    with open(file, "rb") as opened:
        try:
            arrays = np.load(opened, allow_pickle=False)
            if not isinstance(arrays, np.lib.npyio.NpzFile):
                raise ValueError("one array, not an archive of them")
        except (ValueError, EOFError, zipfile.BadZipFile) as error:
            raise ValueError(must_be(file, "an .npz file", Described(error), _WRITE)) from error
        x_name, y_name = _names(file, arrays.files, subset, labelled)
        X = _array(file, arrays, x_name)
        y = None if y_name is None else _array(file, arrays, y_name)
    if X.dtype.kind not in "biuf" or X.ndim < 2 or not len(X):
        got = Described(f"an array of {X.dtype} and shape {X.shape}")
        must = "numbers of shape (n, ...), at least one row"
        raise ValueError(must_be(f"{x_name} of {file}", must, got, "one row for each example"))
    return Dataset(X, None if y is None else _labels(file, y_name, y, x_name, len(X)))


def _names(file, found, subset, labelled) -> tuple[str, str | None]:
    ending = "" if subset is None else f"_{subset}"
    x_name = next((name for name in (f"X{ending}", f"x{ending}") if name in found), None)
    y_name = f"y{ending}" if f"y{ending}" in found else None
    if x_name is not None and (y_name is not None or not labelled):
        return x_name, y_name
    subsets = sorted(name[2:] for name in found if name.startswith(("x_", "X_")))
    if x_name is None and subset is None and subsets:
        must = f"one of those in {file}, {listed(subsets)}"
        fix = f"pass the one to read, as in subset={subsets[-1]!r}"
        raise ValueError(must_be("subset", must, subset, fix))
    wanted = f"X{ending} (or x{ending})" + (f" and y{ending}" if labelled else "")
    fix = f"subset can be {listed(subsets)}" if subsets else "leave subset out"
    if subset is None:
        fix = _WRITE
    if x_name is not None:
        fix = "rows without labels can be read with labelled=False"
    got = Described(listed(found, 10) or "none")
    raise ValueError(must_be(f"the arrays of {file}", wanted, got, fix))


def _array(file, arrays, name) -> np.ndarray:
    try:
        return arrays[name]
    except (ValueError, EOFError, OSError, zipfile.BadZipFile) as error:
        must = "an array of numbers or strings that can be read without pickle"
        what, fix = f"{name} of {file}", "write the file again"
        raise ValueError(must_be(what, must, Described(error), fix)) from error


def _labels(file, name, y, x_name, n) -> np.ndarray:
    what = f"{name} of {file}"
    if y.dtype.kind not in "biufU" or y.shape not in ((n,), (n, 1)):
        must = f"one number or string for each row of {x_name}, of shape ({n},)"
        got = Described(f"an array of {y.dtype} and shape {y.shape}")
        fix = "save the label of each row, of one-hot labels their argmax"
        raise ValueError(must_be(what, must, got, fix))
    if y.dtype.kind == "f" and not np.isfinite(y).all():
        got = Described(f"{np.count_nonzero(~np.isfinite(y))} of {n} rows without")
        raise ValueError(must_be(what, "a finite label for each row", got, "fill or remove them"))
    return y.reshape(n)  # Keras stores a column
