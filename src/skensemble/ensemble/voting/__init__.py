"""Voting of different classifiers."""

from skensemble.ensemble.voting._voting_classifier import VotingSnapshotClassifier

__all__ = ["VotingSnapshotClassifier"]
