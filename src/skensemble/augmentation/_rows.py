"""Gather, count and change rows of tensors."""

from collections.abc import Sequence

import keras
from keras import ops


def gather(tensor, places):
    """Return the items of a tensor along its first axis, at indices that are not negative.

    `keras.ops.take` checks for negative ones first, which takes as long as the rest.
    """
    if keras.backend.backend() == "tensorflow":
        from skensemble.backends import gather_rows

        return gather_rows(tensor, places)
    return ops.take(tensor, places, axis=0)


def count(numbers, n_numbers: int):
    """Count each of 0, …, n_numbers - 1 in each row: int32 (n, m) to float32 (n, n_numbers)."""
    n_rows = ops.shape(numbers)[0]
    if keras.backend.backend() == "tensorflow":
        from skensemble.backends import count_numbers

        return count_numbers(numbers, n_numbers)
    first = ops.arange(n_rows, dtype="int32")[:, None] * n_numbers
    places = ops.reshape(numbers + first, (-1,))
    ones = ops.ones_like(places, dtype="float32")
    return ops.reshape(ops.segment_sum(ones, places, n_rows * n_numbers), (-1, n_numbers))


def change_rows(images, changes: Sequence[tuple]):
    """Return the images after the changes ``(chosen, function, *arguments)``.

    ``chosen`` is a bool tensor of shape (n,), and no image is chosen twice. The function gets the
    chosen images with their rows of the arguments; with JAX, whose shapes are fixed, all of them.
    """
    if keras.backend.backend() == "jax":
        for chosen, function, *arguments in changes:
            chosen = chosen[:, None, None, None]
            images = ops.where(chosen, function(images, *arguments), images)
        return images
    places, results = [], []
    for chosen, function, *arguments in changes:
        rows = ops.nonzero(chosen)[0]
        places.append(rows)
        results.append(function(*(gather(tensor, rows) for tensor in (images, *arguments))))
    return ops.scatter_update(
        images, ops.concatenate(places)[:, None], ops.concatenate(results, axis=0)
    )
