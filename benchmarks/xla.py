"""Where XLA pays on this machine's CPU: time per training step, with and without.

    python benchmarks/xla.py [--steps 256] [--rounds 5]

Each network is trained by the program of the fused engine, once as TensorFlow runs it and once
compiled by XLA, in turn; the median over the rounds counts. The list of operations in
`skensemble.backends` comes from here: dense networks gain, random numbers lose. Convolutions of
images lose too, as `benchmarks/speed` shows; very small ones gain, and are left to TensorFlow all
the same.
"""

import argparse
import time
from unittest import mock

import keras
import numpy as np
from keras import layers

from skensemble import CyclicCosineDecay
from skensemble.backends import XlaDecision, program_cache, seeded
from skensemble.training import TrainingData, TrainingRequest, train


def dense(width, depth=1):
    return [layers.Dense(width, activation="relu") for _ in range(depth)]


def with_batch_norm(width, depth):
    return [
        layer
        for _ in range(depth)
        for layer in (layers.Dense(width), layers.BatchNormalization(), layers.ReLU())
    ]


def with_dropout(width):
    return [layers.Dense(width, activation="relu"), layers.Dropout(0.2)]


def convolution(n_filters):
    return [
        layers.Reshape((8, 8, 1)),
        layers.Conv2D(n_filters, 3, activation="relu"),
        layers.GlobalAveragePooling2D(),
    ]


CASES = {
    "dense 16, batch 32": (lambda: dense(16), 32),
    "dense 64, batch 32": (lambda: dense(64), 32),
    "dense 64, batch 256": (lambda: dense(64), 256),
    "dense 64, batch 2048": (lambda: dense(64), 2048),
    "dense 256, batch 32": (lambda: dense(256), 32),
    "dense 256, batch 256": (lambda: dense(256), 256),
    "dense 1024, batch 32": (lambda: dense(1024), 32),
    "dense 3 × 1024, batch 128": (lambda: dense(1024, depth=3), 128),
    "2 × (dense 64, batch norm), batch 32": (lambda: with_batch_norm(64, 2), 32),
    "3 × (dense 256, batch norm), batch 128": (lambda: with_batch_norm(256, 3), 128),
    "dense 64, dropout, batch 32": (lambda: with_dropout(64), 32),
    "convolution of 8 filters, batch 32": (lambda: convolution(8), 32),
}


def seconds_per_step(hidden, batch_size, n_steps, use_xla):
    """Train one epoch; the program is in the cache, so that only the steps count."""
    rng = np.random.default_rng(0)
    n = batch_size * n_steps
    data = TrainingData(
        rng.random((n, 64), dtype="float32"), rng.integers(0, 10, n), np.arange(n), batch_size
    )
    decision = XlaDecision(use_xla, "measured")
    seconds = []
    decide = "skensemble.backends.tensorflow._training_graph.decide_on_xla"
    with mock.patch(decide, return_value=decision):
        for _ in range(2):
            with seeded(0):
                model = keras.Sequential(
                    [keras.Input((64,)), *hidden(), layers.Dense(10, activation="softmax")]
                )
                model.compile(
                    keras.optimizers.SGD(0.01, momentum=0.9), "sparse_categorical_crossentropy"
                )
                start = time.perf_counter()
                train("fused", model, data, CyclicCosineDecay(0.01, n_steps, 1), TrainingRequest(1))
                seconds.append(time.perf_counter() - start)
    return seconds[-1] / n_steps


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--steps", type=int, default=256)
    parser.add_argument("--rounds", type=int, default=5)
    options = parser.parse_args()
    print(f"{'network':42}{'plain, µs':>12}{'XLA, µs':>12}{'plain / XLA':>22}")
    for name, (hidden, batch_size) in CASES.items():
        times = {True: [], False: []}
        for _ in range(options.rounds):
            for use_xla in times:
                program_cache.clear()
                times[use_xla].append(
                    1e6 * seconds_per_step(hidden, batch_size, options.steps, use_xla)
                )
        ratios = np.array(times[False]) / np.array(times[True])
        plain, xla = np.median(times[False]), np.median(times[True])
        spread = f"({ratios.min():.2f} to {ratios.max():.2f})"
        print(f"{name:42}{plain:12.0f}{xla:12.0f}{np.median(ratios):8.2f} {spread}", flush=True)


if __name__ == "__main__":
    main()
