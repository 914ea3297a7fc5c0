"""The estimators."""

from skensemble.ensemble._snapshot import SnapshotEnsembleClassifier
from skensemble.ensemble.voting import VotingSnapshotClassifier

__all__ = ["SnapshotEnsembleClassifier", "VotingSnapshotClassifier"]
