"""Ensemble-PyTorch, in a Python environment and a process of its own."""

import itertools
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np

HERE = Path(__file__).resolve().parent
FOLDER = HERE.parents[1] / ".venv-torch"


def environment():
    """Make the environment if it is not there, and return its Python."""
    python = FOLDER / "bin" / "python"
    requirements = HERE / "requirements-torch.txt"
    ready = FOLDER / ".ready"
    if not ready.exists() or ready.stat().st_mtime < requirements.stat().st_mtime:
        print(f"Making {FOLDER.name} for Ensemble-PyTorch ...", flush=True)
        subprocess.run([sys.executable, "-m", "venv", FOLDER], check=True)
        (FOLDER / ".gitignore").write_text("*\n")
        install = [python, "-m", "pip", "install", "--quiet", "--no-deps", "-r", requirements]
        subprocess.run(install, check=True)
        ready.touch()
    return python


class Worker:
    """A process that trains and predicts with Ensemble-PyTorch, and times itself.

    It lives through all rounds, so that its start is not measured. Arrays and results go through
    files; the pipes only say which task is next, and that it is done.
    """

    def __init__(self):
        self._folder = tempfile.TemporaryDirectory()
        self._numbers = itertools.count()
        variables = {k: v for k, v in os.environ.items() if not k.startswith("PYTHON")}
        self._process = subprocess.Popen(
            [environment(), HERE / "torch_worker.py", self._folder.name],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env=variables,
        )

    def __call__(self, action, arrays=None, **parameters):
        """Run one task and return what the worker says of it.

        Parameters
        ----------
        action : {"versions", "fit", "predict"}
            A function of ``torch_worker.py``.
        arrays : dict of str to ndarray, optional
            Its arrays.
        **parameters
            Its other arguments.

        Returns
        -------
        dict
            What the function returned.
        """
        name = f"task{next(self._numbers)}"
        path = Path(self._folder.name) / name
        np.savez(path.with_suffix(".npz"), **(arrays or {}))
        task = {"action": action, "parameters": parameters}
        path.with_suffix(".json").write_text(json.dumps(task))
        print(name, file=self._process.stdin, flush=True)
        if not self._process.stdout.readline():
            raise RuntimeError(f"The worker of Ensemble-PyTorch ended while it did {task}.")
        return json.loads(path.with_suffix(".result.json").read_text())

    def close(self):
        """End the process."""
        self._process.stdin.close()
        self._process.wait()
        self._folder.cleanup()
