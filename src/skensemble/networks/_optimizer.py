"""Putting the learning-rate schedule into a compiled model."""

import keras

from skensemble._validation import Described, must_be
from skensemble._warnings import warn
from skensemble.backends import make_exportable
from skensemble.exceptions import LearningRateWarning


class CountingLossScaleOptimizer(keras.optimizers.LossScaleOptimizer):
    """Counts skipped steps too.

    Loss scaling skips a step whose gradients overflow, and with it the count of iterations, on
    which the schedule depends: the rate would lag behind the cycles by every step skipped.
    """

    def _stateful_handle_non_finite_grads(self):
        super()._stateful_handle_non_finite_grads()
        self.inner_optimizer._iterations.assign_add(1)


def install_schedule(model, schedule) -> None:
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
    """Return the optimizers that take the steps, not those that wrap or combine them."""
    inner = getattr(optimizer, "inner_optimizer", optimizer)
    if isinstance(inner, keras.optimizers.MultiOptimizer):
        return list(inner.optimizers)
    return [inner]


def leave_constant_rate(model, rate: float) -> None:
    """Put a schedule of Keras's own into a trained model: to load ours, it must be imported."""
    # An optimizer that had a schedule does not accept a number any more.
    constant = keras.optimizers.schedules.ExponentialDecay(rate, decay_steps=1, decay_rate=1.0)
    for stepping in stepping_optimizers(model.optimizer):
        stepping.learning_rate = constant
        make_exportable(stepping)


def own_learning_rate(optimizer) -> float | str:
    """Learning rate of an optimizer, before ours replaces it; the class name of a schedule."""
    configs = [stepping.get_config() for stepping in stepping_optimizers(optimizer)]
    rates = [config["learning_rate"] for config in configs if "learning_rate" in config]
    rate = rates[0] if rates else float("nan")
    return str(rate["class_name"]) if isinstance(rate, dict) else float(rate)


def warn_if_rate_is_replaced(optimizer, alpha_zero: float) -> None:
    own = own_learning_rate(optimizer)
    if isinstance(own, float) and not abs(own - alpha_zero) > 1e-6 * alpha_zero:
        return
    what = f"schedule {own}" if isinstance(own, str) else f"learning rate {own:g}"
    warn(
        f"alpha_zero={alpha_zero:g} replaces the optimizer's own {what}: every cycle starts at "
        "alpha_zero. Set alpha_zero to the rate you want, and leave the optimizer's alone.",
        LearningRateWarning,
    )


def check_cycle_lengths(optimizer, schedule) -> None:
    steppers = stepping_optimizers(optimizer)  # none as long as a MultiOptimizer is not built
    gathered = max((stepper.gradient_accumulation_steps or 1 for stepper in steppers), default=1)
    shortest = schedule.n_iterations // schedule.M
    if shortest < gathered:
        must = f"at least gradient_accumulation_steps={gathered} iterations"
        got = Described(f"{shortest} iterations")
        fix = (
            "lower M, train for more epochs, or gather fewer gradients; best, cycles are "
            "multiples of gradient_accumulation_steps"
        )
        raise ValueError(must_be("the length of a cycle", must, got, fix))


def final_variables(model) -> list:
    """Variables that hold the weights that ``model.fit`` would leave if it ended now, in order."""
    averages = {}
    for optimizer in stepping_optimizers(model.optimizer):
        if getattr(optimizer, "use_ema", False):
            own, found = optimizer._trainable_variables, optimizer._model_variables_moving_average
            pairs = zip(own, found, strict=True)
            averages.update({id(v): average for v, average in pairs if average is not None})
    return [averages.get(id(variable), variable) for variable in model.weights]


def final_weights(model) -> list:
    return [variable.numpy() for variable in final_variables(model)]
