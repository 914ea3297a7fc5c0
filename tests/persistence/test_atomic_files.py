"""Where files may be written, and what a failure leaves."""

import os
import re

import pytest

from skensemble.persistence import _atomic_files as files
from skensemble.persistence import check_new_file, check_place, replace_files, write_json


def refused(kind, message, path, **options):
    with pytest.raises(kind, match=f"^{re.escape(message)}$"):
        check_new_file("--output", path, **{"force": False, **options})


def test_a_new_file(tmp_path):
    check_new_file("--output", tmp_path / "a.csv", force=False)
    check_new_file("--output", tmp_path / "new" / "folder" / "a.csv", force=False)
    assert list(tmp_path.iterdir()) == []


def test_a_file_that_is_there(tmp_path):
    message = (
        "--output must be a new file, got one that is there already instead: force=True "
        "replaces it."
    )
    (tmp_path / "a.csv").write_text("mine")
    (tmp_path / "link").symlink_to("a.csv")
    for name in ("a.csv", "link"):
        refused(FileExistsError, message, tmp_path / name)
        check_new_file("--output", tmp_path / name, force=True)


@pytest.mark.parametrize("force", [False, True])
def test_what_is_no_file(force, tmp_path):
    message = "--output must be a regular file, got {} instead: choose another name."
    refused(ValueError, message.format("a folder"), tmp_path, force=force)
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "link").symlink_to(os.devnull)
    for path in (tmp_path / "pipe", tmp_path / "link", os.devnull):
        refused(ValueError, message.format("a device or a pipe"), path, force=force)


def test_places_where_nothing_can_be_made(tmp_path, monkeypatch):
    (tmp_path / "a.csv").write_text("mine")
    must = "--output must be in a folder that can be written to, got one "
    fix = " instead: choose another name."
    below = f"{must}below the file {tmp_path / 'a.csv'}{fix}"
    refused(NotADirectoryError, below, tmp_path / "a.csv" / "b" / "c.csv")

    def refuse(dir):
        raise PermissionError(13, "Permission denied", os.fspath(dir))

    monkeypatch.setattr(files.tempfile, "TemporaryFile", refuse)  # root may write anywhere
    in_folder = f"{must}in {tmp_path} (Permission denied){fix}"
    refused(PermissionError, in_folder, tmp_path / "new" / "b.csv")
    with pytest.raises(ValueError, match="^--out must be a name in a folder, got the root of the"):
        check_place("--out", "/")


def test_all_or_nothing(tmp_path):
    first, second = tmp_path / "a.txt", tmp_path / "b.txt"
    first.write_text("old")

    def fail(path):
        path.write_text("half")
        raise OSError("no space left")

    with pytest.raises(OSError, match="^no space left$"):
        replace_files({first: lambda path: path.write_text("new"), second: fail})
    assert [path.name for path in tmp_path.iterdir()] == ["a.txt"]
    assert first.read_text() == "old"


def test_a_link_stays_one(tmp_path):
    (tmp_path / "a.json").write_text("old")
    link = tmp_path / "link.json"
    link.symlink_to("a.json")
    write_json(link, {"a": float("-inf")})
    assert link.is_symlink()
    assert (tmp_path / "a.json").read_text() == '{\n  "a": "-inf"\n}\n'


def test_a_folder_comes_back_if_the_new_one_cannot_come(tmp_path):
    there = tmp_path / "run"
    there.mkdir()
    (there / "a").write_text("old")
    with pytest.raises(FileNotFoundError):
        files.put(tmp_path / "new", there)
    assert [path.name for path in tmp_path.iterdir()] == ["run"]
    assert (there / "a").read_text() == "old"
