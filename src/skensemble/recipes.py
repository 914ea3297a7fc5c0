"""Published training recipes, by name: of the paper and of two projects that followed it.

snapshot-ensembles is the first implementation in Keras; keras_ensemble_cifar10 compares ensembles
of large networks. Each recipe is an estimator for colour images from 0 to 255 with the published
settings, all of which can be changed. They are made for 50,000 images and a GPU: on two cores most
take days, so set ``epochs`` and the size of the network to what you have.
"""

import difflib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

from skensemble._validation import must_be

__all__ = ["Recipe", "get", "make", "names"]

PAPER = "Huang et al., Snapshot Ensembles, ICLR 2017"
SNAPSHOT_ENSEMBLES = "snapshot-ensembles, the project in Keras 1 that followed the paper"
KERAS_ENSEMBLE_CIFAR10 = "keras_ensemble_cifar10"

# Of the training images of CIFAR-10, per channel, as keras_ensemble_cifar10 rounded them.
CIFAR10_MEAN = (125.3, 123.0, 113.9)
CIFAR10_STD = (63.0, 62.1, 66.7)

# As in the paper: pad by 4 with the mean of the data, which is 0 after normalisation, and crop.
CROP = MappingProxyType({"padding": 4, "fill_value": round(sum(CIFAR10_MEAN) / 3, 1)})
# As in keras_ensemble_cifar10: shift, and fill by reflection.
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
        Where the settings were published.
    published : str
        The published accuracy on CIFAR-10, and what was different there.
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


# Name, network, builder and its parameters: the cycles of the paper, and of keras_ensemble_cifar10.
_PAPER_RECIPES = [
    ("wrn-16-4", "Wide ResNet 16-4", "wide_resnet", {"depth": 16, "width": 4}),
    ("wrn-28-8", "Wide ResNet 28-8", "wide_resnet", {"depth": 28, "width": 8}),
    ("densenet-40-12", "DenseNet 40-12", "densenet", {"depth": 40, "growth_rate": 12}),
    ("densenet-100-24", "DenseNet 100-24", "densenet", {"depth": 100, "growth_rate": 24}),
]
_BC_160_24 = {"depth": 160, "growth_rate": 24, "bottleneck": True}
_RESNEXT_8X64 = {"depth": 29, "cardinality": 8, "width": 64}
_SE_RESNEXT_4X64 = {"depth": 29, "cardinality": 4, "width": 64, "se": True}
_CIFAR10_RECIPES = [
    ("wrn-28-10", "Wide ResNet 28-10", "wide_resnet", {"depth": 28, "width": 10}),
    ("densenet-bc-160-24", "DenseNet-BC 160-24", "densenet", _BC_160_24),
    ("resnext-29-8x64d", "ResNeXt-29 8×64d", "resnext", _RESNEXT_8X64),
    ("se-resnext-29-4x64d", "SE-ResNeXt-29 4×64d", "resnext", _SE_RESNEXT_4X64),
]
_BATCH_SIZES = {"wide_resnet": 128, "densenet": 64, "resnext": 120}

_IN_STEPS = "on its validation images, with a rate that falls in steps"
_PUBLISHED = {
    "wrn-16-4": "92.70% single best, 92.77% equal weights, 92.84% learned weights (picked on "
    "the test set), by another network of this name, with plain SGD",
    "densenet-40-12": "95.16% for equal weights (paper)",
    "densenet-100-24": "96.56% for equal weights (paper)",
    "wrn-28-10": f"96.50% {_IN_STEPS}",
    "wrn-28-10-focal": f"95.50% {_IN_STEPS}",
    "densenet-bc-160-24": f"95.70% {_IN_STEPS}",
    "densenet-bc-160-24-focal": f"95.60% {_IN_STEPS}",
    "resnext-29-8x64d": f"94.40% {_IN_STEPS}",
    "resnext-29-8x64d-focal": f"94.60% {_IN_STEPS}",
    "se-resnext-29-4x64d": f"94.27% {_IN_STEPS}",
}


def _cyclic_recipe(name, network, source, builder, parameters, M, epochs, alpha_zero, *others):
    summary = f"{network}, {M} cycles in {epochs} epochs from a rate of {alpha_zero}"
    model = {"mean": CIFAR10_MEAN, "std": CIFAR10_STD, **parameters}
    params = {
        "validation_fraction": 0.02,  # keras_ensemble_cifar10 holds out 1,000 of 50,000 images
        "M": M,
        "epochs": epochs,
        "alpha_zero": alpha_zero,
        "batch_size": _BATCH_SIZES[builder],
        **{f"model__{key}": value for key, value in model.items()},
    }
    return Recipe(
        name, summary, source, _PUBLISHED.get(name, "no figure"), builder, params, *others
    )


def _all_recipes() -> Iterator[Recipe]:
    for name, network, builder, parameters in _PAPER_RECIPES:
        cycles = (6, 300, 0.2) if builder == "densenet" else (5, 200, 0.1)
        source = f"{PAPER}; {SNAPSHOT_ENSEMBLES}"
        yield _cyclic_recipe(name, network, source, builder, parameters, *cycles)
    for name, network, *rest in _CIFAR10_RECIPES:
        settings = (KERAS_ENSEMBLE_CIFAR10, *rest, 5, 250, 0.1, SHIFT)
        yield _cyclic_recipe(name, f"{network}, cross-entropy", *settings)
        yield _cyclic_recipe(f"{name}-focal", f"{network}, focal loss", *settings, True)
    yield Recipe(
        "inception-v3-transfer",
        "InceptionV3 from ImageNet on images of 96×96: a new head for 100 epochs, then all from "
        "mixed8 on for 5 cycles in 10 epochs from a rate of 0.0001",
        KERAS_ENSEMBLE_CIFAR10,
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
    )


_RECIPES = {recipe.name: recipe for recipe in _all_recipes()}


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
    """Look up a recipe.

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
        Height and width of the images in pixels, for the augmentation.
    **params
        Parameters of the estimator that replace the recipe's.

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
    # Layers without a seed draw one here; ``fit`` seeds its own copies from random_state.
    with seeded(0):
        if recipe.augmentation is not None:
            augmentation = standard_augmentation(**recipe.augmentation, image_size=input_size)
            settings["augmentation"] = augmentation
        if recipe.focal:
            settings["loss"] = keras.losses.CategoricalFocalCrossentropy(alpha=0.25, gamma=2.0)
    settings.update(params)
    if recipe.architecture == "transfer":
        return ensemble.TransferSnapshotClassifier(**settings)
    model = settings.pop("model", getattr(models, recipe.architecture))
    return ensemble.SnapshotEnsembleClassifier(model, **settings)
