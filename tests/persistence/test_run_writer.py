"""RunWriter: which folders it may write, replace and remove."""

import json
import os
import re
import subprocess
import sys

import pytest

from skensemble.persistence import RunWriter


def make_run(folder, note=""):
    """The files of a run, as far as a writer looks at them."""
    (folder / "snapshots").mkdir(parents=True)
    (folder / "snapshots" / "snapshot_01.weights.h5").write_text(note)
    (folder / "log.txt").write_text("")
    config = {"schema": 1, "versions": {"skensemble": "1"}}
    (folder / "config.json").write_text(json.dumps(config))
    return folder


def write_run(out, *, force):
    with RunWriter(os.fspath(out), force=force) as writer:
        make_run(writer.folder, "new")
        writer.publish()


def names(folder):
    return sorted(path.name for path in folder.iterdir())


def refused(out, message, *, force=True):
    """The writer raises, with the whole message, and changes nothing."""
    before = sorted(out.parent.rglob("*"))
    with (
        pytest.raises(FileExistsError, match=f"^{re.escape(message)}$"),
        RunWriter(os.fspath(out), force=force),
    ):
        raise AssertionError
    assert sorted(out.parent.rglob("*")) == before


def not_a_run(out):
    return (
        f"folder {out} must be a folder that does not exist yet, got files that are no run "
        "instead: choose another name; only runs are ever replaced."
    )


def busy(out, what, fix):
    return (
        f"folder {out} must be a folder that no training is writing, got one with "
        f"{out.name}.partial beside it, {what} instead: {fix}."
    )


@pytest.mark.parametrize(
    "name", ["snapshots/notes.txt", "snapshots/big.db", "thesis/a.txt", "config.json.mine"]
)
def test_a_run_with_files_of_others_stays(name, tmp_path):
    out = make_run(tmp_path / "run")
    (out / name).parent.mkdir(exist_ok=True)
    (out / name).write_text("mine")
    refused(out, not_a_run(out))


@pytest.mark.parametrize("config", [{"schema": "theirs"}, {"schema": 1, "versions": {}}, {}])
def test_a_configuration_of_others_stays(config, tmp_path):
    out = make_run(tmp_path / "run")
    (out / "config.json").write_text(json.dumps(config))
    refused(out, not_a_run(out))


def test_a_partial_folder_of_others_stays(tmp_path):
    partial = tmp_path / "run.partial"
    partial.mkdir()
    message = busy(
        tmp_path / "run",
        "which has files of no training",
        "choose another name, or remove that",
    )
    (partial / "log.txt").write_text("mine")
    refused(tmp_path / "run", message)
    (partial / "training.lock").write_text("")
    (partial / "mine.txt").write_text("mine")
    refused(tmp_path / "run", message)


def test_a_training_at_work_is_left_alone(tmp_path):
    out = tmp_path / "run"
    message = busy(out, "where a training is writing", "wait for it, or choose another name")
    with RunWriter(os.fspath(out), force=False) as first:
        for force in (False, True):
            refused(out, message, force=force)
        make_run(first.folder)
        first.publish()
    assert names(tmp_path) == ["run"]
    assert names(out) == ["config.json", "log.txt", "snapshots"]


def test_a_killed_training_is_removed_by_force(tmp_path):
    out = tmp_path / "run"
    code = """
import os, sys
from skensemble.persistence import RunWriter
RunWriter(sys.argv[1], force=False).__enter__()
os._exit(9)
"""
    assert subprocess.run([sys.executable, "-c", code, out]).returncode == 9
    assert names(tmp_path / "run.partial") == ["training.lock"]
    refused(out, busy(out, "which a killed training left", "force=True removes that"), force=False)
    write_run(out, force=True)
    assert names(tmp_path) == ["run"]


@pytest.mark.parametrize("has_lock", [False, True])
def test_a_whole_run_is_never_removed(has_lock, tmp_path):
    partial = make_run(tmp_path / "run.partial")
    if has_lock:
        (partial / "training.lock").write_text("")
    what = "which is a whole run that has not got its name"
    refused(tmp_path / "run", busy(tmp_path / "run", what, "rename that, or remove it"))
    # As the message says; a lock that is left in it is no file of others.
    partial.rename(tmp_path / "run")
    write_run(tmp_path / "run", force=True)
    assert (tmp_path / "run/snapshots/snapshot_01.weights.h5").read_text() == "new"
    assert names(tmp_path) == ["run"]


def test_a_folder_named_old_is_in_nobodys_way(tmp_path):
    out = make_run(tmp_path / "run")
    (tmp_path / "run.old").mkdir()
    (tmp_path / "run.old" / "a.txt").write_text("mine")
    write_run(out, force=True)
    assert names(tmp_path) == ["run", "run.old"]
    assert (out / "snapshots" / "snapshot_01.weights.h5").read_text() == "new"
    assert names(tmp_path / "run.old") == ["a.txt"]


def test_both_runs_are_kept_if_the_name_cannot_be_given(tmp_path, monkeypatch):
    out = make_run(tmp_path / "run", "old")
    rename = type(out).rename

    def fail(self, target):
        if self.name == "run.partial":
            raise OSError("busy")
        return rename(self, target)

    monkeypatch.setattr(type(out), "rename", fail)
    message = f"^busy The new run is in {re.escape(str(tmp_path / 'run.partial'))}.$"
    with pytest.raises(OSError, match=message):
        write_run(out, force=True)
    assert names(tmp_path) == ["run", "run.partial"]
    assert (out / "snapshots" / "snapshot_01.weights.h5").read_text() == "old"
    new = tmp_path / "run.partial"
    assert (new / "snapshots" / "snapshot_01.weights.h5").read_text() == "new"
    what = "which is a whole run that has not got its name"
    refused(out, busy(out, what, "rename that, or remove it"))


def test_folders_that_cannot_be_made(tmp_path):
    path = tmp_path / "table.csv"
    path.write_text("mine")
    with pytest.raises(NotADirectoryError) as caught:
        RunWriter(path / "x").__enter__()
    assert str(caught.value) == (
        f"folder {path / 'x'} must be in a folder that can be written to, got one below the file "
        f"{path} instead: choose another name."
    )
    with pytest.raises(FileExistsError) as caught:
        RunWriter("/", force=True).__enter__()
    assert str(caught.value) == not_a_run("/")


def test_what_came_into_a_new_parent_stays(tmp_path):
    with RunWriter(os.fspath(tmp_path / "a" / "b" / "run"), force=False):
        (tmp_path / "a" / "mine.txt").write_text("")
    assert names(tmp_path) == ["a"]
    assert names(tmp_path / "a") == ["mine.txt"]
