"""Small networks that tests of architectures share."""

import keras
import pytest

from skensemble.models import densenet, resnext, wide_resnet

SMALL = {
    "wide_resnet": (wide_resnet, {"depth": 10, "width": 1}),
    "densenet": (densenet, {"depth": 7, "growth_rate": 4}),
    "densenet_bc": (densenet, {"depth": 10, "growth_rate": 4, "bottleneck": True}),
    "resnext": (resnext, {"depth": 11, "cardinality": 2, "width": 4}),
    "se_resnext": (resnext, {"depth": 11, "cardinality": 2, "width": 4, "se": True}),
}


@pytest.fixture(params=SMALL)
def small(request):
    """A builder and the parameters of a network that is quickly trained."""
    return SMALL[request.param]


@pytest.fixture
def zeros(monkeypatch):
    """Kernels start at zero, which takes no time however large they are."""

    def draw(self, shape, dtype=None):
        return keras.ops.zeros(shape, dtype)

    monkeypatch.setattr(keras.initializers.VarianceScaling, "__call__", draw)
