"""Putting the learning-rate schedule into a compiled model."""

from __future__ import annotations

import inspect
import math

import keras


class CountingLossScaleOptimizer(keras.optimizers.LossScaleOptimizer):
    """Counts skipped steps too.

    Loss scaling skips a step whose gradients overflow, and with it the count of iterations, on
    which the schedule depends: the rate would lag behind the cycles by every step skipped.
    """

    def _stateful_handle_non_finite_grads(self):
        super()._stateful_handle_non_finite_grads()
        self.inner_optimizer._iterations.assign_add(1)


def install_schedule(model, schedule) -> None:
    """Let the optimizer of a compiled model follow ``schedule``."""
    optimizer = model.optimizer
    if type(optimizer) is keras.optimizers.LossScaleOptimizer and not optimizer.built:
        optimizer = CountingLossScaleOptimizer(
            optimizer.inner_optimizer,
            initial_scale=optimizer.initial_scale,
            dynamic_growth_steps=optimizer.dynamic_growth_steps,
            name=optimizer.name,
        )
        model.optimizer = optimizer
    if not optimizer.built:
        optimizer.build(model.trainable_variables)
    for stepping in stepping_optimizers(optimizer):
        stepping.learning_rate = schedule
    # The rate is read while the training step is traced.
    model.train_function = None


def stepping_optimizers(optimizer) -> list:
    """Return the optimizers that take the steps, out of those that wrap or combine others."""
    inner = getattr(optimizer, "inner_optimizer", optimizer)
    if isinstance(inner, keras.optimizers.MultiOptimizer):
        return list(inner.optimizers)
    return [inner]


def own_learning_rate(optimizer) -> float | str | None:
    """Learning rate that somebody chose for ``optimizer``, before ours replaces it.

    Returns
    -------
    float, str or None
        The rate; the name of its class where it is a schedule; None where it is the default of
        the optimizer's class, which nobody chose.
    """
    rates = [_own_rate(stepping) for stepping in stepping_optimizers(optimizer)]
    return next((rate for rate in rates if rate is not None), None)


def _own_rate(optimizer) -> float | str | None:
    rate = optimizer.get_config().get("learning_rate")
    if isinstance(rate, dict):
        return str(rate["class_name"])
    parameters = inspect.signature(type(optimizer).__init__).parameters
    default = parameters["learning_rate"].default if "learning_rate" in parameters else None
    if rate is None or (isinstance(default, float) and math.isclose(rate, default, rel_tol=1e-6)):
        return None
    return float(rate)


def final_weights(model):
    """Weights that ``model.fit`` would leave if it ended now, in the order of ``get_weights()``.

    They are the model's weights, or, with an optimizer that keeps an exponential moving average
    (``use_ema=True``), that average.
    """
    averages = {}
    for optimizer in stepping_optimizers(model.optimizer):
        if getattr(optimizer, "use_ema", False):
            pairs = zip(
                optimizer._trainable_variables,
                optimizer._model_variables_moving_average,
                strict=True,
            )
            averages.update({id(v): average for v, average in pairs if average is not None})
    return [averages.get(id(v), v).numpy() for v in model.weights]
