"""Voting of different classifiers."""

from skensemble.ensemble.voting._classifier import VotingSnapshotClassifier

__all__ = ["VotingSnapshotClassifier"]
