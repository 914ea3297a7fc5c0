"""From options to an estimator that is not fitted."""

import ast
import difflib
import inspect
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from skensemble._validation import check_real, must_be
from skensemble.cli._architectures import check_depth, estimator_of_network
from skensemble.cli._option_groups import NetworkFlags, NetworkOptions, TrainingOptions

# What --set leaves to an option, and the option.
_OWN_OPTION = {
    "model": "--model",
    "M": "--snapshots",
    "epochs": "--epochs",
    "alpha_zero": "--alpha-zero",
    "batch_size": "--batch-size",
    "augmentation": "--augmentation",
    "loss": "--loss",
    "weighting": "--weighting",
    "validation_fraction": "--validation-fraction",
    "random_state": "--seed of train",
    "engine": "--engine of train",
    "refit": "--refit of train",
}
_NOT_HERE = {
    "callbacks": "train in Python with callbacks of your own",
    "verbose": "--quiet says less",
    "warm_start": "every run starts anew",
}
# Names behind which the parameters of something else follow.
_PREFIXES = ("model", "optimizer", "loss", "metrics", "compile", "fit", "predict")
_OF_TRANSFER = ("backbone", "image_size", "head_units", "unfreeze_from")


@dataclass(frozen=True)
class EstimatorOptions:
    network: NetworkOptions = field(default_factory=NetworkOptions)
    training: TrainingOptions = field(default_factory=TrainingOptions)
    flags: NetworkFlags = field(default_factory=NetworkFlags)
    seed: int = 0
    engine: str = "auto"
    refit: bool = False


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
    clf, model, _ = make_estimator(options, None)
    parameters = clf.get_params(deep=False)
    check_depth(model["name"], parameters)
    check_parameters(parameters)
    return clf


def make_estimator(
    options: EstimatorOptions, X: np.ndarray | None
) -> tuple[Any, dict[str, Any], list[str]]:
    """Make an estimator; its network in words; and notes on what is left aside."""
    from skensemble.augmentation import augmentation_named
    from skensemble.backends import seeded

    network, training = options.network, options.training
    row_shape = () if X is None else X.shape[1:]
    clf, model, notes = estimator_of_network(
        network, options.flags, row_shape, augment=training.augmentation is None
    )
    others = read_parameters(training.set or ())
    check_known(others, clf)
    clf.set_params(**_training_parameters(options), **others)
    if model["builder"] == "transfer":
        model["parameters"] = {name: getattr(clf, name) for name in _OF_TRANSFER}
    if X is not None:
        _normalise(clf, network.normalize, X)
        for name in ("mean", "std"):
            value = clf.get_params(deep=False).get(f"model__{name}")
            model[name] = None if value is None else list(value)
        if training.augmentation is not None:
            names = _augmentations(training.augmentation)
            with seeded(0):  # layers draw seeds that they are not given; those of fit are others
                layers = augmentation_named(names, row_shape, model["mean"])
            clf.set_params(augmentation=layers)
    return clf, model, notes


def _training_parameters(options: EstimatorOptions) -> dict[str, Any]:
    from skensemble import recipes

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
        recipe, name = options.network.recipe, training.loss
        if name is None:
            is_focal = recipe is not None and recipes.get(recipe).focal
            name = "focal" if is_focal else "cross-entropy"
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


def read_parameters(given: Sequence[str]) -> dict[str, Any]:
    """Read ``NAME=VALUE`` of ``--set``: values as Python writes them, other text as it stands."""
    found: dict[str, Any] = {}
    for text in given:
        name, equals, value = text.partition("=")
        if not equals or not name.isidentifier():
            fix = "as in --set optimizer__momentum=0.8"
            raise ValueError(must_be("--set", "NAME=VALUE", text, fix))
        own = name.removeprefix("fit__")
        if own in _OWN_OPTION:
            must, fix = "a parameter without an option of its own", f"{_OWN_OPTION[own]} sets it"
            raise ValueError(must_be("--set", must, text, fix))
        if own.split("__")[0] in _NOT_HERE:
            must, fix = "a parameter that the command line can set", _NOT_HERE[own.split("__")[0]]
            raise ValueError(must_be("--set", must, text, fix))
        try:
            found[name] = ast.literal_eval(value)
        except (ValueError, SyntaxError):
            found[name] = value
    return found


def check_known(parameters: Mapping[str, Any], clf: Any) -> None:
    """Raise for a parameter of ``--set`` that the estimator, or its network, does not have."""
    elsewhere = (*_OWN_OPTION, *_NOT_HERE)
    params = clf.get_params(deep=False)
    own = [name for name in params if "__" not in name and name not in elsewhere]
    network = _parameters_of(clf)
    for name, value in parameters.items():
        prefix, nested, rest = name.partition("__")
        if prefix == "model" and network is not None:
            known, asked, start, whose = network, rest, "model__", "network"
        elif nested and prefix in _PREFIXES:
            continue
        else:
            known, asked, start, whose = own, name, "", "estimator"
        if asked not in known:
            close = difflib.get_close_matches(asked, known, 1)
            fix = "there are " + ", ".join(start + other for other in known)
            if close:
                fix = f"did you mean {start}{close[0]}"
            must = f"a parameter of the {whose}"
            raise ValueError(must_be("--set", must, f"{name}={value}", fix))


def _parameters_of(clf: Any) -> list[str] | None:
    """What the user may say about the network; None where its builder takes anything."""
    if clf.model is None:
        return None
    parameters = inspect.signature(clf.model).parameters.values()
    if any(parameter.kind is parameter.VAR_KEYWORD for parameter in parameters):
        return None
    return [parameter.name for parameter in parameters if parameter.name != "meta"]


def read_weighting(text: str, option: str) -> str | list[float]:
    if "," not in text:
        return text
    try:
        return [float(part) for part in text.split(",")]
    except ValueError as error:
        fix = "0.2,0.3,0.5 are weights of three snapshots"
        raise ValueError(must_be(option, "a name, or numbers with commas", text, fix)) from error


def read_fraction(text: str) -> float | int | None:
    """Read a share or a number of rows; None for ``"none"``."""
    if text == "none":
        return None
    try:
        return float(text) if "." in text or "e" in text else int(text)
    except ValueError as error:
        fix = "0.1 holds out a tenth of the rows, 200 holds out 200, none holds out none"
        raise ValueError(must_be("--validation-fraction", "a number or none", text, fix)) from error


def loss_named(name: str, smoothing: float | None) -> Any:
    is_of_keras = name not in ("cross-entropy", "focal")
    if smoothing is not None:
        fix = "0.1 is the usual choice"
        check_real("--label-smoothing", smoothing, positive=False, below=1, fix=fix)
        if is_of_keras:
            fix = "leave --loss or --label-smoothing out"
            must = "cross-entropy or focal with --label-smoothing"
            raise ValueError(must_be("--loss", must, name, fix))
    if is_of_keras:
        return name
    if name == "cross-entropy" and smoothing is None:
        return None
    from keras import losses

    # Keras's own gamma of 2 and alpha of 0.25 are those of the paper on the focal loss.
    is_focal = name == "focal"
    kind = losses.CategoricalFocalCrossentropy if is_focal else losses.CategoricalCrossentropy
    return kind(label_smoothing=smoothing or 0.0)
