"""Images in folders, one for each class."""

import os

import numpy as np

from skensemble._validation import check_choice, check_image_size
from skensemble.datasets._dataset import Dataset
from skensemble.datasets._decoding import read_images
from skensemble.datasets._image_files import find_images, without_any
from skensemble.datasets._sources import import_extra


def load_image_folder(
    path: str | os.PathLike[str],
    *,
    subset: str | None = None,
    image_size: tuple[int, int] | None = None,
    on_unreadable: str = "raise",
    labelled: bool = True,
) -> Dataset:
    """Load images from class folders: ``path/cat/1.jpg``, ``path/dog/2.jpg``.

    The label of an image is the name of its folder. Rows are sorted by class, and within a class
    by file name. Hidden files, files without the ending of an image, and folders within class
    folders are ignored.

    Parameters
    ----------
    path : str or path
        A folder with class folders.
    subset : str, optional
        A folder in ``path`` with the class folders: ``"train"`` for ``path/train/cat/1.jpg``.
    image_size : tuple of int, optional
        Height and width, in pixels. Images of another size are resized with Pillow's bilinear
        filter, ignoring their proportions. Default: their own size, which must be the same for
        all.
    on_unreadable : {"raise", "skip"}, default="raise"
        What to do with images that are damaged, truncated, or have more than 8 bits per channel.
        ``"skip"`` leaves them out and lists them in ``skipped``.
    labelled : bool, default=True
        False: the images may also be in ``path`` itself, without class folders; ``y`` is then
        None.

    Returns
    -------
    Dataset
        ``X`` uint8 of shape (n, height, width, 3), RGB, 0 to 255; ``y`` the names of the classes,
        of shape (n,); ``paths`` the file of each row, relative to ``path``. Grey images have
        three equal channels, transparency is dropped, and an animation gives its first image.
        The rotation in the EXIF data of photos is not applied.

    Raises
    ------
    FileNotFoundError, NotADirectoryError
        If ``path`` is no folder.
    TypeError, ValueError
        If there are no class folders, a class folder has no images, images cannot be read (the
        message names them), or they differ in size.
    MemoryError
        If the images are larger than the memory of the machine; nothing is allocated.
    ImportError
        If Pillow is not installed.

    Examples
    --------
    >>> import os, tempfile
    >>> from PIL import Image
    >>> from skensemble.datasets import load_image_folder
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     for name in ("cat", "dog"):
    ...         os.mkdir(os.path.join(folder, name))
    ...         Image.new("RGB", (6, 4), "red").save(os.path.join(folder, name, "1.png"))
    ...     data = load_image_folder(folder)
    >>> data
    Dataset(X: uint8 (2, 4, 6, 3), y: 2 classes)
    >>> data.paths
    ('cat/1.png', 'dog/1.png')
    """
    size = None
    if image_size is not None:
        size = check_image_size(image_size, fix="None leaves images as they are")
    choices = ("raise", "skip")
    check_choice("on_unreadable", on_unreadable, choices, fix="'skip' leaves such images out")
    import_extra("PIL.Image", "Pillow", "images")
    files = find_images(path, subset, labelled=labelled)
    X, kept, skipped = read_images(files, size, on_unreadable)
    y = None
    if files.classes is not None:
        labels = np.repeat(np.arange(len(files.classes)), files.counts)[kept]
        counts = np.bincount(labels, minlength=len(files.classes))
        if not counts.all():
            raise without_any(files.folder, [files.classes[i] for i in np.flatnonzero(counts == 0)])
        y = np.array(files.classes)[labels]
    return Dataset(
        X,
        y,
        paths=tuple(files.names[i] for i in kept),
        skipped=tuple(files.names[i] for i in skipped),
    )
