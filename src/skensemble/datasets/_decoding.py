"""Pixels of many image files, in one array."""

import contextlib
import math
import os
from collections.abc import Generator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from functools import partial

import numpy as np

from skensemble._validation import Described, must_be
from skensemble.datasets._image_files import ImageFiles
from skensemble.datasets._sources import listed

# Pillow releases the interpreter lock while it decodes, but threads only help with large images:
# on two cores, they are 0.6 times as fast at 32 x 32 pixels and 3 times as fast at 224 x 224.
_PIXELS_WORTH_THREADS = 128 * 128
_BLOCK = 64  # images decoded ahead
_CGROUP = "/sys/fs/cgroup/memory.max"


def read_images(
    files: ImageFiles, size: tuple[int, int] | None, on_unreadable: str
) -> tuple[np.ndarray, list[int], list[int]]:
    """Read all images into one array, allocated once.

    Returns uint8 of shape (n, height, width, 3), the indices of the files in it, and those of the
    files that cannot be read.
    """
    paths = [os.path.join(files.path, name) for name in files.names]
    X = None if size is None else _allocated(files, (*size, 3))
    kept: list[int] = []
    unreadable: dict[int, Exception] = {}
    with closing(_decoded(paths, size)) as results:
        for i, pixels in enumerate(results):
            if isinstance(pixels, Exception):
                unreadable[i] = pixels
                continue
            if X is None:
                X = _allocated(files, pixels.shape)
            if pixels.shape != X.shape[1:]:
                (height, width), found = X.shape[1:3], pixels.shape
                first, other = files.names[kept[0]], files.names[i]
                must = f"all of one size, {height} x {width} (height x width) as {first!r}"
                got = Described(f"{found[0]} x {found[1]} in {other!r}")
                fix = f"resize them all with image_size=({height}, {width})"
                raise ValueError(must_be(f"the images of {files.folder}", must, got, fix))
            X[len(kept)] = pixels
            kept.append(i)
    if not kept or (unreadable and on_unreadable == "raise"):
        names, error = [files.names[i] for i in unreadable], next(iter(unreadable.values()))
        got = Described(f"{len(names)} of {len(files.names)} that it cannot")
        skip = ", or leave them out with on_unreadable='skip'" if kept else ""
        fix = f"repair or remove {listed(names, 5)}{skip} (the first one: {error})"
        what = f"the images of {files.folder}"
        raise ValueError(must_be(what, "files that Pillow can read", got, fix)) from error
    assert X is not None
    return X[: len(kept)], kept, list(unreadable)


def _decoded(paths: list[str], size) -> Generator[np.ndarray | Exception]:
    """Yield the pixels or the error of each file; in threads if the first image is large."""
    from PIL import Image

    decode = partial(_decode, size=size)
    n_pixels = 0
    with contextlib.suppress(Exception), Image.open(paths[0]) as image:
        n_pixels = image.width * image.height
    if n_pixels < _PIXELS_WORTH_THREADS:
        yield from map(decode, paths)
        return
    with ThreadPoolExecutor(min(8, os.cpu_count() or 1)) as pool:
        for start in range(0, len(paths), _BLOCK):
            yield from pool.map(decode, paths[start : start + _BLOCK])


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


def _allocated(files: ImageFiles, image: tuple[int, ...]) -> np.ndarray:
    shape = (len(files.names), *image)
    size, limit = math.prod(shape), memory_limit()
    if limit is not None and size > limit:
        must = f"at most {limit / 1e9:.1f} GB together, the memory of this machine"
        got = Described(f"{size / 1e9:.1f} GB for {shape}")
        fix = "make them smaller, as in image_size=(64, 64), or load fewer"
        raise MemoryError(must_be(f"the images of {files.folder}", must, got, fix))
    return np.empty(shape, np.uint8)


def memory_limit() -> int | None:
    """Memory limit of this process in bytes, or None if unknown."""
    limits = []
    with contextlib.suppress(AttributeError, ValueError, OSError):  # not on Windows
        limits.append(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES"))
    # Fails outside of a container, or in one without a limit.
    with contextlib.suppress(OSError, ValueError), open(_CGROUP) as file:
        limits.append(int(file.read()))
    return min((limit for limit in limits if limit > 0), default=None)
