"""Prediction over a SnapshotBank."""

from skensemble.inference._bank import BankPredictor, network_outputs
from skensemble.inference._combine import Uncertainty, uncertainty_of, weighted_mean
from skensemble.inference._early_exit import EarlyExit, predict_with_early_exit

__all__ = [
    "BankPredictor",
    "EarlyExit",
    "Uncertainty",
    "network_outputs",
    "predict_with_early_exit",
    "uncertainty_of",
    "weighted_mean",
]
