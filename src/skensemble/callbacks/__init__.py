"""Snapshots for people who call ``model.fit`` themselves."""

from skensemble.callbacks._builder import SnapshotCallbackBuilder
from skensemble.callbacks._callback import SnapshotCallback
from skensemble.callbacks._checks import RATE_SETTERS
from skensemble.callbacks._loading import load_snapshots

__all__ = ["RATE_SETTERS", "SnapshotCallback", "SnapshotCallbackBuilder", "load_snapshots"]
