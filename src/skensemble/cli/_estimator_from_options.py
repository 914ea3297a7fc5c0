"""From options to an estimator that is not fitted."""

import inspect
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from skensemble._validation import Described, check_choice, must_be
from skensemble.cli._architectures import (
    ARCHITECTURES,
    architecture_named,
    check_depth,
    given_parameters,
    name_of,
    option_of,
    parameters_for,
)
from skensemble.cli._option_groups import NetworkOptions, TrainingOptions
from skensemble.cli._parameter_text import (
    check_known,
    loss_named,
    read_fraction,
    read_parameters,
    read_weighting,
)
from skensemble.cli._snapshot_ensembles_flags import NetworkFlags
from skensemble.persistence import absolute_builder_name, import_builder, is_user_builder

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


def make_estimator(options: EstimatorOptions, X: np.ndarray | None) -> Prepared:
    """Make the estimator of given options."""
    from skensemble.augmentation import augmentation_named
    from skensemble.backends import seeded

    network, training = options.network, options.training
    if network.recipe is not None:
        prepared = _of_recipe(options, network.recipe, X)
    elif network.model is not None and is_user_builder(network.model):
        prepared = _of_user_builder(options, network.model)
    else:
        default = "wrn" if X is not None and X.ndim > 2 else "mlp"
        prepared = _of_name(options, network.model or default)
    clf = prepared.estimator
    others = read_parameters(training.set or ())
    check_known(others, clf)
    clf.set_params(**_training_parameters(options), **others)
    if prepared.model["builder"] == "transfer":
        prepared.model["parameters"] = {name: getattr(clf, name) for name in _OF_TRANSFER}
    if X is not None:
        _normalise(prepared, network.normalize, X)
        if training.augmentation is not None:
            names = _augmentations(training.augmentation)
            with seeded(0):  # layers draw seeds that they are not given; those of fit are others
                layers = augmentation_named(names, X.shape[1:], prepared.model["mean"])
            clf.set_params(augmentation=layers)
    return prepared


def check_options(options: EstimatorOptions) -> None:
    """Raise, before there are rows, what can be told without them."""
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
    architecture = ARCHITECTURES.get(prepared.model["name"])
    if architecture is not None and "model__depth" in parameters:
        check_depth(architecture, parameters["model__depth"], parameters.get("model__bottleneck"))
    check_parameters(parameters)


def _of_name(options: EstimatorOptions, name: str) -> Prepared:
    from skensemble import SnapshotEnsembleClassifier, models

    architecture = architecture_named(name)
    parameters = parameters_for(architecture, options.network, options.flags)
    clf = SnapshotEnsembleClassifier(
        getattr(models, architecture.builder),
        epochs=architecture.epochs,
        batch_size=architecture.batch_size,
        **{f"model__{key}": value for key, value in parameters.items()},
    )
    model = {"name": name, "builder": architecture.builder, "parameters": parameters}
    return Prepared(clf, {**model, "recipe": None}, options.flags.parameters_for(name)[1])


def _of_user_builder(options: EstimatorOptions, spec: str) -> Prepared:
    from skensemble import SnapshotEnsembleClassifier

    for name in given_parameters(options.network):
        fix = "--set model__NAME=VALUE is for parameters of your function"
        got = Described(f"given with --model {spec}")
        raise ValueError(must_be(option_of(name), "left out for a builder of your own", got, fix))
    clf = SnapshotEnsembleClassifier(import_builder(spec))
    place = absolute_builder_name(spec)
    model: dict[str, Any] = {"name": place, "builder": place, "parameters": {}, "recipe": None}
    return Prepared(clf, model, options.flags.parameters_for(spec)[1])


def _of_recipe(options: EstimatorOptions, recipe_name: str, X: np.ndarray | None) -> Prepared:
    from skensemble import recipes
    from skensemble.augmentation import check_images

    recipe = recipes.get(recipe_name)
    parameters = {
        name.removeprefix("model__"): value
        for name, value in recipe.params.items()
        if name.startswith("model__")
    }
    name = name_of(recipe.architecture, parameters)
    asked = options.network.model
    if asked not in (None, name):
        got = Described(f"--recipe {recipe.name}, which is --model {name}")
        fix = "leave one of the two out"
        raise ValueError(must_be("--recipe", f"one of --model {asked}", got, fix))
    notes: list[str] = []
    changed: dict[str, Any] = {}
    if recipe.architecture == "transfer":
        for given in given_parameters(options.network):
            got = Described(f"given with --recipe {recipe.name}")
            fix = "--set head_units=512 and the like change what it has"
            must = "left out, as the network is a backbone"
            raise ValueError(must_be(option_of(given), must, got, fix))
    else:
        architecture = architecture_named(name)
        changed = {
            key: value
            for key, value in parameters_for(architecture, options.network, options.flags).items()
            if architecture.defaults.get(key) != value
        }
        notes = options.flags.parameters_for(name)[1]
    settings: dict[str, Any] = {f"model__{key}": value for key, value in changed.items()}
    if X is not None and options.training.augmentation is None and recipe.augmentation is not None:
        check_images(X.shape[1:])
        settings["input_size"] = X.shape[1:3]
    clf = recipes.make(recipe.name, **settings)
    known = {k: v for k, v in {**parameters, **changed}.items() if k not in ("mean", "std")}
    model = {"name": name, "builder": recipe.architecture, "parameters": known}
    return Prepared(clf, {**model, "recipe": recipe.name}, notes)


def _training_parameters(options: EstimatorOptions) -> dict[str, Any]:
    training = options.training
    given: dict[str, Any] = {
        "M": training.snapshots,
        "epochs": training.epochs,
        "alpha_zero": training.alpha_zero,
        "batch_size": training.batch_size,
        "random_state": options.seed,
        "engine": options.engine,
        "refit": options.refit or None,
    }
    found = {name: value for name, value in given.items() if value is not None}
    if training.loss is not None or training.label_smoothing is not None:
        name = training.loss
        if name is None:
            name = "focal" if _is_focal(options.network.recipe) else "cross-entropy"
        found["loss"] = loss_named(name, training.label_smoothing)
    if training.validation_fraction is not None:
        found["validation_fraction"] = read_fraction(training.validation_fraction)
        if found["validation_fraction"] is None:
            found["weighting"] = "uniform"  # there is nothing to learn weights on
    if training.weighting is not None:
        found["weighting"] = read_weighting(training.weighting, "--weighting")
    return found


def _augmentations(text: str) -> list[str]:
    return [] if text == "none" else text.split(",")


def _is_focal(recipe: str | None) -> bool:
    from skensemble import recipes

    return recipe is not None and recipes.get(recipe).focal


def _normalise(prepared: Prepared, normalize: str, X: np.ndarray) -> None:
    """Give the network the mean and standard deviation of the rows, where it takes them."""
    from skensemble.datasets import channel_statistics

    check_choice("--normalize", normalize, ("auto", "data", "none"), fix="auto is the default")
    clf = prepared.estimator
    params = clf.get_params(deep=False)
    names = ("model__mean", "model__std")
    if normalize == "none":
        clf.set_params(**{name: None for name in names if name in params})
    elif _takes_statistics(params.get("model")) and (
        normalize == "data" or all(params.get(name) is None for name in names)
    ):
        mean, std = channel_statistics(X)
        clf.set_params(model__mean=mean, model__std=std)
    params = clf.get_params(deep=False)
    for name in names:
        value = params.get(name)
        prepared.model[name.removeprefix("model__")] = None if value is None else list(value)


def _takes_statistics(builder: Any) -> bool:
    if not callable(builder):
        return False
    return {"mean", "std"} <= set(inspect.signature(builder).parameters)
