"""Errors and warnings of skensemble, besides those of scikit-learn."""

__all__ = ["HoldoutWarning", "LearningRateWarning", "SnapshotTrainingError"]


class SnapshotTrainingError(RuntimeError):
    """Training ended without a single finite snapshot."""


class HoldoutWarning(UserWarning):
    """The holdout cannot serve its purpose; equal weights are used instead."""


class LearningRateWarning(UserWarning):
    """``alpha_zero`` replaces a learning rate that was set elsewhere."""
