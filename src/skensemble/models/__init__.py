"""Network builders, each usable as the ``model`` of an estimator."""

from skensemble.models._mlp import mlp

__all__ = ["mlp"]
