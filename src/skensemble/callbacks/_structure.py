"""The layers in a file of weights, compared with those of a model."""

import io
import os
import re
import tempfile
import zipfile
from collections import defaultdict
from dataclasses import dataclass
from typing import BinaryIO

import h5py

from skensemble._validation import Described, must_be
from skensemble.callbacks._weights_files import SUFFIX, write_weights


@dataclass(frozen=True)
class LayerOnFile:
    """The shapes of the variables of one layer, by key; its name is empty if not in the file."""

    name: str
    shapes: dict[str, tuple[int, ...]]

    def __str__(self) -> str:
        shapes = ", ".join(str(shape) for _, shape in sorted(self.shapes.items()))
        plural = "" if len(self.shapes) == 1 else "s"
        return f"{len(self.shapes)} variable{plural} of shape{plural} {shapes}"


def structure_of_model(model) -> dict[str, LayerOnFile]:
    """Return the layers that a file of this model's weights has, in the order of the model."""
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, f"model{SUFFIX}")
        write_weights(model, path)
        layers = structure_of_file(path)
    # HDF5 sorts by name, where the tenth layer comes before the second.
    position: dict[str, int] = {}
    for i, variable in enumerate(model.weights):
        for name in variable.path.split("/"):
            position.setdefault(name, i)
    last = len(position)
    return dict(sorted(layers.items(), key=lambda item: position.get(item[1].name, last)))


def structure_of_file(path: str) -> dict[str, LayerOnFile]:
    """Return the layers with variables in a file of Keras 3, by their place in it."""
    try:
        with open_weights(path) as opened, h5py.File(opened, "r") as file:
            if "layer_names" in file.attrs or "model_weights" in file:
                raise ValueError(_refusal(path, "in the format of Keras 1 and 2", _CONVERT))
            layers = _layers(file)
    except (OSError, KeyError, RuntimeError, zipfile.BadZipFile) as error:
        size = os.path.getsize(path)
        what = "empty" if size == 0 else f"{size} bytes that are not readable as such ({error})"
        raise ValueError(_refusal(path, what, "write it again: it is damaged")) from error
    if not layers:
        raise ValueError(_refusal(path, "an HDF5 file without weights", "write it again"))
    return layers


_CONVERT = (
    "load it into the model with model.load_weights(path), and write it with "
    f"model.save_weights('name{SUFFIX}')"
)


def _refusal(path: str, got: str, fix: str) -> str:
    return must_be(f"the file {path}", f"{SUFFIX} or .keras of Keras 3", Described(got), fix)


def open_weights(path: str) -> BinaryIO:
    """Open a file of weights, or the weights inside a ``.keras`` file."""
    if not path.endswith(".keras"):
        return open(path, "rb")
    with zipfile.ZipFile(path) as archive:
        return io.BytesIO(archive.read("model.weights.h5"))


def _layers(file) -> dict[str, LayerOnFile]:
    shapes: dict[str, dict[str, tuple[int, ...]]] = defaultdict(dict)
    names = {}

    def visit(path, item):
        if isinstance(item, h5py.Dataset) and not path.startswith("optimizer/"):
            place, _, key = path.rpartition("/")
            shapes[place][key] = tuple(item.shape)
            names[place] = str(item.parent.attrs.get("name", ""))

    file.visititems(visit)
    return {
        place.removesuffix("vars").rstrip("/"): LayerOnFile(names[place], shapes[place])
        for place in shapes
    }


def check_same(path: str, expected: dict[str, LayerOnFile], found: dict[str, LayerOnFile]) -> None:
    """Raise if a file does not have the layers of a model, naming the first that differs."""
    names = {
        layer.name for place, layer in expected.items() if _is_chosen_by_user(layer.name, place)
    }
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


def _is_chosen_by_user(name: str, place: str) -> bool:
    """Whether a user chose the name of a layer; Keras's own are ``dense_1``, ``dense_2``."""
    kind = re.sub(r"_\d+$", "", place.rpartition("/")[2])
    return bool(name) and not re.fullmatch(rf"{re.escape(kind)}(_\d+)?", name)


def _differs(path: str, layer: str, must: str, got: str) -> ValueError:
    fix = "build the network that the snapshots were trained with"
    return ValueError(must_be(f"layer {layer!r} in {path}", must, Described(got), fix))
