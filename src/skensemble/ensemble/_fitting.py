"""The stages of ``fit`` that know nothing of the estimator."""

from __future__ import annotations

import contextlib
import copy
import time
from collections.abc import Iterator

import numpy as np
from sklearn.utils import check_random_state

_FIT_SETTINGS = (
    "epochs",
    "batch_size",
    "verbose",
    "shuffle",
    "validation_split",
    "validation_batch_size",
    "validation_freq",
)


@contextlib.contextmanager
def all_or_nothing(estimator) -> Iterator[None]:
    """Leave the estimator as it was, if what happens inside fails."""
    before = dict(vars(estimator))
    model = before.get("_model")
    training_state = None
    if model is not None and estimator.warm_start:
        variables = [*model.variables, *model.optimizer.variables] if model.compiled else []
        training_state = [(variable, variable.numpy()) for variable in variables]
    try:
        yield
    except BaseException:
        vars(estimator).clear()
        vars(estimator).update(before)
        for variable, value in training_state or ():
            variable.assign(value)
        raise


def draw_seed(random_state) -> int:
    """Draw a seed from ``random_state`` without changing it, or any global generator."""
    if random_state is None:
        return int(np.random.SeedSequence().generate_state(1)[0])
    return int(copy.deepcopy(check_random_state(random_state)).randint(2**31))


def fit_settings(params, overrides) -> dict:
    """Collect what ``Model.fit`` is to be told: ``epochs``, then ``fit__epochs``, then an argument.

    Raises
    ------
    TypeError
        For an argument of ``Model.fit`` that the ensemble decides by itself.
    """
    settings = {name: params[name] for name in _FIT_SETTINGS if name in params}
    routed = {
        name.removeprefix("fit__"): value
        for name, value in params.items()
        if name.startswith("fit__") and not name.startswith("fit__callbacks")
    }
    for name, value in {**routed, **overrides}.items():
        if name not in _FIT_SETTINGS:
            raise TypeError(
                f"fit must be called with X, y, sample_weight, X_val, y_val or one of "
                f"{', '.join(_FIT_SETTINGS)}, got {name!r} instead: if it is a parameter of the "
                "estimator, set it there; a holdout is X_val and y_val."
            )
        settings[name] = value
    return settings


class Stopwatch:
    """Seconds spent in each named stage.

    Examples
    --------
    >>> watch = Stopwatch()
    >>> with watch("train"):
    ...     pass
    >>> list(watch.seconds)
    ['train']
    """

    def __init__(self) -> None:
        self.seconds: dict[str, float] = {}

    @contextlib.contextmanager
    def __call__(self, stage: str) -> Iterator[None]:
        """Add the time until exit to ``stage``."""
        start = time.perf_counter()
        try:
            yield
        finally:
            spent = time.perf_counter() - start
            self.seconds[stage] = self.seconds.get(stage, 0.0) + spent
