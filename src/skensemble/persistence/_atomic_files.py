"""Writing files: none is replaced unless that is wanted, and none is left half-written."""

import contextlib
import json
import math
import os
import shutil
import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from skensemble._validation import Described, must_be


def check_new_file(name: str, path: str | Path, *, force: bool) -> None:
    """Raise, before there is work to lose, if a file is not to be written there."""
    there = Path(path).resolve()
    if there.name and there.exists() and not there.is_file():
        got = Described("a folder" if there.is_dir() else "a device or a pipe")
        raise ValueError(must_be(name, "a regular file", got, "choose another name"))
    if there.is_file() and not force:
        got = Described("one that is there already")
        raise FileExistsError(must_be(name, "a new file", got, "force=True replaces it"))
    check_place(name, path)


def check_place(name: str, path: str | Path) -> None:
    """Raise OSError unless a file or a folder can be made at a path, missing folders included."""
    there = Path(path).resolve()
    if not there.name:
        got = Described("the root of the file system")
        raise ValueError(must_be(name, "a name in a folder", got, "choose another name"))
    folder = next(parent for parent in there.parents if os.path.lexists(parent))
    must, fix = "in a folder that can be written to", "choose another name"
    if not folder.is_dir():
        got = Described(f"one below the file {folder}")
        raise NotADirectoryError(must_be(name, must, got, fix))
    try:
        tempfile.TemporaryFile(dir=folder).close()
    except OSError as error:
        got = Described(f"one in {folder} ({error.strerror})")
        raise type(error)(must_be(name, must, got, fix)) from error


def replace_files(writers: Mapping[Path, Callable[[Path], object]]) -> None:
    """Let files or folders be written, and put them in place when all of them are whole."""
    partials = {}
    try:
        for path, write in writers.items():
            path = path.resolve()
            partial = path.with_name(f".{path.stem}.{os.getpid()}.partial{path.suffix}")
            partials[path] = partial
            partial.parent.mkdir(parents=True, exist_ok=True)
            write(partial)
        for path, partial in partials.items():
            put(partial, path)
    finally:
        for partial in partials.values():
            if partial.is_dir():
                shutil.rmtree(partial)
            else:
                partial.unlink(missing_ok=True)


def put(new: Path, path: Path) -> None:
    """Give a file or a folder its name; a folder of that name goes only once it has."""
    if not path.is_dir():
        os.replace(new, path)
        return
    aside = Path(tempfile.mkdtemp(prefix=f".{path.name}.", dir=path.parent))
    old = aside / path.name
    try:
        path.rename(old)
        new.rename(path)
    except BaseException:
        if not path.exists():
            old.rename(path)
        with contextlib.suppress(OSError):
            aside.rmdir()
        raise
    shutil.rmtree(aside, ignore_errors=True)


def write_json(path: Path, content: Any) -> None:
    """Write JSON, all or nothing."""
    text = to_json(content, indent=2) + "\n"
    replace_files({path: lambda partial: partial.write_text(text, encoding="utf-8")})


def to_json(content: Any, *, indent: int | None = None, ascii_only: bool = False) -> str:
    """Return content as strict JSON, converted by `json_ready`."""
    return json.dumps(json_ready(content), indent=indent, ensure_ascii=ascii_only, allow_nan=False)


def json_ready(content: Any) -> Any:
    """Return content in types of JSON.

    NaN is None and infinity is a word. Of an object that JSON does not know, there is its type, and
    its name if it has one.

    Examples
    --------
    >>> json_ready({"loss": np.float64("nan"), "gap": np.inf, "weights": np.array([0.25, 0.75])})
    {'loss': None, 'gap': 'inf', 'weights': [0.25, 0.75]}
    >>> json_ready((len, Path("a")))
    ['builtin_function_or_method(len)', 'a']
    """
    if isinstance(content, np.ndarray | np.generic):
        content = content.tolist()
    if content is None or isinstance(content, bool | int | str):
        return content
    if isinstance(content, float):
        if math.isnan(content):
            return None
        return content if math.isfinite(content) else repr(content)
    if isinstance(content, Mapping):
        return {str(key): json_ready(value) for key, value in content.items()}
    if isinstance(content, list | tuple):
        return [json_ready(value) for value in content]
    if isinstance(content, Path):
        return str(content)
    name = getattr(content, "name", None) or getattr(content, "__name__", None)
    return f"{type(content).__name__}({name})" if isinstance(name, str) else type(content).__name__
