"""Each operation at each level, compared with Pillow."""

import functools

import keras
import numpy as np
import pytest
import tensorflow as tf

from skensemble.augmentation._policy import MAGNITUDES, OPERATIONS, Stage

FILL = 128
SHAPES = [(32, 32, 3), (17, 24, 3), (9, 33, 1), (2, 5, 3)]
LEVELS = {"reference": range(11), "torchvision": range(10)}
STEPS = {
    name: [(operation, 1.0, level) for operation in OPERATIONS for level in levels]
    for name, levels in LEVELS.items()
}


def make_images(shape):
    """Noise, waves, few levels, one level: uint8 of shape (n, *shape)."""
    rng = np.random.default_rng(0)
    height, width, n_channels = shape
    y, x = np.mgrid[:height, :width]
    waves = [127 + 100 * np.sin(x / 7 + k) * np.cos(y / 9 - k) for k in range(n_channels)]
    images = [
        rng.integers(0, 256, shape),
        np.stack(waves, axis=-1).round(),
        255 * rng.random(shape) ** 6,
        rng.integers(90, 94, shape),
        255 * rng.integers(0, 2, shape),
        np.full(shape, 77),
        np.zeros(shape),
    ]
    return np.stack(images).astype("uint8")


@functools.cache
def all_results(magnitudes, shape):
    """Every image after every step with both signs: uint8 of shape (images, rows, *shape)."""
    stage = Stage(STEPS[magnitudes], MAGNITUDES[magnitudes], *shape[:2])
    n_rows = 2 * len(STEPS[magnitudes])
    rows = np.arange(n_rows, dtype="int32")
    fill = np.full(shape[-1], FILL, dtype="uint8")
    return np.stack(
        [
            np.asarray(stage.apply(np.stack([image] * n_rows), rows, fill))
            for image in make_images(shape)
        ]
    )


@pytest.mark.parametrize("level", range(11))
@pytest.mark.parametrize("operation", OPERATIONS)
def test_is_pillows_to_the_grey_level(pillow, operation, level):
    for magnitudes, levels in LEVELS.items():
        if level not in levels:
            continue
        step = STEPS[magnitudes].index((operation, 1.0, level))
        for shape in SHAPES:
            images, results = make_images(shape), all_results(magnitudes, shape)
            for sign, row in ((1, 2 * step), (-1, 2 * step + 1)):
                value = MAGNITUDES[magnitudes](operation, level, sign, *shape[:2])
                expected = np.stack([pillow(operation, image, value) for image in images])
                np.testing.assert_array_equal(results[:, row], expected)


def test_every_operation_changes_something():
    shape = (32, 32, 3)
    results, images = all_results("reference", shape).astype(int), make_images(shape)[:, None]
    changes = np.abs(results - images).max(axis=(0, 2, 3, 4)).reshape(len(OPERATIONS), -1)
    weak = [name for name, change in zip(OPERATIONS, changes, strict=True) if change.max() < 20]
    assert weak == []


def test_images_do_not_affect_each_other():
    # A mixed batch gives the same as each row alone.
    shape = (17, 24, 3)
    images = make_images(shape)
    n_rows = 2 * len(STEPS["reference"])
    stage = Stage(STEPS["reference"], MAGNITUDES["reference"], *shape[:2])
    rng = np.random.default_rng(1)
    rows, which = rng.integers(0, n_rows, 200), rng.integers(0, len(images), 200)
    fill = np.full(3, FILL, dtype="uint8")
    out = np.asarray(stage.apply(images[which], rows.astype("int32"), fill))
    np.testing.assert_array_equal(out, all_results("reference", shape)[which, rows])


def test_the_last_row_does_nothing():
    images = make_images((2, 5, 3))
    stage = Stage(STEPS["reference"], MAGNITUDES["reference"], 2, 5)
    rows = np.full(len(images), 2 * len(STEPS["reference"]), dtype="int32")
    out = stage.apply(images, rows, np.full(3, FILL, dtype="uint8"))
    np.testing.assert_array_equal(out, images)


def test_fixed_shapes_give_the_same(monkeypatch):
    # The code for JAX: every function on all images, then ops.where, and segment sums.
    shape = (17, 24, 3)
    images = make_images(shape)[:4]
    steps = [(operation, 1.0, 7) for operation in OPERATIONS]
    stage = Stage(steps, MAGNITUDES["reference"], *shape[:2])
    rows = np.arange(0, 2 * len(steps) + 1, dtype="int32")
    batch = images[np.arange(len(rows)) % len(images)]
    fill = np.array([1, 2, 3], dtype="uint8")
    expected = np.asarray(stage.apply(batch, rows, fill))
    monkeypatch.setattr(keras.backend, "backend", lambda: "jax")
    out = np.asarray(stage.apply(batch, rows, fill)).astype(int)
    assert np.abs(out - expected).max() <= 1
    assert np.mean(out != expected) < 1e-3


@pytest.mark.parametrize("jit_compile", [False, True])
def test_works_in_a_graph_of_unknown_batch_size(jit_compile):
    shape = (9, 33, 1)
    images = make_images(shape)
    steps = [(operation, 1.0, 7) for operation in OPERATIONS]
    stage = Stage(steps, MAGNITUDES["reference"], *shape[:2])

    @tf.function(
        input_signature=[tf.TensorSpec((None, *shape), "uint8"), tf.TensorSpec((None,), "int32")],
        jit_compile=jit_compile,
    )
    def apply(images, rows):
        return stage.apply(images, rows, np.full(1, FILL, dtype="uint8"))

    rows = np.arange(2 * len(steps), dtype="int32")
    batch = images[rows % len(images)]
    eager = np.asarray(stage.apply(batch, rows, np.full(1, FILL, dtype="uint8"))).astype(int)
    # XLA may join a product and a sum, and so round once where Pillow rounds twice.
    assert np.abs(eager - np.asarray(apply(batch, rows))).max() <= int(jit_compile)
    assert apply(images[:0], rows[:0]).shape == (0, *shape)
