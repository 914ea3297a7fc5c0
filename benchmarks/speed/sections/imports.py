"""How long an import takes."""

import subprocess
import sys

import numpy as np
from contest import Ratio, take_turns
from report import Section, Table, show, show_seconds, spread
from torch_peer import environment

OURS = "from skensemble import SnapshotEnsembleClassifier"
STATEMENTS = (
    "import skensemble",
    OURS,
    "from scikeras.wrappers import KerasClassifier",
    "import keras",
)
TORCH = "import torchensemble"
PROGRAM = """
import time
start = time.perf_counter()
{statement}
print(time.perf_counter() - start)
"""


def statements(settings):
    """Ours and the peers', each in a process of its own."""
    rounds = settings.rounds_at_most(3)
    contestants = {line: _timer(line, sys.executable) for line in STATEMENTS}
    if settings.torch:
        contestants[TORCH] = _timer(TORCH, environment())
    for contestant in contestants.values():
        contestant()
    seconds = take_turns(contestants, rounds)
    rows = []
    for line, took in seconds.items():
        ratio = Ratio.of(took, seconds[OURS])
        rows.append([f"`{line}`", show_seconds(np.median(took)), show(ratio.median), spread(ratio)])
    setup = f"Without the start of Python; median of {rounds} rounds of new processes."
    header = ["", "time", "/ ours with the classifier", "spread"]
    return Section("Import", setup, tables=[Table("", header, rows)])


def _timer(statement, python):
    command = [python, "-c", PROGRAM.format(statement=statement)]

    def run():
        done = subprocess.run(command, capture_output=True, text=True, check=True)
        return float(done.stdout.split()[-1])

    return run
