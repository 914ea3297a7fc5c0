"""Prediction over a SnapshotBank."""

from skensemble.inference._combine import weighted_mean
from skensemble.inference._members import MemberPredictor
from skensemble.inference._outputs import OutputLayer

__all__ = ["MemberPredictor", "OutputLayer", "weighted_mean"]
