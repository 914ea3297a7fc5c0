"""Load a data set from any source."""

import os
from collections.abc import Sequence
from typing import Any

from skensemble._validation import check_choice, must_be
from skensemble.datasets._cifar import load_cifar10, load_cifar100
from skensemble.datasets._dataset import Dataset, text_of
from skensemble.datasets._image_folder import load_image_folder
from skensemble.datasets._npz import load_npz
from skensemble.datasets._tables import load_csv, load_parquet

_CIFAR = {"cifar10": load_cifar10, "cifar100": load_cifar100}
_SOURCES = (
    "'cifar10', 'cifar100', a folder of images, or a file that ends in .npz, .csv, .csv.gz, "
    ".parquet or .pq"
)


def load(
    source: str | os.PathLike[str],
    *,
    subset: str | None = None,
    target: str | None = None,
    columns: Sequence[str] | None = None,
    image_size: tuple[int, int] | None = None,
    on_unreadable: str = "raise",
    labelled: bool = True,
) -> Dataset:
    """Load a data set by its name, or from a folder or a file.

    Parameters
    ----------
    source : str or path
        ``"cifar10"`` or ``"cifar100"`` (write ``"./cifar10"`` for a folder of that name), a folder
        of images, or a file: ``.npz``, ``.csv``, ``.csv.gz``, ``.parquet``, ``.pq``.
    subset : str, optional
        Part of CIFAR (``"train"``, the default, ``"test"`` or ``"all"``), of a folder, or of an
        ``.npz`` file.
    target : str, optional
        For tables, the column with the labels.
    columns : sequence of str, optional
        For tables, the features. Default: all other columns.
    image_size : tuple of int, optional
        For folders, the height and width to which images are resized.
    on_unreadable : {"raise", "skip"}, default="raise"
        For folders, what to do with images that cannot be read.
    labelled : bool, default=True
        False, for prediction: labels may be missing; ``y`` is then None.

    Returns
    -------
    Dataset

    Raises
    ------
    ValueError
        If the source is none of these, or a parameter does not apply to it. Also the errors of
        the source's own loader.

    See Also
    --------
    load_cifar10, load_cifar100, load_image_folder, load_npz, load_csv, load_parquet

    Examples
    --------
    >>> import os, tempfile
    >>> import numpy as np
    >>> from skensemble.datasets import load
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = os.path.join(folder, "data.npz")
    ...     np.savez(path, X=np.zeros((3, 2)), y=["a", "b", "a"])
    ...     load(path)
    Dataset(X: float64 (3, 2), y: 2 classes)
    """
    fix = "'skip' leaves such images out"
    check_choice("on_unreadable", on_unreadable, ("raise", "skip"), fix=fix)
    path = text_of("source", source)
    name = path.lower()
    table = {"target": target, "columns": columns}
    if path in _CIFAR:
        _refuse(path, image_size=image_size, **table)
        return _CIFAR[path]("train" if subset is None else subset)
    if os.path.isdir(path):
        _refuse("a folder of images", **table)
        options: dict[str, Any] = {"image_size": image_size, "on_unreadable": on_unreadable}
        return load_image_folder(path, subset=subset, labelled=labelled, **options)
    if name.endswith(".npz"):
        _refuse("an .npz file", image_size=image_size, **table)
        return load_npz(path, subset=subset, labelled=labelled)
    if name.endswith((".csv", ".csv.gz", ".parquet", ".pq")):
        _refuse("a table", image_size=image_size, subset=subset)
        read = load_csv if name.endswith((".csv", ".csv.gz")) else load_parquet
        return read(path, target, columns=columns, labelled=labelled)
    found = "there is a file of this name" if os.path.exists(path) else "there is no such folder"
    raise ValueError(must_be("source", _SOURCES, path, f"{found}; check the name"))


def _refuse(source: str, **parameters: Any) -> None:
    for name, value in parameters.items():
        if value is not None:
            raise ValueError(must_be(name, f"None for {source}", value, "leave it out"))
