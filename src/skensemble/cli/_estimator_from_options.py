"""From options to an estimator that is not fitted."""

import inspect
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from skensemble._validation import Described, must_be
from skensemble.cli._architectures import (
    architecture_named,
    check_depth,
    given_parameters,
    name_of,
    option_of,
    parameters_for,
    parameters_of_flags,
)
from skensemble.cli._option_groups import NetworkFlags, NetworkOptions, TrainingOptions
from skensemble.cli._parameter_text import (
    check_known,
    loss_named,
    read_fraction,
    read_parameters,
    read_weighting,
)
from skensemble.persistence import absolute_builder_name, import_builder, is_user_builder

# An estimator, the name of its network, the name of its builder, and parameters of that.
_Network = tuple[Any, str, str, dict[str, Any]]
_OF_TRANSFER = ("backbone", "image_size", "head_units", "unfreeze_from")


@dataclass(frozen=True)
class EstimatorOptions:
    """All options that make an estimator."""

    network: NetworkOptions = field(default_factory=NetworkOptions)
    training: TrainingOptions = field(default_factory=TrainingOptions)
    flags: NetworkFlags = field(default_factory=NetworkFlags)
    seed: int = 0
    engine: str = "auto"
    refit: bool = False


@dataclass(frozen=True)
class Prepared:
    """An estimator, and its network in words."""

    estimator: Any
    model: dict[str, Any]
    notes: list[str]


def check_options(options: EstimatorOptions) -> Any:
    """Raise, before there are rows, what can be told without them; return an estimator."""
    from skensemble.augmentation import check_names
    from skensemble.ensemble import check_parameters

    if options.training.augmentation is not None:
        check_names(_augmentations(options.training.augmentation))
    if options.network.recipe is None and options.network.model is None:
        # Which network it is depends on the data; its training does not.
        others = [text for text in options.training.set or () if not text.startswith("model__")]
        training = replace(options.training, set=others)
        options = replace(options, network=NetworkOptions(), training=training)
    prepared = make_estimator(options, None)
    parameters = prepared.estimator.get_params(deep=False)
    check_depth(prepared.model["name"], parameters)
    check_parameters(parameters)
    return prepared.estimator


def make_estimator(options: EstimatorOptions, X: np.ndarray | None) -> Prepared:
    """Make the estimator of given options."""
    from skensemble.augmentation import augmentation_named
    from skensemble.backends import seeded

    network, training = options.network, options.training
    if network.recipe is not None:
        clf, name, builder, parameters = _of_recipe(options, network.recipe, X)
    elif network.model is not None and is_user_builder(network.model):
        clf, name, builder, parameters = _of_user_builder(network, network.model)
    else:
        default = "wrn" if X is not None and X.ndim > 2 else "mlp"
        clf, name, builder, parameters = _of_name(options, network.model or default)
    others = read_parameters(training.set or ())
    check_known(others, clf)
    clf.set_params(**_training_parameters(options), **others)
    notes = []
    if builder == "transfer":
        parameters = {key: getattr(clf, key) for key in _OF_TRANSFER}
    else:
        notes = parameters_of_flags(options.flags, network.model or name)[1]
    model: dict[str, Any] = {"name": name, "builder": builder, "parameters": parameters}
    model["recipe"] = network.recipe
    if X is not None:
        _normalise(clf, network.normalize, X)
        for key in ("mean", "std"):
            value = clf.get_params(deep=False).get(f"model__{key}")
            model[key] = None if value is None else list(value)
        if training.augmentation is not None:
            names = _augmentations(training.augmentation)
            with seeded(0):  # layers draw seeds that they are not given; those of fit are others
                layers = augmentation_named(names, X.shape[1:], model["mean"])
            clf.set_params(augmentation=layers)
    return Prepared(clf, model, notes)


def _of_name(options: EstimatorOptions, name: str) -> _Network:
    from skensemble import SnapshotEnsembleClassifier, models

    architecture = architecture_named(name)
    parameters = parameters_for(name, options.network, options.flags)
    clf = SnapshotEnsembleClassifier(
        getattr(models, architecture.builder),
        epochs=architecture.epochs,
        batch_size=architecture.batch_size,
        **{f"model__{key}": value for key, value in parameters.items()},
    )
    return clf, name, architecture.builder, parameters


def _of_user_builder(network: NetworkOptions, spec: str) -> _Network:
    from skensemble import SnapshotEnsembleClassifier

    fix = "--set model__NAME=VALUE is for parameters of your function"
    _refuse_parameters(network, f"--model {spec}", "left out for a builder of your own", fix)
    place = absolute_builder_name(spec)
    return SnapshotEnsembleClassifier(import_builder(spec)), place, place, {}


def _of_recipe(options: EstimatorOptions, recipe_name: str, X: np.ndarray | None) -> _Network:
    from skensemble import recipes
    from skensemble.augmentation import check_images

    recipe, asked = recipes.get(recipe_name), options.network.model
    parameters = {
        name.removeprefix("model__"): value
        for name, value in recipe.params.items()
        if name.startswith("model__")
    }
    name = name_of(recipe.architecture, parameters)
    if asked not in (None, name):
        got = Described(f"--recipe {recipe.name}, which is --model {name}")
        fix = "leave one of the two out"
        raise ValueError(must_be("--recipe", f"one of --model {asked}", got, fix))
    changed: dict[str, Any] = {}
    if recipe.architecture == "transfer":
        fix = "--set head_units=512 and the like change what it has"
        must = "left out, as the network is a backbone"
        _refuse_parameters(options.network, f"--recipe {recipe.name}", must, fix)
    else:
        defaults = architecture_named(name).defaults
        given = parameters_for(name, options.network, options.flags)
        changed = {key: value for key, value in given.items() if defaults.get(key) != value}
    settings: dict[str, Any] = {f"model__{key}": value for key, value in changed.items()}
    if X is not None and options.training.augmentation is None and recipe.augmentation is not None:
        check_images(X.shape[1:])
        settings["input_size"] = X.shape[1:3]
    known = {k: v for k, v in {**parameters, **changed}.items() if k not in ("mean", "std")}
    return recipes.make(recipe.name, **settings), name, recipe.architecture, known


def _refuse_parameters(network: NetworkOptions, given_with: str, must: str, fix: str) -> None:
    for name in given_parameters(network):
        got = Described(f"given with {given_with}")
        raise ValueError(must_be(option_of(name), must, got, fix))


def _training_parameters(options: EstimatorOptions) -> dict[str, Any]:
    training = options.training
    found: dict[str, Any] = {
        "M": training.snapshots,
        "epochs": training.epochs,
        "alpha_zero": training.alpha_zero,
        "batch_size": training.batch_size,
        "random_state": options.seed,
        "engine": options.engine,
        "refit": options.refit or None,
    }
    found = {name: value for name, value in found.items() if value is not None}
    if training.loss is not None or training.label_smoothing is not None:
        name = _default_loss(options.network.recipe) if training.loss is None else training.loss
        found["loss"] = loss_named(name, training.label_smoothing)
    if training.validation_fraction is not None:
        found["validation_fraction"] = read_fraction(training.validation_fraction)
        if found["validation_fraction"] is None:
            found["weighting"] = "uniform"  # there is nothing to learn weights on
    if training.weighting is not None:
        found["weighting"] = read_weighting(training.weighting, "--weighting")
    return found


def _default_loss(recipe: str | None) -> str:
    from skensemble import recipes

    return "focal" if recipe is not None and recipes.get(recipe).focal else "cross-entropy"


def _augmentations(text: str) -> list[str]:
    return [] if text == "none" else text.split(",")


def _normalise(clf: Any, normalize: str, X: np.ndarray) -> None:
    """Give the network the mean and standard deviation of the rows, where it takes them."""
    from skensemble.datasets import channel_statistics

    params = clf.get_params(deep=False)
    given = {f"model__{name}": params.get(f"model__{name}") for name in ("mean", "std")}
    if normalize == "none":
        clf.set_params(**{name: None for name in given if name in params})
    elif normalize == "data" or all(value is None for value in given.values()):
        builder = params.get("model")
        if builder is not None and {"mean", "std"} <= set(inspect.signature(builder).parameters):
            mean, std = channel_statistics(X)
            clf.set_params(model__mean=mean, model__std=std)
