"""Training a compiled Keras model along the cyclic schedule."""

from skensemble.training._data import TrainingData
from skensemble.training._engines import ENGINES, check_engine, train
from skensemble.training._optimizer import (
    accumulation_steps,
    has_stepped,
    install_schedule,
    own_learning_rate,
)
from skensemble.training._progress import ProgressDisplay
from skensemble.training._random import seeded
from skensemble.training._run import TrainingRequest, TrainingRun

__all__ = [
    "ENGINES",
    "ProgressDisplay",
    "TrainingData",
    "TrainingRequest",
    "TrainingRun",
    "accumulation_steps",
    "check_engine",
    "has_stepped",
    "install_schedule",
    "own_learning_rate",
    "seeded",
    "train",
]
