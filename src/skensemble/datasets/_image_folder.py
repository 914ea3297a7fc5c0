"""Images in folders, one for each class."""

import contextlib
import math
import os
from collections.abc import Generator
from concurrent.futures import ThreadPoolExecutor
from functools import partial

import numpy as np

from skensemble._validation import Described, check_choice, check_image_size, must_be
from skensemble.datasets._dataset import Dataset, check_labelled, import_extra, listed, text_of

SUFFIXES = (
    *(".bmp", ".gif", ".jfif", ".jpeg", ".jpg", ".pbm", ".pgm", ".png", ".pnm", ".ppm"),
    *(".tif", ".tiff", ".webp"),
)
# Pillow releases the interpreter lock while it decodes, but threads only help with large images:
# on two cores, they are 0.6 times as fast at 32 x 32 pixels and 3 times as fast at 224 x 224.
_PIXELS_WORTH_THREADS = 128 * 128
_BLOCK = 64  # images decoded ahead
_CGROUP = "/sys/fs/cgroup/memory.max"


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
    if image_size is not None:
        image_size = check_image_size(image_size, fix="None leaves images as they are")
    fix = "'skip' leaves such images out"
    check_choice("on_unreadable", on_unreadable, ("raise", "skip"), fix=fix)
    import_extra("PIL.Image", "Pillow", "images")
    check_labelled(labelled)
    path = _existing_folder(path)
    folder, names, labels = _find_images(path, subset, labelled)
    what = f"the images of {folder}"
    X, kept, unreadable = _read_images(what, path, names, image_size, on_unreadable)
    y = None if labels is None else labels[kept]
    lost = [] if labels is None else np.setdiff1d(labels, labels[kept]).tolist()
    if lost:
        raise _without_any(folder, lost)
    paths, skipped = (tuple(names[i] for i in rows) for rows in (kept, unreadable))
    return Dataset(X, y, paths=paths, skipped=skipped)


def _existing_folder(path) -> str:
    text = text_of("path", path)
    if os.path.isfile(text):
        fix = "it is a file; load reads .npz, .csv and .parquet files"
        raise NotADirectoryError(must_be("path", "a folder", text, fix))
    if not os.path.isdir(text):
        raise FileNotFoundError(must_be("path", "a folder that exists", text, "check its name"))
    return text


def _find_images(path, subset, labelled) -> tuple[str, list[str], np.ndarray | None]:
    """Return the folder of the images, their names from ``path`` on, and their classes if any."""
    folder, within = path, ""
    if subset is not None:
        subsets, _ = _scan(path)
        if subset not in subsets:
            fix = f"it has {listed(subsets)}" if subsets else "it has none; leave subset out"
            raise ValueError(must_be("subset", f"a folder in {path}", subset, fix))
        folder, within = os.path.join(path, subset), f"{subset}/"
    classes, loose = _scan(folder)
    inside = {name: _scan(os.path.join(folder, name)) for name in classes}
    # Folders such as train, with the class folders one level below: train/cat/1.jpg.
    nested = [name for name, (below, images) in inside.items() if below and not images]
    if nested and subset is None and (labelled or not loose):
        must = f"one of the folders of {path} that hold class folders, {listed(nested)}"
        example = "train" if "train" in nested else nested[0]
        fix = f"pass the one to read, as in subset={example!r}"
        raise ValueError(must_be("subset", must, subset, fix))
    if loose and any(images for _, images in inside.values()):
        what, must = f"the images of {folder}", "all in class folders, or none"
        got = Described(f"{len(loose)} beside the class folders")
        raise ValueError(must_be(what, must, got, f"move {listed(loose, 3)} into one"))
    if loose and not labelled:
        return folder, [within + name for name in loose], None
    if not classes:
        must, fix = "one with images, or with class folders", f"images end in {', '.join(SUFFIXES)}"
        if labelled:
            must = "one with a folder of images for each class, class/name.jpg"
            fix = "put the images of each class into a folder of that name"
        if loose:
            fix += ", or pass labelled=False to read them without labels"
        got = Described(f"{len(loose) or 'no'} images and no folder")
        raise ValueError(must_be(folder, must, got, fix))
    empty = [name for name, (_, images) in inside.items() if not images]
    if empty:
        raise _without_any(folder, empty)
    names = [f"{within}{name}/{image}" for name, (_, images) in inside.items() for image in images]
    return folder, names, np.repeat(classes, [len(images) for _, images in inside.values()])


def _scan(folder: str) -> tuple[list[str], list[str]]:
    """Sorted names of the folders and of the images in it, without hidden ones."""
    with os.scandir(folder) as entries:
        visible = sorted((e.name, e.is_dir()) for e in entries if not e.name.startswith("."))
    images = [name for name, is_dir in visible if not is_dir and name.lower().endswith(SUFFIXES)]
    return [name for name, is_dir in visible if is_dir], images


def _without_any(folder: str, classes: list[str]) -> ValueError:
    got = Described(f"none in {listed(classes, 5)}")
    fix = "put images directly into it, or remove it"
    must = "one with images that can be read"
    return ValueError(must_be(f"every class folder of {folder}", must, got, fix))


def _read_images(
    what: str, path: str, names: list[str], size, on_unreadable: str
) -> tuple[np.ndarray, list[int], list[int]]:
    """Return all images in one array, the indices of those in it, and of the unreadable ones."""
    X = None if size is None else _allocated(what, (len(names), *size, 3))
    kept: list[int] = []
    unreadable: dict[int, Exception] = {}
    files = [os.path.join(path, name) for name in names]
    with contextlib.closing(_decoded(files, size)) as results:
        for i, pixels in enumerate(results):
            if isinstance(pixels, Exception):
                unreadable[i] = pixels
                continue
            if X is None:
                X = _allocated(what, (len(names), *pixels.shape))
            if pixels.shape != X.shape[1:]:
                height, width = X.shape[1:3]
                first = names[kept[0]]
                must = f"all of one size, {height} x {width} (height x width) as {first!r}"
                got = Described(f"{pixels.shape[0]} x {pixels.shape[1]} in {names[i]!r}")
                fix = f"resize them all with image_size=({height}, {width})"
                raise ValueError(must_be(what, must, got, fix))
            X[len(kept)] = pixels
            kept.append(i)
    if X is None or not kept or (unreadable and on_unreadable == "raise"):
        bad, error = [names[i] for i in unreadable], next(iter(unreadable.values()))
        got = Described(f"{len(bad)} of {len(names)} that it cannot")
        skip = ", or leave them out with on_unreadable='skip'" if kept else ""
        fix = f"repair or remove {listed(bad, 5)}{skip} (the first one: {error})"
        raise ValueError(must_be(what, "files that Pillow can read", got, fix)) from error
    return X[: len(kept)], kept, list(unreadable)


def _decoded(paths: list[str], size) -> Generator[np.ndarray | Exception]:
    """Yield the pixels or the error of each file; in threads if the first image is large."""
    from PIL import Image

    decode = partial(_decode, size=size)
    is_large = False
    with contextlib.suppress(Exception), Image.open(paths[0]) as image:
        is_large = image.width * image.height >= _PIXELS_WORTH_THREADS
    with ThreadPoolExecutor(min(8, os.cpu_count() or 1)) as pool:
        each = pool.map if is_large else map
        for start in range(0, len(paths), _BLOCK):
            yield from each(decode, paths[start : start + _BLOCK])


def _decode(path: str, size: tuple[int, int] | None) -> np.ndarray | Exception:
    from PIL import Image

    try:
        with Image.open(path) as image:
            image.load()
            rgb = _rgb(image)
    except MemoryError:
        raise
    except Exception as error:  # Pillow raises errors of many kinds for damaged files
        return error
    if size is not None and rgb.size != (size[1], size[0]):
        rgb = rgb.resize((size[1], size[0]), Image.Resampling.BILINEAR)
    return np.asarray(rgb)


def _rgb(image):
    if image.mode == "RGB":
        return image
    if image.mode.startswith(("I", "F")):
        raise ValueError(f"its pixels have more than 8 bits a channel, Pillow's mode {image.mode}")
    if image.mode == "P" and "transparency" in image.info:
        image = image.convert("RGBA")  # Pillow warns about a conversion to RGB
    return image.convert("RGB")


def _allocated(what: str, shape: tuple[int, ...]) -> np.ndarray:
    size, limit = math.prod(shape), memory_limit()
    if limit is not None and size > limit:
        must = f"at most {limit / 1e9:.1f} GB together, the memory of this machine"
        got = Described(f"{size / 1e9:.1f} GB for {shape}")
        fix = "make them smaller, as in image_size=(64, 64), or load fewer"
        raise MemoryError(must_be(what, must, got, fix))
    return np.empty(shape, np.uint8)


def memory_limit() -> int | None:
    """In bytes; None if unknown."""
    limits = []
    with contextlib.suppress(AttributeError, ValueError, OSError):  # not on Windows
        limits.append(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES"))
    # Fails outside of a container, or in one without a limit.
    with contextlib.suppress(OSError, ValueError), open(_CGROUP) as file:
        limits.append(int(file.read()))
    return min((limit for limit in limits if limit > 0), default=None)
