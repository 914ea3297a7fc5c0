"""The scope in which everything random is seeded."""

import contextlib
import random

import keras
import numpy as np
import pytest
import tensorflow as tf

from skensemble.backends import seeded


def draws():
    return (
        random.random(),
        np.random.random(),  # noqa: NPY002
        float(tf.random.uniform([])),
        float(keras.random.uniform([])),
        np.asarray(keras.layers.Dense(2).build((None, 2)) or keras.layers.Dense(2)(np.eye(2))),
    )


def test_seeds_every_generator():
    with seeded(3):
        first = draws()
    with seeded(3):
        again = draws()
    with seeded(4):
        other = draws()
    for a, b, c in zip(first, again, other, strict=True):
        np.testing.assert_array_equal(a, b)
        assert not np.array_equal(a, c)


@pytest.mark.parametrize("error", [None, ValueError, KeyboardInterrupt])
def test_leaves_every_generator_as_it_was(error):
    def draw_and_raise():
        with seeded(5):
            draws()
            raise error

    def sequence(disturb):
        random.seed(0)
        np.random.seed(0)  # noqa: NPY002
        tf.random.set_seed(0)
        keras.utils.set_random_seed(0)
        before = draws()
        if disturb and error is None:
            with seeded(5):
                draws()
        elif disturb:
            with pytest.raises(error):
                draw_and_raise()
        return before, draws()

    for undisturbed, disturbed in zip(sequence(False), sequence(True), strict=True):
        for a, b in zip(undisturbed, disturbed, strict=True):
            np.testing.assert_array_equal(a, b)


def test_can_be_nested():
    with seeded(1):
        before = random.random()
        with seeded(1):
            assert random.random() == before
        after = random.random()
    with seeded(1):
        assert (random.random(), random.random()) == (before, after)


def test_leaves_an_unseeded_process_unseeded():
    from tensorflow.python.eager import context

    seed = context.context()._seed
    try:
        tf.random.set_seed(None)
        with seeded(1):
            pass
        assert context.context()._seed is None
    finally:
        tf.random.set_seed(seed)


def network():
    return keras.Sequential([keras.Input((3,)), keras.layers.Dense(2), keras.layers.Dense(2)])


def names(model):
    return [variable.path for variable in model.variables]


def test_networks_have_the_same_names_every_time():
    with seeded(0):
        first = network()
    with seeded(1):
        with seeded(2):
            second = network()
        assert not set(names(network())) & set(names(second))
    assert names(first) == names(second)
    with contextlib.suppress(ZeroDivisionError), seeded(0):
        network()
        1 / 0
    with seeded(0):
        assert names(network()) == names(first)


def test_layers_from_before_and_after_have_other_names():
    """So that they can be parts of one model."""
    before = keras.layers.Dense(2)
    with seeded(0):
        inside = keras.layers.Dense(2)
    after = keras.layers.Dense(2)
    assert len({before.name, inside.name, after.name}) == 3
    with seeded(0):
        model = keras.Sequential([keras.Input((2,)), before, after, keras.layers.Dense(2)])
    extended = keras.Sequential([*model.layers, inside, keras.layers.Dense(2)])
    assert len({layer.name for layer in extended.layers}) == 5
