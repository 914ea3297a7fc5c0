"""List the images of a folder with their classes."""

import os
from dataclasses import dataclass

from skensemble._validation import Described, must_be
from skensemble.datasets._sources import check_labelled, listed, text_of

SUFFIXES = (
    *(".bmp", ".gif", ".jfif", ".jpeg", ".jpg", ".pbm", ".pgm", ".png", ".pnm", ".ppm"),
    *(".tif", ".tiff", ".webp"),
)


@dataclass(frozen=True)
class ImageFiles:
    """Images in order: by class, then by name."""

    path: str  # names are relative to it
    folder: str  # contains the class folders, or the images
    names: list[str]
    classes: list[str] | None
    counts: list[int]  # images of each class


def find_images(path, subset: str | None, *, labelled: bool) -> ImageFiles:
    """List the images of class folders, or if not labelled, of the folder itself."""
    check_labelled(labelled)
    path = folder = _existing_folder(path)
    within = ""
    if subset is not None:
        folders, _ = _scan(path)
        if subset not in folders:
            fix = f"it has {listed(folders)}" if folders else "it has none; leave subset out"
            raise ValueError(must_be("subset", f"a folder in {path}", subset, fix))
        folder, within = os.path.join(path, subset), f"{subset}/"
    folders, loose = _scan(folder)
    inside = {name: _scan(os.path.join(folder, name)) for name in folders}
    # Folders such as train, with the class folders one level below: train/cat/1.jpg.
    nested = [name for name, (below, images) in inside.items() if below and not images]
    if nested and subset is None and (labelled or not loose):
        must = f"one of the folders of {path} that hold class folders, {listed(nested)}"
        example = "train" if "train" in nested else nested[0]
        fix = f"pass the one to read, as in subset={example!r}"
        raise ValueError(must_be("subset", must, subset, fix))
    if loose and any(images for _, images in inside.values()):
        what = f"the images of {folder}"
        got = Described(f"{len(loose)} beside the class folders")
        fix = f"move {listed(loose, 3)} into one"
        raise ValueError(must_be(what, "all in class folders, or none", got, fix))
    if loose and not labelled:
        return ImageFiles(path, folder, [within + name for name in loose], None, [len(loose)])
    if not folders:
        raise _without_images(folder, loose, labelled)
    empty = [name for name, (_, images) in inside.items() if not images]
    if empty:
        raise without_any(folder, empty)
    names = [f"{within}{name}/{image}" for name, (_, images) in inside.items() for image in images]
    return ImageFiles(path, folder, names, folders, [len(found) for _, found in inside.values()])


def without_any(folder: str, classes: list[str]) -> ValueError:
    """Return an error about class folders without images."""
    what = f"every class folder of {folder}"
    got = Described(f"none in {listed(classes, 5)}")
    fix = "put images directly into it, or remove it"
    return ValueError(must_be(what, "one with images that can be read", got, fix))


def _without_images(folder: str, loose: list[str], labelled: bool) -> ValueError:
    must, fix = "one with images, or with class folders", f"images end in {', '.join(SUFFIXES)}"
    if labelled:
        must = "one with a folder of images for each class, class/name.jpg"
        fix = "put the images of each class into a folder of that name"
        fix += ", or pass labelled=False to read them without labels" if loose else ""
    got = Described(f"{len(loose)} images and no folder" if loose else "no images and no folder")
    return ValueError(must_be(folder, must, got, fix))


def _existing_folder(path) -> str:
    text = text_of("path", path)
    if os.path.isfile(text):
        fix = "it is a file; load reads .npz, .csv and .parquet files"
        raise NotADirectoryError(must_be("path", "a folder", text, fix))
    if not os.path.isdir(text):
        raise FileNotFoundError(must_be("path", "a folder that exists", text, "check its name"))
    return text


def _scan(folder: str) -> tuple[list[str], list[str]]:
    """Sorted names of the folders and of the images in a folder, without hidden ones."""
    with os.scandir(folder) as entries:
        visible = sorted((e.name, e.is_dir()) for e in entries if not e.name.startswith("."))
    images = [name for name, is_dir in visible if not is_dir and name.lower().endswith(SUFFIXES)]
    return [name for name, is_dir in visible if is_dir], images
