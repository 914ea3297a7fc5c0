"""Helpers of the tests of the loaders."""

import numpy as np
import pytest
from PIL import Image


@pytest.fixture
def message_of():
    """The whole message that a call raises."""

    def message_of(kind, call, *args, **kwargs):
        with pytest.raises(kind) as caught:
            call(*args, **kwargs)
        assert type(caught.value) is kind
        return str(caught.value)

    return message_of


@pytest.fixture
def write_images(tmp_path):
    """Write random images, each at its name below ``tmp_path``; returns the pixels by name."""

    def write(*names, shape=(5, 4, 3), folder=tmp_path):
        random = np.random.default_rng(len(names))
        pixels = {}
        for name in names:
            path = folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            pixels[name] = random.integers(0, 256, shape, dtype=np.uint8)
            Image.fromarray(pixels[name]).save(path)
        return pixels

    return write
