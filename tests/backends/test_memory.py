"""Memory of a process that fits again and again, measured in a process of its own."""

import subprocess
import sys
import textwrap

import pytest

SCRIPT = """
import gc
import warnings

import keras
import numpy as np

from skensemble import SnapshotEnsembleClassifier, program_cache

warnings.simplefilter("ignore")
rng = np.random.default_rng(0)
X, y = rng.random((32, 4), dtype="float32"), np.arange(32) % 3


def resident():  # MB
    pages = int(open("/proc/self/statm").read().split()[1])
    return pages * 4096 / 2**20


def fit(width=8):
    def build():
        layers = [keras.layers.Dense(width, "relu"), keras.layers.Dense(3, "softmax")]
        return keras.Sequential([keras.Input((4,)), *layers])

    parameters = {"validation_fraction": None, "weighting": "uniform", "random_state": 0}
    SnapshotEnsembleClassifier(build, M=1, epochs=1, **parameters).fit(X, y)
"""


def megabytes(code):
    """Run code after the script, and return the numbers that it prints."""
    script = SCRIPT + textwrap.dedent(code)
    result = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True)
    assert result.returncode == 0, result.stderr
    return [float(number) for number in result.stdout.split()]


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
def test_fits_of_one_network_do_not_grow_and_clear_gives_back():
    # One process for both, as importing takes longer than the fits.
    before, after, with_programs, cleared = megabytes(
        """
        for n in (30, 100):
            for _ in range(n):
                fit()
            gc.collect()
            print(resident())
        for width in range(9, 12):
            fit(width)
        gc.collect()
        print(resident())
        program_cache.clear()
        print(resident())
        """
    )
    # Every variable of a new name would take 35 KB, and each fit has a dozen.
    assert after - before < 100 * 0.1
    # A program takes 3 MB or more, besides what TensorFlow keeps of every compiled function.
    assert with_programs - cleared > 4 * 1.0
