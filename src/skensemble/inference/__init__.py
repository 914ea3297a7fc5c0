"""Prediction over a SnapshotBank."""

from skensemble.inference._bank import BankPredictor
from skensemble.inference._combine import weighted_mean
from skensemble.inference._early_exit import EarlyExit, predict_with_early_exit
from skensemble.inference._network_functions import network_outputs
from skensemble.inference._uncertainty import Uncertainty, uncertainty_of

__all__ = [
    "BankPredictor",
    "EarlyExit",
    "Uncertainty",
    "network_outputs",
    "predict_with_early_exit",
    "uncertainty_of",
    "weighted_mean",
]
