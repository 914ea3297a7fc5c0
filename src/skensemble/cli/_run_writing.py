"""Writing a run directory: all or nothing, and over nothing that is not a run."""

from __future__ import annotations

import contextlib
import os
import re
import shutil
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import IO, Any

from skensemble._validation import Described, must_be
from skensemble.cli import _lock
from skensemble.cli import _run_files as files
from skensemble.cli._network_json import network_from
from skensemble.cli._run_files import SavedHoldout
from skensemble.cli._run_schema import SCHEMA
from skensemble.cli._writing import check_place, put, write_json

_LOCK = "training.lock"
_NAMES = "|".join(map(re.escape, (*files.NEEDED, files.HOLDOUT, files.LOG, _LOCK)))
# With what a kill leaves of a file that was being written.
_OURS = re.compile(
    rf"{_NAMES}|{files.SNAPSHOTS}/snapshot_\d+\.weights\.h5|\.(config|weights)\.\d+\.partial\.json"
)


class RunWriter:
    """A run in the making, in a folder ``OUT.partial`` that becomes ``OUT`` when it is whole.

    A context manager: what leads out of the block before `publish` leaves nothing behind, and what
    was there before as it was.

    Parameters
    ----------
    out : str
        The folder to be.
    force : bool
        Whether a run that is there is replaced.

    Raises
    ------
    FileExistsError
        If there is something at ``out`` that may not be replaced, or another training is writing
        there.
    """

    def __init__(self, out: str, *, force: bool):
        self.out = Path(out).resolve()
        self._force = force
        self._shown = out
        self.folder = self.out.parent / f"{self.out.name}.partial"
        self._new_parents: list[Path] = []
        self._lock: IO[str] | None = None
        self._is_published = False

    @property
    def log_path(self) -> Path:
        """Where the log is written while training lasts."""
        return self.folder / files.LOG

    def __enter__(self) -> RunWriter:
        self._check_out()
        self._check_partial()
        parents = [self.folder.parent, *self.folder.parent.parents]
        self._new_parents = [parent for parent in parents if not parent.exists()]
        check_place(f"--out {self._shown}", self.out)
        try:
            self.folder.mkdir(parents=True)
            self._lock = _lock.take(self.folder / _LOCK)
        except (FileExistsError, FileNotFoundError, BlockingIOError) as error:
            # Another training came first, by less than it takes to look.
            raise FileExistsError(self._refusal(*_HELD)) from error
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if not self._is_published:
            self._remove()
            for parent in self._new_parents:
                with contextlib.suppress(OSError):  # it has come to hold something
                    parent.rmdir()

    def write(
        self,
        clf: Any,
        network: str,
        config: Mapping[str, Any],
        holdout: SavedHoldout | None,
    ) -> None:
        """Write all files but the log.

        Parameters
        ----------
        clf : SnapshotEnsembleClassifier
            Fitted.
        network : str
            Its network without weights, in JSON.
        config : mapping
            Content of ``config.json`` besides the schema.
        holdout : SavedHoldout or None
            What its snapshots predict on the holdout.
        """
        folder = self.folder
        (folder / files.NETWORK).write_text(network, encoding="utf-8")
        (folder / files.SNAPSHOTS).mkdir()
        model = network_from(network, config["model"]["name"])
        for m, snapshot in enumerate(clf.snapshots_):
            model.set_weights(snapshot.weights)
            model.save_weights(folder / files.SNAPSHOTS / files.snapshot_name(m + 1))
        files.write_history(folder / files.HISTORY, clf.history_)
        weights = files.weights_to_json(clf.weighting_, clf.snapshot_scores_)
        write_json(folder / files.WEIGHTS, {**weights, "source": files.OWN_HOLDOUT})
        if holdout is not None:
            files.write_holdout(folder / files.HOLDOUT, holdout)
        write_json(folder / files.CONFIG, {"schema": SCHEMA, **config})

    def publish(self) -> None:
        """Give the folder its name; one that is replaced goes only then."""
        self._is_published = True  # from here on there is something worth keeping
        self._unlock()
        (self.folder / _LOCK).unlink(missing_ok=True)
        try:
            self._check_out()
            put(self.folder, self.out)
        except OSError as error:
            raise type(error)(f"{error} The new run is in {self.folder}.") from error

    def _unlock(self) -> None:
        if self._lock is not None:
            self._lock.close()

    def _check_out(self) -> None:
        """Raise if there is something at ``out`` that is not to be replaced."""
        if not os.path.lexists(self.out):
            return
        must = "a folder that does not exist yet"
        if not self.out.is_dir():
            got, fix = "a file", "choose another name"
        elif not any(self.out.iterdir()):
            return
        elif not _is_run(self.out):
            got, fix = "files that are no run", "choose another name; --force replaces runs only"
        elif not self._force:
            got, fix = "a run", "--force replaces it"
        else:
            return
        raise FileExistsError(must_be(f"--out {self._shown}", must, Described(got), fix))

    def _check_partial(self) -> None:
        if not os.path.lexists(self.folder):
            return
        if not _only_ours(self.folder) or not (self.folder / _LOCK).is_file():
            whole = (self.folder / files.CONFIG).is_file() and _is_run(self.folder)
            raise FileExistsError(self._refusal(*(_WHOLE if whole else _FOREIGN)))
        try:
            self._lock = _lock.take(self.folder / _LOCK)
        except BlockingIOError as error:
            raise FileExistsError(self._refusal(*_HELD)) from error
        if self._force and not _is_run(self.folder):
            self._remove()
            return
        self._unlock()
        raise FileExistsError(self._refusal(*(_WHOLE if _is_run(self.folder) else _KILLED)))

    def _remove(self) -> None:
        """Remove the folder, while it is locked as far as that is possible."""
        shutil.rmtree(self.folder, ignore_errors=True)
        self._unlock()
        if os.name == "nt":  # where an open file cannot be removed
            shutil.rmtree(self.folder, ignore_errors=True)

    def _refusal(self, what: str, fix: str) -> str:
        got = Described(f"one with {self.folder.name} beside it, {what}")
        must = "a folder that no training is writing"
        return must_be(f"--out {self._shown}", must, got, fix)


_HELD = ("where a training is writing", "wait for it, or choose another name")
_KILLED = ("which a killed training left", "--force removes that")
_WHOLE = ("which is a whole run that has not got its name", "rename that, or remove it")
_FOREIGN = ("which has files of no training", "choose another name, or remove that")


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
