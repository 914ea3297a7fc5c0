"""Changing the rows of every training batch."""

import contextlib
from collections.abc import Hashable, Iterator
from typing import Any

import keras
from keras import ops

from skensemble.networks import fingerprint_of_network


class Augmentation:
    """What a training step does to the rows of its batch before the network sees them."""

    def __init__(self, function):
        self.function = function
        self._layer = function if isinstance(function, keras.layers.Layer) else None
        trains = self._layer is not None and self._layer._call_has_training_arg
        self._options = {"training": True} if trains else {}

    def __call__(self, X):
        # A function may return a tensor of unknown shape, which no layer takes.
        return ops.reshape(self.apply(X), (ops.shape(X)[0], *X.shape[1:]))

    def apply(self, X):
        return self.function(self.as_input(X), **self._options)

    def as_input(self, X):
        """Return a batch as the function takes it: most layers do not take whole numbers."""
        dtype = keras.backend.standardize_dtype(X.dtype)
        if self._layer is None or keras.backend.is_float_dtype(dtype):
            return X
        return ops.cast(X, keras.config.floatx())

    @property
    def variables(self) -> list[Any]:
        """The state of its random numbers."""
        return [] if self._layer is None else list(self._layer.variables)

    @property
    def fingerprint(self) -> Hashable | None:
        """Equal for those that compute the same; None where that is not known."""
        return None if self._layer is None else fingerprint_of_network(self._layer)


@contextlib.contextmanager
def augmented(model, augmentation: Augmentation | None) -> Iterator[None]:
    """Let the training steps of a model, inside ``model.fit`` too, see augmented rows."""
    if augmentation is None:
        yield
        return
    train_step, was_set = model.train_step, "train_step" in vars(model)

    def augmented_step(data):
        X, *targets = data
        return train_step((augmentation(X), *targets))

    model.train_step = augmented_step
    try:
        yield
    finally:
        if was_set:
            model.train_step = train_step
        else:
            del model.train_step
