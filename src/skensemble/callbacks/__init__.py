"""Snapshots for people who call ``model.fit`` themselves."""

from skensemble.callbacks._builder import SnapshotCallbackBuilder
from skensemble.callbacks._callback import SnapshotCallback
from skensemble.callbacks._loading import load_snapshots
from skensemble.callbacks._requirements import RATE_SETTERS

__all__ = ["RATE_SETTERS", "SnapshotCallback", "SnapshotCallbackBuilder", "load_snapshots"]
