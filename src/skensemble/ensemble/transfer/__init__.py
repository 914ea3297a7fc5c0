"""Transfer learning in two phases."""

from skensemble.ensemble.transfer._classifier import TransferSnapshotClassifier

__all__ = ["TransferSnapshotClassifier"]
