"""The estimators."""

from skensemble.ensemble._parameters import check_parameters
from skensemble.ensemble._snapshot_classifier import SnapshotEnsembleClassifier
from skensemble.ensemble.transfer import TransferSnapshotClassifier
from skensemble.ensemble.voting import VotingSnapshotClassifier

__all__ = [
    "SnapshotEnsembleClassifier",
    "TransferSnapshotClassifier",
    "VotingSnapshotClassifier",
    "check_parameters",
]
