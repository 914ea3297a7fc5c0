"""Training a compiled Keras model along the cyclic schedule."""

from skensemble.training._augmentation import Augmentation, augmented
from skensemble.training._data import TrainingData
from skensemble.training._engines import ENGINES, check_engine, train
from skensemble.training._optimizer import (
    CountingLossScaleOptimizer,
    check_cycle_lengths,
    final_variables,
    final_weights,
    has_stepped,
    install_schedule,
    learning_rate_note,
    own_learning_rate,
    stepping_optimizers,
)
from skensemble.training._progress import ProgressDisplay
from skensemble.training._random import seeded
from skensemble.training._run import TrainingRequest, TrainingRun

__all__ = [
    "ENGINES",
    "Augmentation",
    "CountingLossScaleOptimizer",
    "ProgressDisplay",
    "TrainingData",
    "TrainingRequest",
    "TrainingRun",
    "augmented",
    "check_cycle_lengths",
    "check_engine",
    "final_variables",
    "final_weights",
    "has_stepped",
    "install_schedule",
    "learning_rate_note",
    "own_learning_rate",
    "seeded",
    "stepping_optimizers",
    "train",
]
