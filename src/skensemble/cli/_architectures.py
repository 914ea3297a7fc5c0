"""The networks that ``--model`` names, and the parameters that the command line has for them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from skensemble._validation import Described, must_be
from skensemble.cli._option_groups import NetworkOptions
from skensemble.cli._snapshot_ensembles_flags import NetworkFlags


@dataclass(frozen=True)
class Architecture:
    """A network of `skensemble.models`.

    Parameters
    ----------
    name : str
        As ``--model`` takes it.
    builder : str
        Its name in `skensemble.models`.
    takes : tuple of str
        Parameters of the builder that have an option of their own.
    defaults : mapping
        Parameters that are other than the builder's own defaults, or worth writing down.
    batch_size, epochs : int
        What the project that the network comes from trained with.
    depths : tuple of (int, int), or None
        a and b, where depths are a n + b.
    """

    name: str
    builder: str
    takes: tuple[str, ...]
    defaults: Mapping[str, Any] = field(default_factory=dict)
    batch_size: int = 32
    epochs: int = 50
    depths: tuple[int, int] | None = None


_SHARED = ("dropout", "weight_decay")
_RESNEXT = ("depth", "cardinality", "width", "weight_decay")
ARCHITECTURES = {
    found.name: found
    for found in (
        Architecture(
            "wrn",
            "wide_resnet",
            ("depth", "width", *_SHARED),
            {"depth": 16, "width": 4},
            batch_size=128,
            epochs=200,
            depths=(6, 4),
        ),
        Architecture(
            "dn",
            "densenet",
            ("depth", "growth_rate", "bottleneck", *_SHARED),
            {"depth": 40, "growth_rate": 12},
            batch_size=64,
            epochs=200,
            depths=(3, 4),
        ),
        Architecture(
            "resnext",
            "resnext",
            _RESNEXT,
            {"depth": 29, "cardinality": 8, "width": 64},
            batch_size=120,
            epochs=200,
            depths=(9, 2),
        ),
        Architecture(
            "senet",
            "resnext",
            _RESNEXT,
            {"depth": 29, "cardinality": 4, "width": 64, "se": True},
            batch_size=120,
            epochs=200,
            depths=(9, 2),
        ),
        Architecture("mlp", "mlp", ("units", "dropout")),
    )
}


def architecture_named(model: str) -> Architecture:
    """Look up a network by the name that ``--model`` has for it.

    Raises
    ------
    ValueError
        If there is none.
    """
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
    """Parameters of the builder, defaults included.

    Raises
    ------
    ValueError
        If an option is not one of this network's, or is given in two ways that differ.
    """
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
    """Raise unless a run is of the architecture that options name, as far as they do.

    Parameters
    ----------
    folder : str
        Of the run.
    found : mapping
        Its network: ``"name"`` and ``"parameters"``.
    options, flags : NetworkOptions and NetworkFlags
        What it should be.
    """
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
