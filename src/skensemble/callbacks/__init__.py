"""Callbacks for ``model.fit``, and the files of snapshots that they write."""

from skensemble.callbacks._builder import SnapshotCallbackBuilder
from skensemble.callbacks._fit_checks import RATE_SETTERS
from skensemble.callbacks._load_snapshots import load_snapshots
from skensemble.callbacks._snapshot_callback import SnapshotCallback

__all__ = ["RATE_SETTERS", "SnapshotCallback", "SnapshotCallbackBuilder", "load_snapshots"]
