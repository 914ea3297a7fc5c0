"""Training recipes of the paper and of the two projects that came before, by name.

Each is a ready estimator for colour images of 0 to 255, with the settings that its source
published; any of them can be set otherwise. They are made for 50,000 images and a GPU: on two cores
most take days, so set ``epochs`` and the size of the network to what you have.
"""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

from skensemble._validation import must_be

__all__ = ["Recipe", "get", "make", "names"]

PAPER = "Huang et al., Snapshot Ensembles, ICLR 2017"
FIRST = "snapshot-ensembles, the project in Keras 1 that followed the paper"
SECOND = "keras_ensemble_cifar10"

# Of the training images of CIFAR-10, per channel, as the second project rounded them.
CIFAR10_MEAN = (125.3, 123.0, 113.9)
CIFAR10_STD = (63.0, 62.1, 66.7)

# Pad by 4 and crop, as the paper does, with the mean of the data, which is 0 after normalisation;
# the second project shifts, and fills by reflection.
CROP = MappingProxyType({"padding": 4, "fill_value": round(sum(CIFAR10_MEAN) / 3, 1)})
SHIFT = MappingProxyType({"padding": 0, "shift": 0.125})


@dataclass(frozen=True)
class Recipe:
    """The settings of one network.

    Parameters
    ----------
    name : str
        As `make` takes it.
    summary : str
        The network and how it is trained.
    source : str
        Who published the settings.
    published : str
        What was reached on CIFAR-10, and how that differs.
    architecture : str
        Name of the builder in `skensemble.models`, or ``"transfer"``.
    params : mapping
        Parameters of the estimator.
    augmentation : mapping or None
        Arguments of `skensemble.augmentation.standard_augmentation`.
    focal : bool
        Whether the loss is the focal loss.
    """

    name: str
    summary: str
    source: str
    published: str
    architecture: str
    params: Mapping[str, Any]
    augmentation: Mapping[str, Any] | None = field(default_factory=lambda: CROP)
    focal: bool = False

    def __post_init__(self) -> None:
        object.__setattr__(self, "params", MappingProxyType(dict(self.params)))


def _of_images(network: Mapping[str, Any], **params: Any) -> dict[str, Any]:
    model = {"mean": CIFAR10_MEAN, "std": CIFAR10_STD, **network}
    # The second project holds out 1,000 of 50,000 images.
    return {
        "validation_fraction": 0.02,
        **params,
        **{f"model__{name}": value for name, value in model.items()},
    }


def _first(name: str, network: str, architecture: str, parameters: Mapping[str, Any]) -> Recipe:
    """A recipe of the first project: the paper's cycles."""
    cycles = {"M": 5, "epochs": 200, "alpha_zero": 0.1, "batch_size": 128}
    if architecture == "densenet":
        cycles = {"M": 6, "epochs": 300, "alpha_zero": 0.2, "batch_size": 64}
    published = {
        "wrn-16-4": "92.70% single best, 92.77% equal weights, 92.84% learned weights (picked on "
        "the test set), by another network of this name, with plain SGD",
        "densenet-40-12": "95.16% for equal weights (paper)",
        "densenet-100-24": "96.56% for equal weights (paper)",
    }.get(name, "no figure")
    summary = (
        f"{network}, {cycles['M']} cycles in {cycles['epochs']} epochs from a rate of "
        f"{cycles['alpha_zero']}"
    )
    params = _of_images(parameters, **cycles)
    return Recipe(name, summary, f"{PAPER}; {FIRST}", published, architecture, params)


def _second(
    name: str,
    network: str,
    architecture: str,
    parameters: Mapping[str, Any],
    batch_size: int,
    published: tuple[str, str],
) -> list[Recipe]:
    """Two recipes of the second project, with its budget in cycles: cross-entropy and focal."""
    params = _of_images(parameters, M=5, epochs=250, alpha_zero=0.1, batch_size=batch_size)
    found = []
    for focal, figure in zip((False, True), published, strict=True):
        loss = "focal loss" if focal else "cross-entropy"
        found.append(
            Recipe(
                f"{name}-focal" if focal else name,
                f"{network}, {loss}, 5 cycles in 250 epochs from a rate of 0.1",
                SECOND,
                f"{figure} on its validation images, with a rate that falls in steps"
                if figure
                else "no figure",
                architecture,
                params,
                SHIFT,
                focal,
            )
        )
    return found


_ALL = [
    _first("wrn-16-4", "Wide ResNet 16-4", "wide_resnet", {"depth": 16, "width": 4}),
    _first("wrn-28-8", "Wide ResNet 28-8", "wide_resnet", {"depth": 28, "width": 8}),
    _first("densenet-40-12", "DenseNet 40-12", "densenet", {"depth": 40, "growth_rate": 12}),
    _first("densenet-100-24", "DenseNet 100-24", "densenet", {"depth": 100, "growth_rate": 24}),
    *_second(
        "wrn-28-10",
        "Wide ResNet 28-10",
        "wide_resnet",
        {"depth": 28, "width": 10},
        128,
        ("96.50%", "95.50%"),
    ),
    *_second(
        "densenet-bc-160-24",
        "DenseNet-BC 160-24",
        "densenet",
        {"depth": 160, "growth_rate": 24, "bottleneck": True},
        64,
        ("95.70%", "95.60%"),
    ),
    *_second(
        "resnext-29-8x64d",
        "ResNeXt-29 8×64d",
        "resnext",
        {"depth": 29, "cardinality": 8, "width": 64},
        120,
        ("94.40%", "94.60%"),
    ),
    *_second(
        "se-resnext-29-4x64d",
        "SE-ResNeXt-29 4×64d",
        "resnext",
        {"depth": 29, "cardinality": 4, "width": 64, "se": True},
        120,
        ("94.27%", ""),
    ),
    Recipe(
        "inception-v3-transfer",
        "InceptionV3 from ImageNet on images of 96×96: a new head for 100 epochs, then all from "
        "mixed8 on for 5 cycles in 10 epochs from a rate of 0.0001",
        SECOND,
        "no figure",
        "transfer",
        {
            "backbone": "InceptionV3",
            "weights": "imagenet",
            "image_size": (96, 96),
            "head_units": 1024,
            "warmup_epochs": 100,
            "unfreeze_from": 249,
            "M": 5,
            "epochs": 10,
            "alpha_zero": 1e-4,
            "batch_size": 128,
            "validation_fraction": 0.02,
        },
        SHIFT,
    ),
]
_RECIPES = {recipe.name: recipe for recipe in _ALL}


def names() -> list[str]:
    """List the names of all recipes.

    Returns
    -------
    list of str
        In the order in which they were published.

    Examples
    --------
    >>> from skensemble import recipes
    >>> recipes.names()[:2]
    ['wrn-16-4', 'wrn-28-8']
    """
    return list(_RECIPES)


def get(name: str) -> Recipe:
    """Look up what a recipe says.

    Parameters
    ----------
    name : str
        One of `names`.

    Returns
    -------
    Recipe
        Its settings, source and published figure.

    Raises
    ------
    ValueError
        If there is none of this name.

    Examples
    --------
    >>> from skensemble import recipes
    >>> print(recipes.get("densenet-40-12").summary)
    DenseNet 40-12, 6 cycles in 300 epochs from a rate of 0.2
    """
    if not isinstance(name, str) or name not in _RECIPES:
        close = difflib.get_close_matches(str(name), _RECIPES, 1)
        fix = f"did you mean {close[0]!r}" if close else "skensemble.recipes.names() lists them"
        must = "one of " + ", ".join(map(repr, _RECIPES))
        raise ValueError(must_be("recipe", must, name, fix))
    return _RECIPES[name]


def make(name: str, *, input_size: tuple[int, int] = (32, 32), **params: Any) -> Any:
    """Make the estimator of a recipe.

    Parameters
    ----------
    name : str
        One of `names`.
    input_size : (int, int), default=(32, 32)
        Height and width of the images, in pixels, which the augmentation must know.
    **params
        Parameters of the estimator that are to be other than the recipe's.

    Returns
    -------
    SnapshotEnsembleClassifier or TransferSnapshotClassifier
        Not fitted.

    Raises
    ------
    ValueError
        If there is no recipe of this name.

    Examples
    --------
    >>> from skensemble import recipes
    >>> clf = recipes.make("wrn-16-4", epochs=20, model__width=1, random_state=0)
    >>> clf.M, clf.epochs, clf.alpha_zero, clf.model__depth, clf.model__width
    (5, 20, 0.1, 16, 1)
    """
    import keras

    from skensemble import ensemble, models
    from skensemble.augmentation import standard_augmentation
    from skensemble.backends import seeded

    recipe = get(name)
    settings = {**recipe.params}
    # Layers draw seeds that they are not given; those of a fit come from random_state.
    with seeded(0):
        if recipe.augmentation is not None:
            settings["augmentation"] = standard_augmentation(
                **recipe.augmentation, image_size=input_size
            )
        if recipe.focal:
            settings["loss"] = keras.losses.CategoricalFocalCrossentropy(alpha=0.25, gamma=2.0)
    settings.update(params)
    if recipe.architecture == "transfer":
        return ensemble.TransferSnapshotClassifier(**settings)
    model = settings.pop("model", getattr(models, recipe.architecture))
    return ensemble.SnapshotEnsembleClassifier(model, **settings)
