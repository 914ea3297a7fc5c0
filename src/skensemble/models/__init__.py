"""Network builders, each usable as the ``model`` of an estimator."""

from skensemble.models._densenet import densenet
from skensemble.models._mlp import mlp
from skensemble.models._residual import resnext, wide_resnet
from skensemble.models.transfer import transfer_network

__all__ = ["densenet", "mlp", "resnext", "transfer_network", "wide_resnet"]
