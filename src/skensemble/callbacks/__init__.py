"""Callbacks for ``model.fit``, and the files of snapshots that they write."""

from skensemble.callbacks._builder import SnapshotCallbackBuilder
from skensemble.callbacks._snapshot_callback import SnapshotCallback
from skensemble.callbacks._stepping import RATE_SETTERS
from skensemble.callbacks._weights_files import load_snapshots

__all__ = ["RATE_SETTERS", "SnapshotCallback", "SnapshotCallbackBuilder", "load_snapshots"]
