"""Choosing an engine."""

from __future__ import annotations

from collections.abc import Callable

from skensemble._validation import check_choice
from skensemble.training._keras_engine import train_with_keras
from skensemble.training._run import TrainingRun

ENGINES: dict[str, Callable[..., TrainingRun]] = {"keras": train_with_keras}


def check_engine(engine: str) -> None:
    """Raise unless ``engine`` names an engine or leaves the choice to us."""
    check_choice("engine", engine, ("auto", *ENGINES), fix="'auto' chooses")


def choose_engine(engine: str) -> str:
    """Return the name of the engine to use."""
    return "keras" if engine == "auto" else engine
