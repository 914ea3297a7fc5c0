"""The estimators."""

from skensemble.ensemble._snapshot import SnapshotEnsembleClassifier

__all__ = ["SnapshotEnsembleClassifier"]
