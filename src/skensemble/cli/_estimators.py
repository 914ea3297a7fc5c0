"""From options to an estimator that is not fitted."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from skensemble._validation import Described, check_choice, must_be
from skensemble.cli._architectures import (
    Architecture,
    ModelOptions,
    architecture_named,
    check_depth,
    is_own_code,
    name_of,
    parameters_for,
)
from skensemble.cli._augmentations import augmentation_named, check_images, check_names
from skensemble.cli._normalisation import mean_and_std
from skensemble.cli._own_code import absolute, import_builder
from skensemble.cli._settings import (
    check_known,
    loss_named,
    read_fraction,
    read_parameters,
    read_weighting,
)

_OF_TRANSFER = ("backbone", "image_size", "head_units", "unfreeze_from")


@dataclass(frozen=True)
class TrainOptions:
    """The options that make an estimator; None where one is left to the recipe or the network."""

    network: ModelOptions = field(default_factory=ModelOptions)
    recipe: str | None = None
    normalize: str = "auto"
    snapshots: int | None = None
    epochs: int | None = None
    alpha_zero: float | None = None
    batch_size: int | None = None
    augmentation: str | None = None
    loss: str | None = None
    label_smoothing: float | None = None
    weighting: str | None = None
    validation_fraction: str | None = None
    seed: int = 0
    engine: str = "auto"
    set: Sequence[str] = ()


@dataclass(frozen=True)
class Prepared:
    """An estimator, and its network in words.

    Parameters
    ----------
    estimator : SnapshotEnsembleClassifier or TransferSnapshotClassifier
        Not fitted; silent.
    model : dict
        For ``config.json``: ``"name"`` as ``--model`` takes it, ``"builder"``, ``"parameters"``,
        ``"recipe"``, ``"mean"`` and ``"std"``.
    notes : list of str
        What there is to say about the options.
    """

    estimator: Any
    model: dict[str, Any]
    notes: list[str]


def make_estimator(options: TrainOptions, X: np.ndarray | None) -> Prepared:
    """Make the estimator that options ask for.

    Parameters
    ----------
    options : TrainOptions
        As given.
    X : ndarray of shape (n, ...), or None
        Training rows, for the default of ``--model`` and for mean and standard deviation. None
        only checks the options, as far as that can be done without.

    Returns
    -------
    Prepared

    Raises
    ------
    TypeError, ValueError, FileNotFoundError, ImportError
        If an option is not as it must be.
    """
    if options.recipe is not None:
        prepared = _of_recipe(options, X)
    elif options.network.model is not None and is_own_code(options.network.model):
        prepared = _of_own_code(options, options.network.model)
    else:
        default = "wrn" if X is not None and X.ndim > 2 else "mlp"
        prepared = _of_name(options, options.network.model or default)
    clf = prepared.estimator
    others = read_parameters(options.set)
    check_known(others, clf)
    clf.set_params(**_training_parameters(options), **others)
    if prepared.model["builder"] == "transfer":
        prepared.model["parameters"] = {name: getattr(clf, name) for name in _OF_TRANSFER}
    if X is not None:
        _normalise(prepared, options.normalize, X)
        if options.augmentation is not None:
            mean = prepared.model["mean"]
            layers = augmentation_named(options.augmentation, X.shape[1:], mean)
            clf.set_params(augmentation=layers)
    return prepared


def check_options(options: TrainOptions) -> None:
    """Raise, before there are data, what can be told without them."""
    from skensemble.ensemble._parameters import check_parameters

    if options.augmentation is not None:
        check_names(options.augmentation)
    if options.recipe is None and options.network.model is None:
        # Which network it is depends on the data; its training does not.
        others = [text for text in options.set if not text.startswith("model__")]
        options = replace(options, network=ModelOptions(), set=others)
    prepared = make_estimator(options, None)
    parameters = prepared.estimator.get_params(deep=False)
    check_depth(prepared.model["builder"], parameters)
    check_parameters(parameters)


def _of_name(options: TrainOptions, name: str) -> Prepared:
    architecture = architecture_named(name)
    parameters = parameters_for(architecture, options.network)
    defaults = {
        "M": architecture.M,
        "epochs": architecture.epochs,
        "alpha_zero": architecture.alpha_zero,
        "batch_size": architecture.batch_size,
    }
    clf = _estimator(_builder(architecture), parameters, defaults)
    model = {"name": name, "builder": architecture.builder, "parameters": parameters}
    _, notes = options.network.of_first_project(name)
    return Prepared(clf, {**model, "recipe": None}, notes)


def _of_own_code(options: TrainOptions, spec: str) -> Prepared:
    given = options.network.readable()
    if given:
        flag = "--" + next(iter(given)).replace("_", "-")
        fix = "--set model__NAME=VALUE is for parameters of your function"
        got = Described(f"given with --model {spec}")
        raise ValueError(must_be(flag, "left out for a builder of your own", got, fix))
    clf = _estimator(import_builder(spec), {}, {})
    place = absolute(spec)
    model: dict[str, Any] = {"name": place, "builder": place, "parameters": {}, "recipe": None}
    return Prepared(clf, model, options.network.of_first_project(spec)[1])


def _of_recipe(options: TrainOptions, X: np.ndarray | None) -> Prepared:
    from skensemble import recipes

    assert options.recipe is not None
    recipe = recipes.get(options.recipe)
    own = {k: v for k, v in recipe.params.items() if k.startswith("model__")}
    parameters = {name.removeprefix("model__"): value for name, value in own.items()}
    name = name_of(recipe.architecture, parameters)
    asked = options.network.model
    if asked not in (None, name):
        got = Described(f"--recipe {recipe.name}, which is --model {name}")
        fix = "leave one of the two out"
        raise ValueError(must_be("--recipe", f"one of --model {asked}", got, fix))
    notes: list[str] = []
    changed: dict[str, Any] = {}
    given = options.network.readable()
    if recipe.architecture == "transfer" and given:
        flag = "--" + next(iter(given)).replace("_", "-")
        got = Described(f"given with --recipe {recipe.name}")
        fix = "--set head_units=512 and the like change what it has"
        raise ValueError(must_be(flag, "left out, as the network is a backbone", got, fix))
    if recipe.architecture != "transfer":
        architecture = architecture_named(name)
        asked_for = parameters_for(architecture, options.network)
        changed = {
            key: value
            for key, value in asked_for.items()
            if architecture.defaults.get(key) != value
        }
        _, notes = options.network.of_first_project(name)
    settings: dict[str, Any] = {f"model__{key}": value for key, value in changed.items()}
    if X is not None and options.augmentation is None and recipe.augmentation is not None:
        check_images(X.shape[1:])
        settings["input_size"] = X.shape[1:3]
    clf = recipes.make(recipe.name, **settings)
    known = {k: v for k, v in {**parameters, **changed}.items() if k not in ("mean", "std")}
    model = {"name": name, "builder": recipe.architecture, "parameters": known}
    return Prepared(clf, {**model, "recipe": recipe.name}, notes)


def _estimator(builder: Callable[..., Any], parameters: Mapping[str, Any], defaults: Any) -> Any:
    from skensemble import SnapshotEnsembleClassifier

    model: dict[str, Any] = {f"model__{name}": value for name, value in parameters.items()}
    return SnapshotEnsembleClassifier(builder, **defaults, **model)


def _builder(architecture: Architecture) -> Callable[..., Any]:
    from skensemble import models

    builder: Callable[..., Any] = getattr(models, architecture.builder)
    return builder


def _training_parameters(options: TrainOptions) -> dict[str, Any]:
    given: dict[str, Any] = {
        "M": options.snapshots,
        "epochs": options.epochs,
        "alpha_zero": options.alpha_zero,
        "batch_size": options.batch_size,
        "random_state": options.seed,
        "engine": options.engine,
    }
    found = {name: value for name, value in given.items() if value is not None}
    if options.loss is not None or options.label_smoothing is not None:
        name = options.loss or ("focal" if _is_focal(options.recipe) else "cross-entropy")
        found["loss"] = loss_named(name, options.label_smoothing)
    if options.validation_fraction is not None:
        found["validation_fraction"] = read_fraction(options.validation_fraction)
        if found["validation_fraction"] is None:
            found["weighting"] = "uniform"  # there is nothing to learn weights on
    if options.weighting is not None:
        found["weighting"] = read_weighting(options.weighting, "--weighting")
    return found


def _is_focal(recipe: str | None) -> bool:
    from skensemble import recipes

    return recipe is not None and recipes.get(recipe).focal


def _normalise(prepared: Prepared, normalize: str, X: np.ndarray) -> None:
    """Give the network the mean and standard deviation of the rows, where it takes them."""
    check_choice("--normalize", normalize, ("auto", "data", "none"), fix="auto is the default")
    clf = prepared.estimator
    params = clf.get_params(deep=False)
    names = ("model__mean", "model__std")
    if normalize == "none":
        clf.set_params(**{name: None for name in names if name in params})
    elif _takes_statistics(params.get("model")) and (
        normalize == "data" or all(params.get(name) is None for name in names)
    ):
        mean, std = mean_and_std(X)
        clf.set_params(model__mean=mean, model__std=std)
    params = clf.get_params(deep=False)
    for name in names:
        value = params.get(name)
        prepared.model[name.removeprefix("model__")] = None if value is None else list(value)


def _takes_statistics(builder: Any) -> bool:
    if not callable(builder):
        return False
    return {"mean", "std"} <= set(inspect.signature(builder).parameters)
