"""Prediction over a SnapshotBank."""

from skensemble.inference._calling import dense_rows, prediction_mode
from skensemble.inference._combine import weighted_mean
from skensemble.inference._members import MemberPredictor
from skensemble.inference._outputs import OutputLayer

__all__ = ["MemberPredictor", "OutputLayer", "dense_rows", "prediction_mode", "weighted_mean"]
