"""A function of this folder, run in a process of its own."""

import importlib
import json
import subprocess
import sys
import tempfile
from pathlib import Path


class TooSlow(Exception):
    """The process was ended at its time limit."""


def run_fresh(target, limit=None, **arguments):
    """Call ``module:function`` in a new Python process.

    Parameters
    ----------
    target : str
        Module of this folder and name of a function in it.
    limit : float or None, default=None
        Seconds until the process is ended.
    **arguments
        Of the function; as everything that it returns, what JSON can hold.

    Raises
    ------
    TooSlow
        If the time limit was reached.
    """
    with tempfile.TemporaryDirectory() as folder:
        result = Path(folder) / "result.json"
        command = [sys.executable, __file__, target, json.dumps(arguments), str(result)]
        try:
            done = subprocess.run(command, capture_output=True, text=True, timeout=limit)
        except subprocess.TimeoutExpired:
            raise TooSlow from None
        if done.returncode:
            raise RuntimeError(f"{target} failed:\n{done.stderr[-2000:]}")
        return json.loads(result.read_text())


def main():
    target, arguments, result = sys.argv[1:]
    module, name = target.split(":")
    out = getattr(importlib.import_module(module), name)(**json.loads(arguments))
    Path(result).write_text(json.dumps(out))


if __name__ == "__main__":
    main()
