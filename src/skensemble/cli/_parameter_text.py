"""Parameters of the estimator, read from the text of options."""

import ast
import difflib
import inspect
from collections.abc import Mapping, Sequence
from typing import Any

from skensemble._validation import check_real, must_be

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
    own = [name for name in clf.get_params(deep=False) if "__" not in name]
    own = [name for name in own if name not in (*_OWN_OPTION, *_NOT_HERE)]
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
            there = ", ".join(start + other for other in known)
            fix = f"did you mean {start}{close[0]}" if close else f"there are {there}"
            raise ValueError(
                must_be("--set", f"a parameter of the {whose}", f"{name}={value}", fix)
            )


def _parameters_of(clf: Any) -> list[str] | None:
    """What the user may say about the network; None where its builder takes anything."""
    if clf.model is None:
        return None
    parameters = inspect.signature(clf.model).parameters.values()
    if any(parameter.kind is parameter.VAR_KEYWORD for parameter in parameters):
        return None
    return [parameter.name for parameter in parameters if parameter.name != "meta"]


def read_weighting(text: str, option: str) -> str | list[float]:
    """Read a method, or weights with commas."""
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
    """Return what ``--loss`` and ``--label-smoothing`` say, as the estimator takes it."""
    is_of_keras = name not in ("cross-entropy", "focal")
    if smoothing is not None:
        fix = "0.1 is the usual choice"
        check_real("--label-smoothing", smoothing, positive=False, fix=fix)
        if smoothing >= 1:
            raise ValueError(must_be("--label-smoothing", "below 1", smoothing, fix))
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
