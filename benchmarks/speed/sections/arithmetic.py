"""How far our times are from those of the arithmetic alone."""

import time
from dataclasses import dataclass

import numpy as np
from report import Section, Table, show, show_seconds


@dataclass(frozen=True)
class Work:
    """What was done, its floating point operations, and the seconds that we took."""

    what: str
    flops: float
    seconds: float


def summary(works):
    """Compare works with the speed of a large matrix product on this machine.

    Parameters
    ----------
    works : list of Work
        From all sections of this run.

    Returns
    -------
    Section
    """
    speed = flops_per_second()
    rows = [
        [
            work.what,
            f"{work.flops / 1e6:,.2f}",
            show_seconds(work.flops / speed),
            show_seconds(work.seconds),
            show(work.seconds * speed / work.flops),
        ]
        for work in works
    ]
    header = ["", "MFLOP", "arithmetic alone", "ours", "times as long"]
    setup = (
        "Operations of the dense and convolutional products only: 2 for each weight and place, "
        "three times as many for a step of training. The arithmetic alone would take the time "
        "of as many operations in a product of two 1024 × 1024 float32 matrices in TensorFlow, "
        f"best of 20: {speed / 1e9:,.0f} GFLOP/s."
    )
    return Section("How far from the arithmetic", setup, tables=[Table("", header, rows)])


def flops_per_second(size=1024, tries=20):
    """Speed of the fastest of some float32 matrix products in TensorFlow."""
    import tensorflow as tf

    rng = np.random.default_rng(0)
    a, b = (tf.constant(rng.random((size, size), dtype=np.float32)) for _ in range(2))
    seconds = []
    for _ in range(tries):
        start = time.perf_counter()
        tf.matmul(a, b).numpy()
        seconds.append(time.perf_counter() - start)
    return 2 * size**3 / min(seconds)
