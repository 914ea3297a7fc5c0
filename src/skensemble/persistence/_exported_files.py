"""An ensemble as one file, for use elsewhere."""

from collections.abc import Callable
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from skensemble._validation import Described, must_be
from skensemble.persistence._atomic_files import check_new_file, replace_files, write_json

KERAS, SAVED_MODEL, ONNX, JOBLIB = "keras", "saved-model", "onnx", "joblib"
_KINDS = {".keras": KERAS, "": SAVED_MODEL, ".onnx": ONNX, ".joblib": JOBLIB}
_OF_SAVED_MODEL = {"saved_model.pb", "fingerprint.pb", "variables", "assets"}


def check_export(path: str | Path, *, force: bool = False) -> tuple[str, Path | None]:
    """Raise, before there is an estimator, if `export_ensemble` would not write to a path.

    Returns the format (``"keras"``, ``"saved-model"``, ``"onnx"``, ``"joblib"``) and the path of
    the labels, if it has them in a file of their own.
    """
    path = Path(path)
    if path.suffix not in _KINDS:
        got = Described(f"a name that ends in {path.suffix}")
        must = "NAME.keras, NAME.onnx, NAME.joblib, or a folder without a dot for a SavedModel"
        raise ValueError(must_be(f"path {path}", must, got, "choose the format by the name"))
    kind = _KINDS[path.suffix]
    labels = None if kind == JOBLIB else path.with_name(path.name + ".classes.json")
    if labels is not None:
        check_new_file(f"path {labels}", labels, force=force)
    if kind != SAVED_MODEL or not path.exists():
        check_new_file(f"path {path}", path, force=force)
    elif not force:
        got, fix = Described("one that is there already"), "force=True replaces it"
        raise FileExistsError(must_be(f"path {path}", "a new folder", got, fix))
    elif not _is_saved_model(path):
        must, got = "a SavedModel, to be replaced by one", Described("other files")
        fix = "choose another name, or remove it yourself"
        raise ValueError(must_be(f"path {path}", must, got, fix))
    for package in ("onnx", "tf2onnx") if kind == ONNX else ():
        if find_spec(package) is None:  # importing one imports TensorFlow, not quietly
            raise ImportError(
                f"ONNX files need {package}, which is not installed: pip install skensemble[export]"
            )
    return kind, labels


def export_ensemble(estimator: Any, path: str | Path, *, force: bool = False) -> None:
    """Write a weighted ensemble as one file, to be served without skensemble.

    Parameters
    ----------
    estimator : SnapshotEnsembleClassifier
        Fitted.
    path : str or Path
        ``NAME.keras``, ``NAME.onnx``, or a folder without a dot for a SavedModel: the model of
        `SnapshotEnsembleClassifier.to_keras`, with the labels of its columns in
        ``NAME.classes.json`` beside it. ``NAME.joblib``: the estimator itself, a pickle.
    force : bool, default=False
        Whether what is there is replaced; a folder only if it has a SavedModel and nothing else.

    Raises
    ------
    FileExistsError
        If there is something, without ``force``.
    ValueError
        If the name ends otherwise, or something else must not be replaced.
    ImportError
        Without the packages for ONNX, which the extra ``export`` installs.
    """
    path = Path(path)
    kind, labels = check_export(path, force=force)
    writers = {path: lambda partial: _WRITERS[kind](estimator, partial)}
    if labels is not None:
        used = [(i, weight) for i, weight in enumerate(estimator.weights_, start=1) if weight > 0]
        columns = {
            "classes": estimator.classes_.tolist(),
            "output": "probabilities of shape (n, k); column i is that of classes[i]",
            "input": {"shape": [None, *estimator.X_shape_[1:]]},
            "snapshots": [i for i, _ in used],
            "weights": [float(weight) for _, weight in used],
        }
        writers[labels] = lambda partial: write_json(partial, columns)
    replace_files(writers)


def _is_saved_model(path: Path) -> bool:
    names = {there.name for there in path.iterdir()} if path.is_dir() else set()
    return "saved_model.pb" in names and names <= _OF_SAVED_MODEL


_WRITERS: dict[str, Callable[[Any, Path], Any]] = {
    KERAS: lambda clf, path: clf.to_keras().save(path),
    SAVED_MODEL: lambda clf, path: clf.to_keras().export(path, verbose=False),
    ONNX: lambda clf, path: clf.to_keras().export(path, format="onnx", verbose=False),
    JOBLIB: lambda clf, path: import_module("joblib").dump(clf, path),
}
