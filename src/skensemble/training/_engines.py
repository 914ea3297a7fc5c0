"""Choosing an engine."""

from collections.abc import Callable
from dataclasses import replace

from skensemble._validation import check_choice, must_be
from skensemble.backends import obstacle_to_training_in_graph
from skensemble.training._fused_engine import TracingError, train_fused
from skensemble.training._keras_engine import listeners_to_batches, train_with_keras
from skensemble.training._run import TrainingRun

ENGINES: dict[str, Callable[..., TrainingRun]] = {"fused": train_fused, "keras": train_with_keras}

# Methods that a model may override only where Keras itself calls them.
_LOOPS = (
    "fit",
    "evaluate",
    "make_train_function",
    "make_test_function",
    "reset_metrics",
    "get_metrics_result",
)


def check_engine(engine: str) -> None:
    check_choice("engine", engine, ("auto", *ENGINES), fix="'auto' chooses")


def train(engine: str, model, data, schedule, request) -> TrainingRun:
    """Train a compiled model along ``schedule`` and take a snapshot after every cycle.

    The model is trained in place, and ends with the weights of the last snapshot. Ctrl-C is a
    KeyboardInterrupt before the first cycle is finished; after that it ends the run.
    """
    cause = None
    why_keras = "asked for" if engine == "keras" else _obstacle_to_fused(model, data, request)
    if why_keras is None:
        why_fused = "asked for" if engine == "fused" else "nothing stands against it"
        try:
            return replace(train_fused(model, data, schedule, request), reason=why_fused)
        except TracingError as error:
            why_keras = str(error)
            # Its traceback keeps all that was traced.
            cause = error if engine == "fused" else None
    if engine == "fused":
        must, fix = f"'keras', as {why_keras}", "leave the choice to engine='auto'"
        raise ValueError(must_be("engine", must, engine, fix)) from cause
    return replace(train_with_keras(model, data, schedule, request), reason=why_keras)


def _obstacle_to_fused(model, data, request) -> str | None:
    """Say what only ``model.fit`` can do here, if anything."""
    if data.is_read_by_batch:
        found = "X is too large to be made a dense array in memory"
    elif listeners := listeners_to_batches(request.callbacks):
        found = f"{', '.join(listeners)} listens to batches"
    elif own_loops := [name for name in _LOOPS if _overrides(type(model), name)]:
        found = f"the model has its own {', '.join(own_loops)}"
    else:
        found = None
    return obstacle_to_training_in_graph(model) or found


def _overrides(cls: type, method: str) -> bool:
    definer = next(base for base in cls.__mro__ if method in vars(base))
    return not definer.__module__.startswith("keras.")
