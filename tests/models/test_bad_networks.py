"""Errors of the builders of networks for images, word for word."""

import re

import numpy as np
import pytest

from skensemble import SnapshotEnsembleClassifier
from skensemble.models import densenet, resnext, wide_resnet

LAYOUT = "colours come last, as in (32, 32, 3), or (32, 32, 1) for grey images"
IMAGE = "input_shape must be the (height, width, channels) of an image"
SMALL = "instead: the network halves its images twice; enlarge them, and see that " + LAYOUT + "."
PER_CHANNEL = "one number for all or one for each of the 3 channels"
IN_X = "axis=(0, 1, 2)) has them, in the units of X."
BUILDERS = [wide_resnet, densenet, resnext]


def refuses(build, arguments, error, message):
    arguments = {"input_shape": (8, 8, 3), "n_classes": 3, **arguments}
    with pytest.raises(error, match=f"^{re.escape(message)}$"):
        build(**arguments)


@pytest.mark.parametrize(
    ("build", "arguments", "message"),
    [
        (wide_resnet, {"depth": 17}, "6 n + 4, got 17 instead: the nearest are 16 and 22."),
        (wide_resnet, {"depth": 4}, "6 n + 4, got 4 instead: 10 is the smallest."),
        (wide_resnet, {"depth": -2}, "6 n + 4, got -2 instead: 10 is the smallest."),
        (densenet, {"depth": 41}, "3 n + 4, got 41 instead: the nearest are 40 and 43."),
        (densenet, {"depth": 4}, "3 n + 4, got 4 instead: 7 is the smallest."),
        (
            densenet,
            {"depth": 43, "bottleneck": True},
            "6 n + 4, got 43 instead: the nearest are 40 and 46.",
        ),
        (resnext, {"depth": 50}, "9 n + 2, got 50 instead: the nearest are 47 and 56."),
        (resnext, {"depth": 2}, "9 n + 2, got 2 instead: 11 is the smallest."),
    ],
)
def test_depths_that_the_formula_does_not_allow(build, arguments, message):
    refuses(build, arguments, ValueError, f"depth must be {message}")


@pytest.mark.parametrize("depth", [16.0, "16", None, True])
def test_depths_that_are_not_integers(depth):
    message = f"depth must be 6 n + 4, got {depth!r} instead: 10 and 16 are the smallest."
    refuses(wide_resnet, {"depth": depth}, TypeError, message)


@pytest.mark.parametrize("build", BUILDERS)
@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        (
            {"input_shape": None},
            ValueError,
            f"input_shape must be given where there is no meta, got None instead: {LAYOUT}.",
        ),
        ({"input_shape": (64,)}, ValueError, f"{IMAGE}, got (64,) instead: {LAYOUT}."),
        ({"input_shape": (28, 28)}, ValueError, f"{IMAGE}, got (28, 28) instead: {LAYOUT}."),
        ({"input_shape": 32}, ValueError, f"{IMAGE}, got 32 instead: {LAYOUT}."),
        (
            {"input_shape": (None, 32, 3)},
            ValueError,
            f"{IMAGE}, got (None, 32, 3) instead: {LAYOUT}.",
        ),
        ({"input_shape": (8, 8, 0)}, ValueError, f"{IMAGE}, got (8, 8, 0) instead: {LAYOUT}."),
        (
            {"input_shape": (3, 32, 32)},
            ValueError,
            f"input_shape must be of at least 4 x 4 pixels, got (3, 32, 32) {SMALL}",
        ),
        (
            {"input_shape": (32, 3, 1)},
            ValueError,
            f"input_shape must be of at least 4 x 4 pixels, got (32, 3, 1) {SMALL}",
        ),
        (
            {"n_classes": 1},
            ValueError,
            "n_classes must be an integer of at least 2, got 1 instead: pass the number of "
            "classes.",
        ),
        (
            {"weight_decay": -1e-4},
            ValueError,
            "weight_decay must be a finite number of at least 0, got -0.0001 instead: 0 is none.",
        ),
        (
            {"mean": 1.0},
            ValueError,
            "std must be given together with mean, got None instead: pass both, or neither.",
        ),
        (
            {"std": 1.0},
            ValueError,
            "mean must be given together with std, got None instead: pass both, or neither.",
        ),
        (
            {"mean": (1.0, 2.0), "std": 1.0},
            ValueError,
            f"mean must be finite, {PER_CHANNEL}, got (1.0, 2.0) instead: X.mean({IN_X}",
        ),
        (
            {"mean": (1.0, np.nan, 2.0), "std": 1.0},
            ValueError,
            f"mean must be finite, {PER_CHANNEL}, got (1.0, nan, 2.0) instead: X.mean({IN_X}",
        ),
        (
            {"mean": 1.0, "std": (1.0, 0.0, 2.0)},
            ValueError,
            f"std must be positive and finite, {PER_CHANNEL}, got (1.0, 0.0, 2.0) instead: "
            f"X.std({IN_X}",
        ),
        (
            {"mean": 1.0, "std": "imagenet"},
            TypeError,
            f"std must be positive and finite, {PER_CHANNEL}, got 'imagenet' instead: X.std({IN_X}",
        ),
        (
            {"mean": [1.0, [2.0], 3.0], "std": 1.0},
            TypeError,
            f"mean must be finite, {PER_CHANNEL}, got [1.0, [2.0], 3.0] instead: X.mean({IN_X}",
        ),
    ],
)
def test_errors_of_all_builders(build, arguments, error, message):
    refuses(build, arguments, error, message)


@pytest.mark.parametrize(
    ("build", "arguments", "error", "message"),
    [
        (
            wide_resnet,
            {"width": 0},
            ValueError,
            "width must be an integer of at least 1, got 0 instead: 1 is a plain ResNet.",
        ),
        (
            wide_resnet,
            {"dropout": 1.0},
            ValueError,
            "dropout must be below 1, got 1.0 instead: 0 drops nothing.",
        ),
        (
            densenet,
            {"dropout": -0.1},
            ValueError,
            "dropout must be a finite number of at least 0, got -0.1 instead: 0 drops nothing.",
        ),
        (
            densenet,
            {"growth_rate": 2.5},
            TypeError,
            "growth_rate must be an integer of at least 1, got 2.5 instead: 12, 24 and 40 are the "
            "usual choices.",
        ),
        (
            densenet,
            {"bottleneck": 1},
            TypeError,
            "bottleneck must be True or False, got 1 instead: True is the variant BC.",
        ),
        (
            resnext,
            {"cardinality": 0},
            ValueError,
            "cardinality must be an integer of at least 1, got 0 instead: 8 is the usual choice.",
        ),
        (
            resnext,
            {"width": 0},
            ValueError,
            "width must be an integer of at least 1, got 0 instead: 64 is the usual choice.",
        ),
        (
            resnext,
            {"se": "yes"},
            TypeError,
            "se must be True or False, got 'yes' instead: True is SE-ResNeXt.",
        ),
        (
            resnext,
            {"reduction": 0},
            ValueError,
            "reduction must be an integer of at least 1, got 0 instead: 16 is the usual choice.",
        ),
        (
            resnext,
            {"reduction": 257},
            ValueError,
            "reduction must be at most 256, the channels of a block in the first stage, got 257 "
            "instead: 16 is the usual choice.",
        ),
    ],
)
def test_errors_of_single_builders(build, arguments, error, message):
    refuses(build, arguments, error, message)


def test_message_for_one_channel():
    message = (
        "mean must be finite, one number for all or one for the channel, got (1, 2) instead: "
        f"X.mean({IN_X}"
    )
    arguments = {"input_shape": (8, 8, 1), "mean": (1, 2), "std": 1}
    refuses(wide_resnet, arguments, ValueError, message)


def test_fit_raises_the_error_and_sets_no_attributes(digits):
    X, y = digits
    clf = SnapshotEnsembleClassifier(wide_resnet, random_state=0)
    message = (
        f"{IMAGE}, got (64,) instead: {LAYOUT}.\n"
        f"raised while the network was built by model={wide_resnet!r}"
    )
    with pytest.raises(ValueError, match=f"^{re.escape(message)}$"):
        clf.fit(X, y)
    assert not [name for name in vars(clf) if name.endswith("_")]
