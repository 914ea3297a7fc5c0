"""The networks that ``--model`` and ``--recipe`` name, and their options."""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from skensemble._validation import Described, check_integer, must_be
from skensemble.cli._option_groups import NetworkFlags, NetworkOptions
from skensemble.persistence import absolute_builder_name, import_builder, is_user_builder


class Architecture(NamedTuple):
    """A network of `skensemble.models`; its depths are ``a n + b``, with ``depths`` (a, b)."""

    builder: str
    takes: tuple[str, ...]
    defaults: dict[str, Any]
    batch_size: int
    epochs: int = 200
    depths: tuple[int, int] | None = None


_SHARED = ("dropout", "weight_decay")
_OF_WRN = ("depth", "width", *_SHARED)
_OF_DN = ("depth", "growth_rate", "bottleneck", *_SHARED)
_OF_RESNEXT = ("depth", "cardinality", "width", "weight_decay")
_WRN = {"depth": 16, "width": 4}
_DN = {"depth": 40, "growth_rate": 12}
_RESNEXT = {"depth": 29, "cardinality": 8, "width": 64}
_SENET = {**_RESNEXT, "cardinality": 4, "se": True}
ARCHITECTURES = {
    "wrn": Architecture("wide_resnet", _OF_WRN, _WRN, batch_size=128, depths=(6, 4)),
    "dn": Architecture("densenet", _OF_DN, _DN, batch_size=64, depths=(3, 4)),
    "resnext": Architecture("resnext", _OF_RESNEXT, _RESNEXT, batch_size=120, depths=(9, 2)),
    "senet": Architecture("resnext", _OF_RESNEXT, _SENET, batch_size=120, depths=(9, 2)),
    "mlp": Architecture("mlp", ("units", "dropout"), {}, batch_size=32, epochs=50),
}


def estimator_of_network(
    options: NetworkOptions, flags: NetworkFlags, row_shape: Sequence[int], *, augment: bool
) -> tuple[Any, dict[str, Any], list[str]]:
    """Make an estimator, with the recipe's augmentation if ``augment``; see `make_estimator`."""
    if options.recipe is not None:
        clf, model = _of_recipe(options, options.recipe, flags, row_shape if augment else ())
    elif options.model is not None and is_user_builder(options.model):
        clf, model = _of_user_builder(options, options.model)
    else:
        name = options.model or ("wrn" if len(row_shape) > 1 else "mlp")
        clf, model = _of_name(options, name, flags)
    notes = []
    if model["builder"] != "transfer":
        notes = _parameters_of_flags(flags, options.model or model["name"])[1]
    return clf, {**model, "recipe": options.recipe}, notes


def _of_name(options: NetworkOptions, name: str, flags: NetworkFlags) -> tuple[Any, dict[str, Any]]:
    from skensemble import SnapshotEnsembleClassifier, models

    architecture = _architecture_named(name)
    parameters = {**architecture.defaults, **_chosen_parameters(name, options, flags)}
    clf = SnapshotEnsembleClassifier(
        getattr(models, architecture.builder),
        epochs=architecture.epochs,
        batch_size=architecture.batch_size,
        **{f"model__{key}": value for key, value in parameters.items()},
    )
    return clf, {"name": name, "builder": architecture.builder, "parameters": parameters}


def _of_user_builder(options: NetworkOptions, spec: str) -> tuple[Any, dict[str, Any]]:
    from skensemble import SnapshotEnsembleClassifier

    must = "left out for a builder of your own"
    fix = "--set model__NAME=VALUE is for parameters of your function"
    _refuse_parameters(options, f"--model {spec}", must, fix)
    place = absolute_builder_name(spec)
    model = {"name": place, "builder": place, "parameters": {}}
    return SnapshotEnsembleClassifier(import_builder(spec)), model


def _of_recipe(
    options: NetworkOptions, recipe_name: str, flags: NetworkFlags, image_shape: Sequence[int]
) -> tuple[Any, dict[str, Any]]:
    from skensemble import recipes
    from skensemble.augmentation import check_images

    recipe = recipes.get(recipe_name)
    parameters = {
        name.removeprefix("model__"): value
        for name, value in recipe.params.items()
        if name.startswith("model__")
    }
    name = recipe.architecture
    if parameters.get("se"):
        name = "senet"
    else:  # the first that has this builder; of a transfer network, none has
        name = next((key for key, a in ARCHITECTURES.items() if a.builder == name), name)
    if options.model not in (None, name):
        got = Described(f"--recipe {recipe.name}, which is --model {name}")
        fix = "leave one of the two out"
        raise ValueError(must_be("--recipe", f"one of --model {options.model}", got, fix))
    settings: dict[str, Any] = {}
    if recipe.architecture == "transfer":
        fix = "--set head_units=512 and the like change what it has"
        must = "left out, as the network is a backbone"
        _refuse_parameters(options, f"--recipe {recipe.name}", must, fix)
    else:
        chosen = _chosen_parameters(name, options, flags)
        parameters.update(chosen)
        settings = {f"model__{key}": value for key, value in chosen.items()}
    if image_shape and recipe.augmentation is not None:
        check_images(image_shape)
        settings["input_size"] = image_shape[:2]
    known = {key: value for key, value in parameters.items() if key not in ("mean", "std")}
    model = {"name": name, "builder": recipe.architecture, "parameters": known}
    return recipes.make(recipe.name, **settings), model


def _refuse_parameters(options: NetworkOptions, given_with: str, must: str, fix: str) -> None:
    for name in _given_parameters(options):
        got = Described(f"given with {given_with}")
        raise ValueError(must_be(_option_of(name), must, got, fix))


def _architecture_named(model: str) -> Architecture:
    if model not in ARCHITECTURES:
        names = ", ".join(map(repr, ARCHITECTURES))
        must = f"one of {names}, or a function of yours, MODULE:FUNCTION or FILE.py:FUNCTION"
        fix = "wrn is a Wide ResNet, for images"
        raise ValueError(must_be("--model", must, model, fix))
    return ARCHITECTURES[model]


def _given_parameters(options: NetworkOptions) -> dict[str, Any]:
    names = ("depth", "width", "growth_rate", "cardinality", "bottleneck", *_SHARED)
    found = {name: getattr(options, name) for name in names}
    if options.units is not None:
        try:
            found["units"] = [int(part) for part in options.units.split(",")]
        except ValueError as error:
            must, fix = "whole numbers with commas", "64,64 makes two blocks of 64 units"
            raise ValueError(must_be("--units", must, options.units, fix)) from error
    return {name: value for name, value in found.items() if value is not None}


def _parameters_of_flags(flags: NetworkFlags, model: str) -> tuple[dict[str, Any], list[str]]:
    """Parameters of the builder of a network, and notes on flags that are for another one."""
    depth = None
    if flags.wrn_N is not None:
        fix = "2 makes WRN-16, 4 makes WRN-28"
        depth = 6 * check_integer("--wrn_N", flags.wrn_N, minimum=1, fix=fix) + 4
    parameters, notes = {}, []
    for owner, flag, name, value in (
        ("wrn", "--wrn_N", "depth", depth),
        ("wrn", "--wrn_k", "width", flags.wrn_k),
        ("dn", "--dn_depth", "depth", flags.dn_depth),
        ("dn", "--dn_growth_rate", "growth_rate", flags.dn_growth_rate),
    ):
        if value is not None and owner == model:
            parameters[name] = value
        elif value is not None:
            notes.append(f"{flag} is not for --model {model}: it is left aside")
    return parameters, notes


def _chosen_parameters(model: str, options: NetworkOptions, flags: NetworkFlags) -> dict[str, Any]:
    takes = _architecture_named(model).takes
    given, by_flags = _given_parameters(options), _parameters_of_flags(flags, model)[0]
    for name, value in given.items():
        if name not in takes:
            takers = [other for other, a in ARCHITECTURES.items() if name in a.takes]
            must = f"left out, except with --model {' or '.join(takers)}"
            got = Described(f"given with --model {model}")
            fix = f"the options of {model} are {', '.join(map(_option_of, takes))}"
            raise ValueError(must_be(_option_of(name), must, got, fix))
        if by_flags.get(name, value) != value:
            must = f"{by_flags[name]}, as the other spelling of it says"
            raise ValueError(must_be(_option_of(name), must, value, "give only one of the two"))
    return {**given, **by_flags}


def check_depth(model: str, parameters: Mapping[str, Any]) -> None:
    """Raise, as the builder does later, where a network cannot be as deep."""
    from skensemble.models._parts import blocks_of

    architecture, depth = ARCHITECTURES.get(model), parameters.get("model__depth")
    if architecture is not None and architecture.depths is not None and depth is not None:
        per_block, others = architecture.depths
        if parameters.get("model__bottleneck"):
            per_block *= 2
        blocks_of(depth, per_block=per_block, others=others)


def check_same_architecture(
    folder: str, found: Mapping[str, Any], options: NetworkOptions, flags: NetworkFlags
) -> None:
    fix = "leave the option out, or give the run that was trained so"
    if options.model is not None and options.model != found["name"]:
        if not is_user_builder(options.model):
            _architecture_named(options.model)
        got = Described(f"one of --model {found['name']}")
        raise ValueError(must_be(f"RUN {folder}", f"a run of --model {options.model}", got, fix))
    asked = {**_given_parameters(options), **_parameters_of_flags(flags, found["name"])[0]}
    for name, value in asked.items():
        there = found["parameters"].get(name)
        if there != value:
            got = Described(str(there))
            raise ValueError(must_be(f"{name} of the network of {folder}", str(value), got, fix))


def _option_of(parameter: str) -> str:
    return "--" + parameter.replace("_", "-")
