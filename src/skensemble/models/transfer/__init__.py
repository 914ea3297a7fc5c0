"""Pretrained backbones with a new head."""

from skensemble.models.transfer._backbone import takes_images
from skensemble.models.transfer._transfer_network import (
    check_transfer,
    split_network,
    transfer_network,
)

__all__ = ["check_transfer", "split_network", "takes_images", "transfer_network"]
