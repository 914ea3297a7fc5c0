"""Transfer learning in two phases."""

from skensemble.ensemble.transfer._transfer_classifier import TransferSnapshotClassifier

__all__ = ["TransferSnapshotClassifier"]
