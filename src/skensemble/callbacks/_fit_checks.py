"""Checks at the start of ``model.fit``: of the optimizer, the data and other callbacks."""

import sys
from types import FrameType

import keras

from skensemble._validation import Described, must_be

RATE_SETTERS = (keras.callbacks.LearningRateScheduler, keras.callbacks.ReduceLROnPlateau)


def calling_list() -> keras.callbacks.CallbackList | None:
    """Return the list of callbacks that calls this one, which Keras does not tell it, or None."""
    frame: FrameType | None = sys._getframe(1)
    while frame is not None:
        caller = frame.f_locals.get("self")
        if isinstance(caller, keras.callbacks.CallbackList):
            return caller
        frame = frame.f_back
    return None


def check_alone(callback) -> None:
    callbacks = getattr(calling_list(), "callbacks", [])
    kinds = (type(callback), *RATE_SETTERS)
    others = [other for other in callbacks if isinstance(other, kinds) and other is not callback]
    if others:
        must = f"without others that set the learning rate beside {type(callback).__name__}"
        got = Described(", ".join(type(other).__name__ for other in others))
        raise ValueError(must_be("callbacks", must, got, "leave only one of them"))


def optimizer_of(model):
    """Return the optimizer of a compiled model; a MultiOptimizer is built first."""
    optimizer = model.optimizer
    inner = getattr(optimizer, "inner_optimizer", optimizer)
    if isinstance(inner, keras.optimizers.MultiOptimizer) and not inner.built:
        if not model.built:
            fix = "call it on a few rows, or build(input_shape), before fit"
            got = Described("a model that is not built")
            raise ValueError(must_be("model", "built, with a MultiOptimizer", got, fix))
        inner.build(model.trainable_variables)
    return optimizer


def n_iterations_of_fit(given, epochs, params, first_epoch: int) -> int:
    """Count the iterations of a call of ``model.fit`` by what Keras tells its callbacks."""
    params = params or {}
    steps = params.get("steps") if "epochs" in params else None
    n_epochs = params.get("epochs", first_epoch) - first_epoch
    if epochs is not None and n_epochs != epochs:
        must = f"{epochs}, over which the cycles are spread"
        in_fit = f"epochs={first_epoch + epochs}"
        fix = f"build the callback for {n_epochs} epochs, or pass {in_fit} to fit"
        raise ValueError(must_be("the number of epochs of fit", must, n_epochs, fix))
    if steps is None:
        if given is None:
            what = "the number of batches per epoch"
            must = "known, to spread the cycles over training"
            fix = (
                "pass steps_per_epoch to fit, or n_iterations, the batches of all epochs "
                "together, to SnapshotCallback"
            )
            raise ValueError(must_be(what, must, Described("data of unknown length"), fix))
        return given
    if given is not None and given != n_epochs * steps:
        must = f"{n_epochs * steps}, for {n_epochs} epochs of {steps} batches"
        fix = "leave it out: it is needed only where the number of batches is unknown"
        raise ValueError(must_be("n_iterations", must, given, fix))
    return n_epochs * steps
