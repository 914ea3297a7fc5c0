"""Files of weights: how they are read, and how they are written."""

import contextlib
import glob
import os
import re
import shutil
import tempfile
import zipfile
from collections.abc import Sequence
from typing import NamedTuple

import h5py
import keras

from skensemble._validation import Described, must_be
from skensemble.networks import final_variables
from skensemble.snapshots import Snapshot, SnapshotBank

SUFFIX = ".weights.h5"
_NUMBERED = re.compile(r"(.*?)(\d+)(\.weights\.h5|\.keras)")
_PATHS = "a list of files, a pattern such as 'weights/Model-*.weights.h5', or a folder"


def load_snapshots(
    model: keras.Model, paths: str | os.PathLike[str] | Sequence[str | os.PathLike[str]]
) -> SnapshotBank:
    """Read snapshots from files of weights.

    Every file is checked against the model before any is loaded.

    Parameters
    ----------
    model : keras.Model
        The network that the snapshots were trained with; built, compiled or not. It is not
        changed.
    paths : list of str or path, or str or path
        Files in the order of their cycles, a pattern (``"weights/Model-*.weights.h5"``), or a
        folder. From a pattern or a folder, all files with a number at the end of their name are
        read in the order of the numbers, which must be consecutive; so the file of the best
        weights is not read. The files are ``.weights.h5`` or ``.keras`` files of Keras 3.

    Returns
    -------
    SnapshotBank
        The first file is cycle 1, and so on. A file does not say at which iteration it was written:
        ``iteration`` is 0.

    Raises
    ------
    TypeError
        If ``model`` is no Keras model, or ``paths`` no paths.
    FileNotFoundError
        If a file does not exist; the message lists its folder.
    ValueError
        If the model is not built, there is no file, or a file is damaged or of another
        architecture; the message names the first layer that differs and both its shapes.

    See Also
    --------
    SnapshotCallback : Writes such files.

    Examples
    --------
    >>> import os, tempfile
    >>> import keras
    >>> from skensemble import load_snapshots
    >>> model = keras.Sequential([keras.Input((2,)), keras.layers.Dense(1)])
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     for i in (1, 2):
    ...         model.save_weights(os.path.join(folder, f"Model-{i}.weights.h5"))
    ...     load_snapshots(model, os.path.join(folder, "Model-*.weights.h5"))
    SnapshotBank(2 snapshots of 3 weights, cycles 1 to 2)
    """
    if not isinstance(model, keras.Model):
        fix = "pass the network that the snapshots were trained with"
        raise TypeError(must_be("model", "a Keras model", model, fix))
    if not model.built:
        must = "built, so that its weights can be compared with the files"
        fix = "call it on a few rows, or build(input_shape)"
        raise ValueError(must_be("model", must, Described("a model that is not built"), fix))
    files = _files(paths)
    expected = _structure_of_model(model)
    for path in files:
        _check_same(path, expected, _structure_of_file(path))
    with restored(model.variables):
        snapshots = [Snapshot(_weights(model, path), i, 0) for i, path in enumerate(files, start=1)]
    return SnapshotBank(snapshots, [variable.path for variable in model.weights])


def _files(paths) -> list[str]:
    if not isinstance(paths, list | tuple):
        path = _text(paths)
        if os.path.isdir(path):
            return _numbered(path, [os.path.join(path, name) for name in os.listdir(path)])
        if glob.has_magic(path) and not os.path.exists(path):
            return _numbered(path, glob.glob(path))
        paths = [path]
    if not paths:
        raise ValueError(must_be("paths", _PATHS, paths, "give at least one file"))
    files = [_text(path) for path in paths]
    for path in files:
        if not os.path.isfile(path):
            raise _missing_file(path, "files that exist")
    return files


def _text(path) -> str:
    if not isinstance(path, str | os.PathLike):
        raise TypeError(must_be("paths", _PATHS, path, "give the names of files"))
    return os.fsdecode(path)


def _numbered(asked: str, found: list[str]) -> list[str]:
    matches = {path: _NUMBERED.fullmatch(os.path.basename(path)) for path in found}
    chosen = {path: match for path, match in matches.items() if match}
    if not chosen:
        must = f"a folder or a pattern with files such as Model-1{SUFFIX}"
        raise _missing_file(asked, must)
    stems = sorted({(os.path.dirname(path), match[1]) for path, match in chosen.items()})
    if len(stems) > 1:
        runs = ", ".join(repr(os.path.join(*stem)) for stem in stems)
        fix = f"it has files of {runs}; give a pattern that fits one of them, or a list of files"
        raise ValueError(must_be("paths", "files of one training run", asked, fix))
    numbers = sorted(int(match[2]) for match in chosen.values())
    if numbers != list(range(numbers[0], numbers[0] + len(numbers))):
        must = "files numbered one after the other, each number once"
        fix = "bring the file that is missing, or give a list of those that you want"
        raise ValueError(must_be("paths", must, Described(", ".join(map(str, numbers))), fix))
    return sorted(chosen, key=lambda path: int(chosen[path][2]))


def _missing_file(path: str, must: str) -> FileNotFoundError:
    folder = path if os.path.isdir(path) else os.path.dirname(path) or "."
    there = f"there is no folder {folder}"
    if os.path.isdir(folder):
        files = sorted(os.listdir(folder))
        shown = ", ".join(files[:20]) + (", ..." if len(files) > 20 else "")
        there = f"in {folder} there is {shown or 'nothing'}"
    fix = f"{there}; give the paths of files that SnapshotCallback(prefix=...) has written"
    return FileNotFoundError(must_be("paths", must, path, fix))


@contextlib.contextmanager
def _as_weights_file(path: str):
    """Provide a file with this ending; from other files, Keras also loads the optimizer."""
    if path.endswith(SUFFIX):
        yield path
        return
    with tempfile.TemporaryDirectory() as folder:
        copy = os.path.join(folder, f"model{SUFFIX}")
        if path.endswith(".keras"):
            with zipfile.ZipFile(path) as archive:
                archive.extract(os.path.basename(copy), folder)
        else:
            shutil.copyfile(path, copy)
        yield copy


def _weights(model, path: str) -> list:
    with _as_weights_file(path) as source:
        try:
            optimizer = getattr(model, "optimizer", None)
            keras.saving.load_weights(model, source, objects_to_skip=[optimizer])
        except (OSError, KeyError, RuntimeError, ValueError) as error:
            must = "one that Keras can load into the model"
            fix = "write it again: it is damaged, or of another architecture"
            raise ValueError(must_be(f"the file {path}", must, Described(error), fix)) from error
        return model.get_weights()


class _LayerOnFile(NamedTuple):
    """The shapes of the variables of one layer, by key; its name is empty if not in the file."""

    name: str
    shapes: dict[str, tuple[int, ...]]

    def __str__(self) -> str:
        shapes = ", ".join(str(shape) for _, shape in sorted(self.shapes.items()))
        plural = "" if len(self.shapes) == 1 else "s"
        return f"{len(self.shapes)} variable{plural} of shape{plural} {shapes}"


def _structure_of_model(model) -> dict[str, _LayerOnFile]:
    """Return the layers that a file of this model's weights has, in the order of the model."""
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, f"model{SUFFIX}")
        write_weights(model, path)
        layers = _structure_of_file(path)
    # HDF5 sorts by name, where the tenth layer comes before the second.
    position: dict[str, int] = {}
    for i, variable in enumerate(model.weights):
        for name in variable.path.split("/"):
            position.setdefault(name, i)
    last = len(position)
    return dict(sorted(layers.items(), key=lambda item: position.get(item[1].name, last)))


def _structure_of_file(path: str) -> dict[str, _LayerOnFile]:
    cause, fix = None, "write it again"
    try:
        with (
            _as_weights_file(path) as source,
            open(source, "rb") as opened,
            h5py.File(opened, "r") as file,
        ):
            is_old = "layer_names" in file.attrs or "model_weights" in file
            layers = {} if is_old else _layers(file)
        if layers:
            return layers
        got = "an HDF5 file without weights"
        if is_old:
            got = "in the format of Keras 1 and 2"
            fix = (
                "load it into the model with model.load_weights(path), and write it with "
                f"model.save_weights('name{SUFFIX}')"
            )
    except (OSError, KeyError, RuntimeError, zipfile.BadZipFile) as error:
        cause, fix, size = error, "write it again: it is damaged", os.path.getsize(path)
        got = "empty" if size == 0 else f"{size} bytes that are not readable as such ({error})"
    must = f"{SUFFIX} or .keras of Keras 3"
    raise ValueError(must_be(f"the file {path}", must, Described(got), fix)) from cause


def _layers(file) -> dict[str, _LayerOnFile]:
    layers: dict[str, _LayerOnFile] = {}

    def visit(path, item):
        if isinstance(item, h5py.Dataset) and not path.startswith("optimizer/"):
            folder, _, key = path.rpartition("/")
            place = folder.removesuffix("vars").rstrip("/")
            layer = _LayerOnFile(str(item.parent.attrs.get("name", "")), {})
            layers.setdefault(place, layer).shapes[key] = tuple(item.shape)

    file.visititems(visit)
    return layers


def _check_same(path: str, expected: dict, found: dict) -> None:
    names = {layer.name for place, layer in expected.items() if _is_users_name(layer.name, place)}
    for place, layer in expected.items():
        got = found.get(place)
        if got is None or got.shapes != layer.shapes:
            what = place or "variables of the model itself"
            there = str(got) if got is not None else f"no {what} among its {len(found)} layers"
            raise _differs(path, layer.name or what, str(layer), there)
        if layer.name in names and got.name in names - {layer.name}:
            raise _differs(path, layer.name, "in its place", f"the layer {got.name!r} there")
    for place, layer in found.items():
        if place not in expected:
            must = f"absent, as in the model, which has {len(expected)} layers with variables"
            raise _differs(path, layer.name or place, must, f"{layer} among {len(found)} layers")


def _is_users_name(name: str, place: str) -> bool:
    """Whether a user chose the name of a layer; Keras's own are ``dense_1``, ``dense_2``."""
    kind = re.sub(r"_\d+$", "", place.rpartition("/")[2])
    return bool(name) and not re.fullmatch(rf"{re.escape(kind)}(_\d+)?", name)


def _differs(path: str, layer: str, must: str, got: str) -> ValueError:
    fix = "build the network that the snapshots were trained with"
    return ValueError(must_be(f"layer {layer!r} in {path}", must, Described(got), fix))


def check_prefix(prefix) -> str:
    fix = "'weights/Model' writes weights/Model-1.weights.h5 and so on"
    must = "a path that ends in the first part of a file name"
    if not isinstance(prefix, str | os.PathLike):
        raise TypeError(must_be("prefix", must, prefix, fix))
    text = os.fspath(prefix)
    if not isinstance(text, str) or not os.path.basename(text):
        raise ValueError(must_be("prefix", must, prefix, fix))
    return text


def files_of(prefix: str) -> list[str]:
    """Existing files with this prefix, ordered by number; that of the best weights is last."""
    folder, name = os.path.split(prefix)
    pattern = re.compile(re.escape(f"{name}-") + r"(\d+|Best)" + re.escape(SUFFIX))
    try:
        found = [match for match in map(pattern.fullmatch, os.listdir(folder or ".")) if match]
    except FileNotFoundError:
        return []
    found.sort(key=lambda match: (match[1] == "Best", match[1].zfill(20)))
    return [os.path.join(folder, match[0]) for match in found]


def check_no_files(prefix: str) -> None:
    found = files_of(prefix)
    if found:
        fix = (
            f"there are {', '.join(found)}; choose another prefix, move the files, or pass "
            "overwrite=True to remove them when training starts"
        )
        raise FileExistsError(must_be("prefix", "one that no snapshot file has yet", prefix, fix))


def prepare_folder(prefix: str) -> None:
    folder = os.path.dirname(prefix) or "."
    os.makedirs(folder, exist_ok=True)
    with tempfile.TemporaryFile(dir=folder):
        pass
    for path in files_of(prefix):
        os.remove(path)


def write_weights(model, path: str) -> None:
    """Write the weights of a model without its optimizer, completely or not at all."""
    folder, name = os.path.split(path)
    # A temporary folder: a temporary file would not have the permissions of a new file.
    with tempfile.TemporaryDirectory(prefix=".snapshot-", dir=folder or ".") as temporary:
        partial = os.path.join(temporary, name)
        optimizer = getattr(model, "optimizer", None)
        keras.saving.save_weights(model, partial, objects_to_skip=[optimizer])
        os.replace(partial, path)


@contextlib.contextmanager
def final_weights_in(model):
    """Give a model the weights that ``fit`` would end with: with ``use_ema=True``, averages."""
    both = zip(model.weights, final_variables(model), strict=True)
    pairs = [(variable, final) for variable, final in both if variable is not final]
    with restored([variable for variable, _ in pairs]):
        for variable, final in pairs:
            variable.assign(final)
        yield


@contextlib.contextmanager
def restored(variables):
    values = [(variable, variable.numpy()) for variable in variables]
    try:
        yield
    finally:
        for variable, value in values:
            variable.assign(value)
