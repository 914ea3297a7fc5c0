"""The networks that ``--model`` names, and the parameters that the command line has for them."""

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Any, NamedTuple

from skensemble._validation import Described, must_be
from skensemble.cli._option_groups import NetworkOptions
from skensemble.cli._snapshot_ensembles_flags import NetworkFlags


class Architecture(NamedTuple):
    """A network of `skensemble.models`; its depths are ``a n + b``, with ``depths`` (a, b)."""

    name: str
    builder: str
    takes: tuple[str, ...]
    defaults: Mapping[str, Any] = MappingProxyType({})
    batch_size: int = 32
    epochs: int = 50
    depths: tuple[int, int] | None = None


_SHARED = ("dropout", "weight_decay")
_OF_WRN = ("depth", "width", *_SHARED)
_OF_DN = ("depth", "growth_rate", "bottleneck", *_SHARED)
_OF_RESNEXT = ("depth", "cardinality", "width", "weight_decay")
_RESNEXT = {"depth": 29, "cardinality": 8, "width": 64}
_SENET = {**_RESNEXT, "cardinality": 4, "se": True}
_ALL = (
    Architecture("wrn", "wide_resnet", _OF_WRN, {"depth": 16, "width": 4}, 128, 200, (6, 4)),
    Architecture("dn", "densenet", _OF_DN, {"depth": 40, "growth_rate": 12}, 64, 200, (3, 4)),
    Architecture("resnext", "resnext", _OF_RESNEXT, _RESNEXT, 120, 200, (9, 2)),
    Architecture("senet", "resnext", _OF_RESNEXT, _SENET, 120, 200, (9, 2)),
    Architecture("mlp", "mlp", ("units", "dropout")),
)
ARCHITECTURES = {found.name: found for found in _ALL}


def architecture_named(model: str) -> Architecture:
    """Look up a network by the name that ``--model`` has for it."""
    if model not in ARCHITECTURES:
        names = ", ".join(map(repr, ARCHITECTURES))
        must = f"one of {names}, or a function of yours, MODULE:FUNCTION or FILE.py:FUNCTION"
        fix = "wrn is a Wide ResNet, for images"
        raise ValueError(must_be("--model", must, model, fix))
    return ARCHITECTURES[model]


def name_of(builder: str, parameters: Mapping[str, Any]) -> str:
    """Return what ``--model`` calls a builder of `skensemble.models`, or its own name."""
    if builder == "resnext":
        return "senet" if parameters.get("se") else "resnext"
    return next((a.name for a in ARCHITECTURES.values() if a.builder == builder), builder)


def given_parameters(options: NetworkOptions) -> dict[str, Any]:
    """Parameters of the builder, as far as options give them."""
    names = ("depth", "width", "growth_rate", "cardinality", "bottleneck", *_SHARED)
    found = {name: getattr(options, name) for name in names}
    found["units"] = None if options.units is None else _widths(options.units)
    return {name: value for name, value in found.items() if value is not None}


def parameters_for(
    architecture: Architecture, options: NetworkOptions, flags: NetworkFlags
) -> dict[str, Any]:
    """Parameters of the builder, defaults included."""
    given = given_parameters(options)
    for name in given:
        if name not in architecture.takes:
            takers = [a.name for a in ARCHITECTURES.values() if name in a.takes]
            got = Described(f"given with --model {architecture.name}")
            must = f"left out, except with --model {' or '.join(takers)}"
            fix = f"the options of {architecture.name} are {_options(architecture.takes)}"
            raise ValueError(must_be(option_of(name), must, got, fix))
    by_flags, _ = flags.parameters_for(architecture.name)
    for name, value in by_flags.items():
        if given.get(name, value) != value:
            got = Described(f"{given[name]}")
            must = f"{value}, as the other spelling of it says"
            raise ValueError(must_be(option_of(name), must, got, "give only one of the two"))
    return {**architecture.defaults, **given, **by_flags}


def check_depth(architecture: Architecture, depth: Any, bottleneck: Any) -> None:
    """Raise as the builder does where a network cannot be as deep; else, nothing is built."""
    from skensemble import models

    if architecture.depths is None:
        return
    per_block, others = architecture.depths
    per_block *= 2 if bottleneck else 1
    if depth < per_block + others or (depth - others) % per_block:
        settings = {"bottleneck": True} if bottleneck else {}
        getattr(models, architecture.builder)((32, 32, 3), 10, depth=depth, **settings)


def check_same_architecture(
    folder: str, found: Mapping[str, Any], options: NetworkOptions, flags: NetworkFlags
) -> None:
    """Raise unless a run is of the architecture that options name, as far as they do."""
    fix = "leave the option out, or give the run that was trained so"
    if options.model is not None and options.model != found["name"]:
        if ":" not in options.model:
            architecture_named(options.model)
        got = Described(f"one of --model {found['name']}")
        raise ValueError(must_be(f"RUN {folder}", f"a run of --model {options.model}", got, fix))
    asked = {**given_parameters(options), **flags.parameters_for(found["name"])[0]}
    for name, value in asked.items():
        there = found["parameters"].get(name)
        if there != value:
            got = Described(str(there))
            raise ValueError(must_be(f"{name} of the network of {folder}", str(value), got, fix))


def option_of(name: str) -> str:
    """Return the option of a parameter."""
    return "--" + name.replace("_", "-")


def _widths(text: str) -> list[int]:
    try:
        return [int(part) for part in text.split(",")]
    except ValueError as error:
        fix = "64,64 makes two blocks of 64 units"
        raise ValueError(must_be("--units", "whole numbers with commas", text, fix)) from error


def _options(names: Sequence[str]) -> str:
    return ", ".join(map(option_of, names))
