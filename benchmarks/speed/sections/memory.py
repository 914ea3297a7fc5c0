"""How much memory a fit takes, and how much of it stays."""

import gc
import re
from dataclasses import replace
from pathlib import Path

import numpy as np
from contestants import DEFAULT, IN_PROCESS, KERAS, OURS, XLA
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


def many_fits(settings):
    """What stays after many fits in one process, ours and plain Keras."""
    title = "Memory after many fits"
    if not PROCESS.exists():
        return Section(title, "Not measured: this system has no `/proc`.")
    n_same, n_widths = (20, 4) if settings.quick else (400, 20)
    rows = []
    for name, n in ((OURS, n_same), (KERAS, n_same // 10)):
        (growth,) = run_fresh("sections.memory:growth_here", name=name, n=n, widths=False)
        rows.append([name, f"{n} of one network", f"{growth:.3f} MiB", ""])
    for name in (OURS, XLA, KERAS):
        grown, cleared = run_fresh(
            "sections.memory:growth_here", name=name, n=n_widths, widths=True
        )
        after = f"{cleared:.1f} MiB" if name == OURS else ""
        rows.append([name, f"{n_widths} of new widths", f"{grown:.1f} MiB", after])
    setup = (
        "MLP 64-width-10 on 320 rows of digits, 2 epochs, M=2, each row in a process of its own: "
        "the growth of the resident memory per fit, after some fits to warm up. What XLA compiled, "
        "for Keras a step and for us the loop around it too, stays until the process ends."
    )
    header = ["", "fits", "growth per fit", "after `program_cache.clear()`"]
    return Section(title, setup, tables=[Table("", header, rows)])


def growth_here(name, n, widths):
    """Growth of the resident memory per fit, in MiB; then the same with an empty cache."""
    from skensemble import program_cache

    task = Task("digits", rows=320, epochs=2, M=2)
    X, y = task.load(None)

    def fit(first, n):
        for width in range(first, first + n):
            IN_PROCESS[name](replace(task, width=width if widths else 64), X, y)
        gc.collect()

    fit(500, 3 if widths else 20)
    if widths:
        program_cache.clear()
    found, before = [], _status("VmRSS")
    fit(64, n)
    found.append((_status("VmRSS") - before) / 1024 / n)
    if widths:
        program_cache.clear()
        found.append((_status("VmRSS") - before) / 1024 / n)
    return found


def _status(key):
    text = (PROCESS / "status").read_text()
    return int(re.search(rf"^{key}:\s+(\d+) kB", text, re.MULTILINE)[1])
