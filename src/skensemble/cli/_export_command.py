"""``skensemble export``: the ensemble of a run as one file, for use elsewhere."""

from __future__ import annotations

from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path
from typing import Annotated, Any

import typer

from skensemble._validation import Described, must_be
from skensemble.cli._option_groups import JsonOptions, RunArgument, command

KERAS, SAVED_MODEL, ONNX, JOBLIB = "keras", "saved-model", "onnx", "joblib"
_SUFFIXES = {".keras": KERAS, "": SAVED_MODEL, ".onnx": ONNX, ".joblib": JOBLIB}
_OF_SAVED_MODEL = {"saved_model.pb", "fingerprint.pb", "variables", "assets"}
_FORMATS = "NAME.keras, NAME.onnx, NAME.joblib, or a folder without a dot for a SavedModel"


@command
def export(
    run: RunArgument,
    console: JsonOptions,
    out: Annotated[
        Path,
        typer.Argument(metavar="OUT", help=f"What to write: {_FORMATS}.", show_default=False),
    ],
    force: Annotated[bool, typer.Option("--force", help="Replace what is there.")] = False,
) -> None:
    """Write the weighted ensemble of a run as one file.

    Keras, TensorFlow Serving or onnxruntime compute class probabilities
    from it. The labels of the columns go beside it, into OUT.classes.json.
    A .joblib file is the estimator itself, labels included.
    """
    with console.open() as lines:
        from skensemble.cli._quiet import import_tensorflow
        from skensemble.persistence import Run, replace_files, write_json

        opened = Run.open(run)
        kind = format_of(out)
        labels = None if kind == JOBLIB else out.with_name(out.name + ".classes.json")
        check_free(out, labels, kind, force=force)
        if kind == ONNX:
            check_onnx()
        import_tensorflow()
        clf = opened.estimator()
        writers = {out: lambda path: _WRITERS[kind](clf, path)}
        if labels is not None:
            writers[labels] = lambda path: write_json(path, describe(clf))
        replace_files(writers)
        n_used = int((clf.weights_ > 0).sum())
        lines.say(f"{out}: {n_used} of {opened.n_snapshots} snapshots, {size_of(out) / 1e6:.1f} MB")
        if labels is not None:
            lines.say(f"{labels}: the labels of its {len(clf.classes_)} columns")
        lines.result(
            {
                "file": str(out),
                "format": kind,
                "labels": None if labels is None else str(labels),
                "n_snapshots": n_used,
                "size": size_of(out),
            }
        )


def format_of(path: Path) -> str:
    """Tell the format by the name of a file."""
    if path.suffix not in _SUFFIXES:
        got = Described(f"a name that ends in {path.suffix}")
        fix = "choose the format by the name"
        raise ValueError(must_be(f"OUT {path}", _FORMATS, got, fix))
    return _SUFFIXES[path.suffix]


def check_free(path: Path, labels: Path | None, kind: str, *, force: bool) -> None:
    """Raise if files would be replaced that must not be."""
    from skensemble.persistence import check_new_file

    if labels is not None:
        check_new_file(f"OUT {labels}", labels, force=force)
    if kind != SAVED_MODEL or not path.exists():
        check_new_file(f"OUT {path}", path, force=force)
    elif not force:
        got, fix = Described("one that is there already"), "--force replaces it"
        raise FileExistsError(must_be(f"OUT {path}", "a new folder", got, fix))
    elif not _is_saved_model(path):
        must, got = "a SavedModel, to be replaced by one", Described("other files")
        fix = "choose another name, or remove it yourself"
        raise ValueError(must_be(f"OUT {path}", must, got, fix))


def _is_saved_model(path: Path) -> bool:
    """Whether a folder is one that TensorFlow has written, and has nothing besides."""
    return (path / "saved_model.pb").is_file() and {
        there.name for there in path.iterdir()
    } <= _OF_SAVED_MODEL


def check_onnx() -> None:
    """Raise ImportError, saying what to install, unless ONNX files can be written."""
    for package in ("onnx", "tf2onnx"):
        if find_spec(package) is None:  # importing one imports TensorFlow, not quietly
            raise ImportError(
                f"ONNX files need {package}, which is not installed: pip install skensemble[export]"
            )


def describe(clf: Any) -> dict[str, Any]:
    """What the inputs and the outputs of an exported ensemble mean."""
    return {
        "classes": clf.classes_.tolist(),
        "output": "probabilities of shape (n, k); column i is that of classes[i]",
        "input": {"shape": [None, *clf.X_shape_[1:]]},
        "snapshots": [i + 1 for i, weight in enumerate(clf.weights_) if weight > 0],
        "weights": [float(weight) for weight in clf.weights_ if weight > 0],
    }


def size_of(path: Path) -> int:
    """Bytes of a file, or of all files in a folder."""
    if path.is_dir():
        return sum(file.stat().st_size for file in path.rglob("*") if file.is_file())
    return path.stat().st_size


def _write_joblib(clf: Any, path: Path) -> None:
    import joblib

    joblib.dump(clf, path)


_WRITERS: dict[str, Callable[[Any, Path], Any]] = {
    KERAS: lambda clf, path: clf.to_keras().save(path),
    SAVED_MODEL: lambda clf, path: clf.to_keras().export(path, verbose=False),
    ONNX: lambda clf, path: clf.to_keras().export(path, format="onnx", verbose=False),
    JOBLIB: _write_joblib,
}
