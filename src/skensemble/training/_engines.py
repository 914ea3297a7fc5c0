"""Choosing an engine."""

from collections.abc import Callable
from dataclasses import replace

from skensemble._validation import Described, check_choice, must_be
from skensemble.backends import obstacle_to_training_in_graph
from skensemble.training._batch_listeners import listeners_to_batches
from skensemble.training._fused_engine import TracingError, train_fused
from skensemble.training._keras_engine import train_with_keras
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
    if engine == "keras":
        return replace(train_with_keras(model, data, schedule, request), reason="asked for")
    obstacle = _obstacle_to_fused(model, data, request)
    if engine == "fused" and obstacle is not None:
        raise ValueError(_refusal(obstacle))
    if obstacle is None:
        try:
            run = train_fused(model, data, schedule, request)
            asked_for = engine == "fused"
            return replace(run, reason="asked for" if asked_for else "nothing stands against it")
        except TracingError as error:
            obstacle = str(error)
            if engine == "fused":
                raise ValueError(_refusal(obstacle)) from error
    return replace(train_with_keras(model, data, schedule, request), reason=obstacle)


def _refusal(obstacle: str) -> str:
    fix = "leave the choice to engine='auto'"
    return must_be("engine", f"'keras', as {obstacle}", Described("'fused'"), fix)


def _obstacle_to_fused(model, data, request) -> str | None:
    """Say what only ``model.fit`` can do here, if anything."""
    listeners = listeners_to_batches(request.callbacks)
    own_loops = [name for name in _LOOPS if _overrides(type(model), name)]
    obstacles = {
        "X is too large to be made a dense array in memory": data.is_read_by_batch,
        f"{', '.join(listeners)} listens to batches": bool(listeners),
        f"the model has its own {', '.join(own_loops)}": bool(own_loops),
    }
    return obstacle_to_training_in_graph(model) or next(
        (obstacle for obstacle, is_there in obstacles.items() if is_there), None
    )


def _overrides(cls: type, method: str) -> bool:
    definer = next(base for base in cls.__mro__ if method in vars(base))
    return not definer.__module__.startswith("keras.")
