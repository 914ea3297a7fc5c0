"""What differs between kinds of targets."""

from skensemble.tasks._output_layer import OutputLayer

__all__ = ["OutputLayer"]
