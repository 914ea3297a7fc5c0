"""Writing a run directory: all or nothing, and over nothing that is not a run."""

from __future__ import annotations

import os
import shutil
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Any

from skensemble._validation import Described, must_be
from skensemble.cli import _run_files as files
from skensemble.cli._run_directory import SCHEMA, network_from
from skensemble.cli._run_files import SavedHoldout

_OURS = {
    *files.NEEDED,
    files.HOLDOUT,
    files.LOG,
    *(f"{name}.partial" for name in (files.CONFIG, files.WEIGHTS)),
}


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
        self.folder = self.out.with_name(self.out.name + ".partial")
        self._new_parents: list[Path] = []
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
        self.folder.mkdir(parents=True)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if not self._is_published:
            shutil.rmtree(self.folder, ignore_errors=True)
            for parent in self._new_parents:
                if not any(parent.iterdir()):
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
        files.write_json(folder / files.WEIGHTS, {**weights, "source": files.OWN_HOLDOUT})
        if holdout is not None:
            files.write_holdout(folder / files.HOLDOUT, holdout)
        files.write_json(folder / files.CONFIG, {"schema": SCHEMA, **config})

    def publish(self) -> None:
        """Give the folder its name; one that is replaced goes only then."""
        self._is_published = True  # from here on there is something worth keeping
        if not self.out.exists():
            self.folder.rename(self.out)
            return
        try:
            self._check_out()
        except FileExistsError as error:
            raise FileExistsError(f"{error} The new run is in {self.folder}.") from error
        old = self.out.with_name(self.out.name + ".old")
        self.out.rename(old)
        self.folder.rename(self.out)
        shutil.rmtree(old)

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
        if not self.folder.exists():
            return
        if self._force and _only_ours(self.folder):
            shutil.rmtree(self.folder)
            return
        got = Described(f"one with {self.folder.name} beside it")
        fix = (
            "a training is writing there, or was killed; wait for it, or remove that folder or "
            "pass --force"
        )
        must = "a folder that no training is writing"
        raise FileExistsError(must_be(f"--out {self._shown}", must, got, fix))


def _is_run(folder: Path) -> bool:
    """Whether a folder is a run, of whichever schema, and has nothing besides."""
    path = folder / files.CONFIG
    try:
        return _only_ours(folder) and "schema" in files.read_json(path)
    except (OSError, ValueError):
        return False


def _only_ours(folder: Path) -> bool:
    return folder.is_dir() and {path.name for path in folder.iterdir()} <= _OURS
