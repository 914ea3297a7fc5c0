"""How much memory a fit takes."""

import re
from pathlib import Path

import numpy as np
from contestants import DEFAULT, IN_PROCESS, KERAS, OURS
from fresh import run_fresh
from report import Section, Table, verdict
from workloads import Task

PROCESS = Path("/proc/self")


def peak(settings):
    """Peak of the resident memory, ours and plain Keras."""
    title = "Memory of a fit"
    if not PROCESS.exists():
        return Section(title, "Not measured: this system has no `/proc`.")
    n_rows, n_features = (2000, 512) if settings.quick else (200_000, 512)
    size = n_rows * n_features * 4 / 2**20
    peaks = {
        name: run_fresh("sections.memory:peak_here", name=name, shape=(n_rows, n_features))
        for name in (OURS, DEFAULT, KERAS)
    }
    bound = 1.1 * peaks[KERAS] + size
    rows = [
        [
            name,
            f"{mib:,.0f} MiB",
            "" if name == KERAS else verdict(mib <= bound, f"≤ {bound:,.0f} MiB"),
        ]
        for name, mib in peaks.items()
    ]
    setup = (
        f"X of {n_rows:,} × {n_features} float32 ({size:,.0f} MiB), MLP {n_features}-64-10, "
        "one epoch, batches of 1024, M=1, each in a process of its own: the peak of the "
        "resident memory during `fit`, less what was resident before, with X in memory and "
        "Keras imported. The bound is 1.1 times plain Keras, plus the size of X."
    )
    return Section(title, setup, tables=[Table("", ["", "peak", "asked for"], rows)])


def peak_here(name, shape):
    """Peak of a fit over the memory before it, in MiB, in this process."""
    rng = np.random.default_rng(0)
    X = rng.standard_normal(shape, dtype=np.float32)
    y = rng.integers(10, size=shape[0])
    task = Task("", epochs=1, M=1, batch_size=1024)
    (PROCESS / "clear_refs").write_text("5")  # forget the peak so far
    before = _status("VmRSS")
    fitted = IN_PROCESS[name](task, X, y)
    after = _status("VmHWM")
    del fitted
    return (after - before) / 1024


def _status(key):
    text = (PROCESS / "status").read_text()
    return int(re.search(rf"^{key}:\s+(\d+) kB", text, re.MULTILINE)[1])
