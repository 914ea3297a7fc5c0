"""Building, copying, compiling and comparing Keras networks."""

from skensemble.networks._calling import dense_rows, prediction_mode
from skensemble.networks._fingerprint import fingerprint_of_network, fingerprint_of_training
from skensemble.networks._optimizer import (
    CountingLossScaleOptimizer,
    check_cycle_lengths,
    final_variables,
    final_weights,
    has_stepped,
    install_schedule,
    learning_rate_note,
    leave_constant_rate,
    own_learning_rate,
    stepping_optimizers,
)

__all__ = [
    "CountingLossScaleOptimizer",
    "check_cycle_lengths",
    "dense_rows",
    "final_variables",
    "final_weights",
    "fingerprint_of_network",
    "fingerprint_of_training",
    "has_stepped",
    "install_schedule",
    "learning_rate_note",
    "leave_constant_rate",
    "own_learning_rate",
    "prediction_mode",
    "stepping_optimizers",
]
