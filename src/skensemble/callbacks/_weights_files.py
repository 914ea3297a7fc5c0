"""Files of weights: their names, and how they are written."""

import contextlib
import os
import re
import tempfile

import keras

from skensemble._validation import must_be
from skensemble.networks import final_variables

SUFFIX = ".weights.h5"


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
    optimizer = getattr(model, "optimizer", None)
    # A temporary folder: a temporary file would not have the permissions of a new file.
    with tempfile.TemporaryDirectory(prefix=".snapshot-", dir=folder or ".") as temporary:
        partial = os.path.join(temporary, name)
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
