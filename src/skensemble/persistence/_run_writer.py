"""Writing a run directory: all or nothing, and over nothing that is not a run."""

import contextlib
import inspect
import os
import platform
import re
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from importlib import import_module
from importlib.metadata import version
from numbers import Integral
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout

from skensemble._validation import Described, must_be
from skensemble.persistence import _run_files as files
from skensemble.persistence._atomic_files import check_place, put, write_json
from skensemble.persistence._network_file import network_from_json, network_to_json
from skensemble.persistence._run_folder import Run

_LOCK = "training.lock"
_NAMES = "|".join(map(re.escape, (*files.NEEDED, files.HOLDOUT, files.LOG, _LOCK)))
# With what a kill leaves of a file that was being written.
_OURS = re.compile(
    rf"{_NAMES}|{files.SNAPSHOTS}/snapshot_\d+\.weights\.h5|\.(config|weights)\.\d+\.partial\.json"
)


def save_run(estimator: Any, folder: str | Path, *, force: bool = False) -> Run:
    """Write a fitted ensemble to a run directory, which the command line can work with.

    Parameters
    ----------
    estimator : SnapshotEnsembleClassifier
        Fitted. The folder has what its snapshots predict on the holdout too, from which weights
        can be learned again without rows, unless the estimator comes out of a pickle.
    folder : str or Path
        To be made, with folders above it that are missing.
    force : bool, default=False
        Whether a run that is there is replaced; anything else never is.

    Returns
    -------
    Run
        Open.

    Raises
    ------
    FileExistsError
        If there is something at ``folder`` that may not be replaced, or another process is
        writing there.
    ValueError
        If Keras cannot build the network again from its configuration.

    See Also
    --------
    load_run : Reads it.
    """
    with RunWriter(folder, force=force) as writer:
        writer.write(estimator)
        writer.publish()
    return Run.open(folder)


class RunWriter:
    """A run in the making, in a folder ``NAME.partial`` that becomes ``NAME`` when it is whole.

    A context manager, for training inside of the block: what leads out of it before `publish`
    leaves nothing behind, and what was there before as it was. As long as it is open it holds a
    lock on ``NAME.partial/training.lock``, which the system frees when the process ends, however
    it ends.

    Parameters
    ----------
    folder : str or Path
        The folder to be.
    force : bool
        Whether a run that is there is replaced.

    Raises
    ------
    FileExistsError
        If there is something at ``folder`` that may not be replaced, or another process is
        writing there.
    """

    def __init__(self, folder: str | Path, *, force: bool = False):
        self.final_folder = Path(folder).resolve()
        self.folder = self.final_folder.parent / f"{self.final_folder.name}.partial"
        self._force, self._name = force, f"folder {folder}"
        self._new_parents: list[Path] = []
        self._lock = FileLock(self.folder / _LOCK, timeout=0)
        self._is_published = False

    @property
    def log_path(self) -> Path:
        """Where the log is written while training lasts."""
        return self.folder / files.LOG

    def __enter__(self) -> "RunWriter":
        self._check_final_folder()
        self._check_partial()
        parents = [self.folder.parent, *self.folder.parent.parents]
        self._new_parents = [parent for parent in parents if not parent.exists()]
        check_place(self._name, self.final_folder)
        self._acquire(make_folder=True)
        return self

    def __exit__(self, *_: object) -> None:
        if not self._is_published:
            self._remove()
            for parent in self._new_parents:
                with contextlib.suppress(OSError):  # it has come to hold something
                    parent.rmdir()

    def write(
        self,
        estimator: Any,
        *,
        model: Mapping[str, Any] | None = None,
        data: Mapping[str, Any] | None = None,
        command: Sequence[str] = (),
        interrupted: bool | None = None,
    ) -> dict[str, Any]:
        """Write all files but the log.

        Parameters
        ----------
        estimator : SnapshotEnsembleClassifier
            Fitted.
        model : mapping, optional
            What to say about the network: ``"name"``, ``"builder"``, ``"parameters"``,
            ``"recipe"``, ``"mean"`` and ``"std"``. Default: what the estimator knows.
        data : mapping, optional
            What to say about the rows: ``"source"``, ``"subset"``, ``"feature_names"`` and others.
        command : sequence of str
            Arguments of the command line.
        interrupted : bool, optional
            Default: whether there are fewer snapshots than cycles asked for.

        Returns
        -------
        dict
            Content of ``config.json``.
        """
        folder = self.folder
        given = {"model": model, "data": data, "interrupted": interrupted}
        config: dict[str, Any] = {
            "schema": files.SCHEMA,
            "created": datetime.now(UTC).isoformat(timespec="seconds"),
            "command": list(command),
            **_describe(estimator),
            **{name: value for name, value in given.items() if value is not None},
        }
        name = config["model"]["name"]
        text = network_to_json(estimator.model_, name)
        (folder / files.NETWORK).write_text(text, encoding="utf-8")
        (folder / files.SNAPSHOTS).mkdir()
        network = network_from_json(text, name)
        for m, snapshot in enumerate(estimator.snapshots_):
            network.set_weights(snapshot.weights)
            network.save_weights(folder / files.snapshot_name(m))
        files.write_history(folder / files.HISTORY, estimator.history_)
        weights = {**asdict(estimator.weighting_), "scores": estimator.snapshot_scores_}
        write_json(folder / files.WEIGHTS, {**weights, "source": files.OWN_HOLDOUT})
        found, rows = estimator._fitted.weighed.predictions, estimator.holdout_
        if found is not None:
            files.write_holdout(folder / files.HOLDOUT, found, () if rows is None else rows)
        write_json(folder / files.CONFIG, config)
        return config

    def publish(self) -> None:
        """Give the folder its name; one that is replaced goes only then."""
        self._is_published = True  # from here on there is something worth keeping
        self._lock.release()
        (self.folder / _LOCK).unlink(missing_ok=True)
        try:
            self._check_final_folder()
            put(self.folder, self.final_folder)
        except OSError as error:
            raise type(error)(f"{error} The new run is in {self.folder}.") from error

    def _check_final_folder(self) -> None:
        folder = self.final_folder
        if not os.path.lexists(folder):
            return
        if not folder.is_dir():
            got, fix = "a file", "choose another name"
        elif not any(folder.iterdir()):
            return
        elif not _is_run(folder):
            got, fix = "files that are no run", "choose another name; only runs are ever replaced"
        elif not self._force:
            got, fix = "a run", "force=True replaces it"
        else:
            return
        must = "a folder that does not exist yet"
        raise FileExistsError(must_be(self._name, must, Described(got), fix))

    def _check_partial(self) -> None:
        """Raise if there is another training, or what may not be removed, in the partial folder."""
        if not os.path.lexists(self.folder):
            return
        is_training = _only_ours(self.folder) and (self.folder / _LOCK).is_file()
        if is_training:
            self._acquire(make_folder=False)
        if _is_run(self.folder):
            what, fix = "is a whole run that has not got its name", "rename that, or remove it"
        elif not is_training:
            what, fix = "has files of no training", "choose another name, or remove that"
        elif not self._force:
            what, fix = "a killed training left", "force=True removes that"
        else:
            self._remove()
            return
        self._lock.release()
        raise self._refusal(f"which {what}", fix)

    def _acquire(self, *, make_folder: bool) -> None:
        try:
            if make_folder:
                self.folder.mkdir(parents=True)
            self._lock.acquire()
        except (FileExistsError, FileNotFoundError, Timeout) as error:
            fix = "wait for it, or choose another name"
            raise self._refusal("where a training is writing", fix) from error

    def _remove(self) -> None:
        """Remove the folder, while it is locked as far as that is possible."""
        shutil.rmtree(self.folder, ignore_errors=True)
        self._lock.release()
        if os.name == "nt":  # where an open file cannot be removed
            shutil.rmtree(self.folder, ignore_errors=True)

    def _refusal(self, what: str, fix: str) -> FileExistsError:
        got = Described(f"one with {self.folder.name} beside it, {what}")
        must = "a folder that no training is writing"
        return FileExistsError(must_be(self._name, must, got, fix))


def _is_run(folder: Path) -> bool:
    """Whether a folder is a run, of whichever schema, and has nothing besides."""
    try:
        config = files.read_json(folder / files.CONFIG)
        return _only_ours(folder) and "schema" in config and "skensemble" in config["versions"]
    except (OSError, ValueError, KeyError, TypeError):
        return False


def _only_ours(folder: Path) -> bool:
    return folder.is_dir() and all(
        _OURS.fullmatch(path.relative_to(folder).as_posix()) for path in folder.rglob("*")
    )


def _describe(estimator: Any) -> dict[str, Any]:
    import keras

    from skensemble.models import mlp

    fitted, classes, snapshots = estimator._fitted, estimator.classes_, estimator.snapshots_
    params = estimator.get_params(deep=False)
    of_model = {k.removeprefix("model__"): v for k, v in params.items() if k.startswith("model__")}
    others = {k: v for k, v in params.items() if not k.startswith("model__")}
    builder = others.pop("model", estimator) or mlp
    others.pop("callbacks", None)
    if not isinstance(others["random_state"], Integral):
        others["random_state"] = None  # a generator has no place in a text
    place = type(builder).__name__
    if inspect.isfunction(builder):
        place = f"{builder.__module__}:{builder.__qualname__}"
    columns = getattr(estimator, "feature_names_in_", None)
    columns = None if columns is None else list(columns)
    unknown = dict.fromkeys(("source", "target", "subset", "image_size", "limit", "n_rows"))
    backend, layer = keras.backend.backend(), fitted.trained.network.output_layer
    return {
        "versions": {
            "skensemble": version("skensemble"),
            "python": platform.python_version(),
            "keras": keras.__version__,
            backend: import_module(backend).__version__,
        },
        "model": {"name": place, "builder": place, "parameters": of_model, "recipe": None},
        "estimator": others,
        "data": {**unknown, "feature_names": columns, "skipped": []},
        "classes": {"labels": classes.tolist(), "dtype": classes.dtype.str},
        "row": {"shape": list(estimator.X_shape_[1:]), "dtype": str(estimator.X_dtype_)},
        "network": {
            "n_weights": int(sum(array.size for array in snapshots[0].weights)),
            "from_logits": bool(layer.from_logits),
            "n_units": int(layer.n_units),
        },
        "n_snapshots": len(snapshots),
        "n_iterations": len(estimator.learning_rates_),
        "cycle_ends": [int(snapshot.iteration) for snapshot in snapshots],
        "engine": estimator.engine_,
        "timings": {name: round(value, 3) for name, value in estimator.timings_.items()},
        "interrupted": len(snapshots) < estimator.M,
        "refit": bool(fitted.is_refit),
    }
