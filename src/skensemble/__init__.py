"""Turn one training run of a Keras network into an ensemble, inside scikit-learn.

The names below are imported on first use: ``import skensemble`` by itself loads neither
TensorFlow nor Keras.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from skensemble.backends import program_cache
    from skensemble.callbacks import SnapshotCallback, SnapshotCallbackBuilder, load_snapshots
    from skensemble.ensemble import (
        SnapshotEnsembleClassifier,
        TransferSnapshotClassifier,
        VotingSnapshotClassifier,
    )
    from skensemble.persistence import load_run
    from skensemble.schedules import CyclicCosineDecay
    from skensemble.snapshots import Snapshot, SnapshotBank

__version__ = "0.1.0.dev0"

__all__ = [
    "CyclicCosineDecay",
    "Snapshot",
    "SnapshotBank",
    "SnapshotCallback",
    "SnapshotCallbackBuilder",
    "SnapshotEnsembleClassifier",
    "TransferSnapshotClassifier",
    "VotingSnapshotClassifier",
    "augmentation",
    "datasets",
    "evaluation",
    "exceptions",
    "load_run",
    "load_snapshots",
    "models",
    "persistence",
    "program_cache",
    "recipes",
    "weighting",
]

_HOME = {
    "CyclicCosineDecay": "skensemble.schedules",
    "Snapshot": "skensemble.snapshots",
    "SnapshotBank": "skensemble.snapshots",
    "SnapshotCallback": "skensemble.callbacks",
    "SnapshotCallbackBuilder": "skensemble.callbacks",
    "SnapshotEnsembleClassifier": "skensemble.ensemble",
    "TransferSnapshotClassifier": "skensemble.ensemble",
    "VotingSnapshotClassifier": "skensemble.ensemble",
    "load_run": "skensemble.persistence",
    "load_snapshots": "skensemble.callbacks",
    "program_cache": "skensemble.backends",
}


def __getattr__(name: str) -> Any:
    if name in _HOME:
        return getattr(import_module(_HOME[name]), name)
    if name in __all__:
        return import_module(f"skensemble.{name}")
    raise AttributeError(f"module 'skensemble' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted([*globals(), *__all__])
