"""The networks that ``--model`` names, and the parameters that the command line has for them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from skensemble._validation import Described, check_integer, must_be

_N_BLOCKS_FIX = "2 makes WRN-16, 4 makes WRN-28"


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
    batch_size, epochs, M, alpha_zero
        What the project that the network comes from trained with.
    """

    name: str
    builder: str
    takes: tuple[str, ...]
    defaults: Mapping[str, Any] = field(default_factory=dict)
    batch_size: int = 32
    epochs: int = 50
    M: int = 5
    alpha_zero: float = 0.1


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
        ),
        Architecture(
            "dn",
            "densenet",
            ("depth", "growth_rate", "bottleneck", *_SHARED),
            {"depth": 40, "growth_rate": 12},
            batch_size=64,
            epochs=200,
        ),
        Architecture(
            "resnext",
            "resnext",
            _RESNEXT,
            {"depth": 29, "cardinality": 8, "width": 64},
            batch_size=120,
            epochs=200,
        ),
        Architecture(
            "senet",
            "resnext",
            _RESNEXT,
            {"depth": 29, "cardinality": 4, "width": 64, "se": True},
            batch_size=120,
            epochs=200,
        ),
        Architecture("mlp", "mlp", ("units", "dropout")),
    )
}
_NAMES = ", ".join(map(repr, ARCHITECTURES))


@dataclass(frozen=True)
class ModelOptions:
    """The options that choose a network; None where they are not given.

    ``wrn_N`` to ``dn_growth_rate`` are the flags of the first project: they count for their own
    network only, as they did there.
    """

    model: str | None = None
    depth: int | None = None
    width: int | None = None
    growth_rate: int | None = None
    cardinality: int | None = None
    bottleneck: bool | None = None
    units: str | None = None
    dropout: float | None = None
    weight_decay: float | None = None
    wrn_N: int | None = None
    wrn_k: int | None = None
    dn_depth: int | None = None
    dn_growth_rate: int | None = None

    def readable(self) -> dict[str, Any]:
        """Parameters of the options with readable names, as far as they are given."""
        names = ("depth", "width", "growth_rate", "cardinality", "bottleneck")
        found = {name: getattr(self, name) for name in (*names, *_SHARED)}
        if self.units is not None:
            found["units"] = _widths(self.units)
        return {name: value for name, value in found.items() if value is not None}

    def of_first_project(self, model: str) -> tuple[dict[str, Any], list[str]]:
        """Parameters of the first project's flags for a network, and notes on the other flags."""
        depth = None
        if self.wrn_N is not None:
            depth = 6 * check_integer("--wrn_N", self.wrn_N, minimum=1, fix=_N_BLOCKS_FIX) + 4
        flags = {
            "wrn": {"--wrn_N": ("depth", depth), "--wrn_k": ("width", self.wrn_k)},
            "dn": {
                "--dn_depth": ("depth", self.dn_depth),
                "--dn_growth_rate": ("growth_rate", self.dn_growth_rate),
            },
        }
        params: dict[str, Any] = {}
        notes = []
        for owner, theirs in flags.items():
            for flag, (name, value) in theirs.items():
                if value is None:
                    continue
                if owner == model:
                    params[name] = value
                else:
                    notes.append(f"{flag} says nothing about --model {model}: it is left aside")
        return params, notes


def is_own_code(model: str) -> bool:
    """Whether ``--model`` names a function of the user's."""
    return ":" in model


def parameters_for(architecture: Architecture, options: ModelOptions) -> dict[str, Any]:
    """Parameters of the builder, defaults included.

    Raises
    ------
    ValueError
        If an option is not one of this network's, or is given in two ways that differ.
    """
    readable = options.readable()
    for name in readable:
        if name not in architecture.takes:
            takers = [a.name for a in ARCHITECTURES.values() if name in a.takes]
            got = Described(f"given with --model {architecture.name}")
            must = f"left out, except with --model {' or '.join(takers)}"
            fix = f"the options of {architecture.name} are {_flags(architecture.takes)}"
            raise ValueError(must_be(_flag(name), must, got, fix))
    seeds, _ = options.of_first_project(architecture.name)
    for name, value in seeds.items():
        if readable.get(name, value) != value:
            got = Described(f"{readable[name]}")
            fix = "give only one of the two"
            must = f"{value}, as the other spelling of it says"
            raise ValueError(must_be(_flag(name), must, got, fix))
    return {**architecture.defaults, **readable, **seeds}


def check_depth(builder: str, parameters: Mapping[str, Any]) -> None:
    """Raise where a network cannot be as deep, as its builder will; nothing is built.

    Parameters
    ----------
    builder : str
        Its name in `skensemble.models`, or another one, of which nothing is known.
    parameters : mapping
        Of the estimator, ``model__depth`` among them.
    """
    from skensemble.models._arguments import blocks_of

    layers = {"wide_resnet": (6, 4), "densenet": (3, 4), "resnext": (9, 2)}
    depth = parameters.get("model__depth")
    if builder not in layers or depth is None:
        return
    per_block, others = layers[builder]
    if parameters.get("model__bottleneck"):
        per_block *= 2
    blocks_of(depth, per_block=per_block, others=others)


def architecture_named(model: str) -> Architecture:
    """Look up a network by the name that ``--model`` has for it.

    Raises
    ------
    ValueError
        If there is none.
    """
    if model not in ARCHITECTURES:
        must = f"one of {_NAMES}, or a function of yours, MODULE:FUNCTION or FILE.py:FUNCTION"
        raise ValueError(must_be("--model", must, model, "wrn is the network of the first project"))
    return ARCHITECTURES[model]


def name_of(builder: str, parameters: Mapping[str, Any]) -> str:
    """Return what ``--model`` calls a builder of `skensemble.models`, or its own name."""
    if builder == "resnext":
        return "senet" if parameters.get("se") else "resnext"
    return next((a.name for a in ARCHITECTURES.values() if a.builder == builder), builder)


def check_same_architecture(
    folder: Path, found: Mapping[str, Any], options: ModelOptions | None
) -> None:
    """Raise unless a run is of the architecture that is asked for, as far as that is said.

    Parameters
    ----------
    folder : Path
        Of the run.
    found : mapping
        Its network: ``"name"`` and ``"parameters"``.
    options : ModelOptions or None
        What is asked for.
    """
    if options is None:
        return
    fix = "leave the option out, or give the run that was trained so"
    if options.model is not None and options.model != found["name"]:
        if not is_own_code(options.model):
            architecture_named(options.model)
        got = Described(f"one of --model {found['name']}")
        raise ValueError(must_be(f"RUN {folder}", f"a run of --model {options.model}", got, fix))
    asked = {**options.readable(), **options.of_first_project(found["name"])[0]}
    for name, value in asked.items():
        there = found["parameters"].get(name)
        if there != value:
            got = Described(str(there))
            raise ValueError(must_be(f"{name} of the network of {folder}", str(value), got, fix))


def _widths(text: str) -> list[int]:
    try:
        return [int(part) for part in text.split(",")]
    except ValueError as error:
        fix = "64,64 makes two blocks of 64 units"
        raise ValueError(must_be("--units", "whole numbers with commas", text, fix)) from error


def _flag(name: str) -> str:
    return "--" + name.replace("_", "-")


def _flags(names: Sequence[str]) -> str:
    return ", ".join(map(_flag, names))
