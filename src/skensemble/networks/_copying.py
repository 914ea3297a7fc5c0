"""Copying a Keras model, and building it again elsewhere, from its configuration."""

import inspect
from collections.abc import Mapping
from typing import Any

import cloudpickle
import keras
import numpy as np

from skensemble.backends import seeded
from skensemble.networks._keras_values import fresh_copy, with_weights


def copy_model(model):
    """Copy a model with its weights; compiled, if it is, with its own optimizer and metrics."""
    try:
        with seeded(0), keras.saving.custom_object_scope(_custom_objects(model)):
            copy = _rebuilt(model)
        if model.built:
            if not copy.built:
                copy.build_from_config(model.get_build_config())
            set_weights(copy, model.get_weights())
        if not _computes_the_same(copy, model):
            raise ValueError(
                "A copy made from the configuration of model may not compute the same."
            )
    except Exception as error:
        error.add_note(
            "raised while a copy of model was made, because fit never trains the model that it is "
            "given. Pass a function that builds the model instead, or give the model's class a "
            "get_config with all that its constructor needs."
        )
        raise
    if model.compiled:
        copy.compile(**recompile_arguments(model))
    return copy


def copy_layer(layer):
    """Copy a layer, or a model as a layer, from its configuration.

    Random numbers start anew: from the layer's own seed or, where it has none, the global one.
    """
    with keras.saving.custom_object_scope(_custom_objects(layer)):
        copy = _rebuilt(layer)
    return with_weights(copy, layer.get_build_config(), layer.get_weights())


def recompile_arguments(model) -> dict:
    """Return arguments that compile another model as this one is, with fresh state."""
    arguments = dict(model._compile_config.config)
    for name in ("metrics", "weighted_metrics"):
        arguments[name] = fresh_copy(arguments.get(name))
    arguments["optimizer"] = fresh_copy(model.optimizer)
    return arguments


def prediction_mode(model) -> dict[str, bool]:
    """Return the argument that tells a model not to train, if its call takes one."""
    return {"training": False} if model._call_has_training_arg else {}


def check_fits(bank, model) -> None:
    bank.check_fits([v.path for v in model.weights], [tuple(v.shape) for v in model.weights])


def set_weights(model, weights) -> None:
    """Set the weights of a model, and what some layers, such as Normalization, derive from them."""
    model.set_weights(weights)
    for layer in model._flatten_layers():
        if hasattr(layer, "finalize_state"):
            layer.finalize_state()


def network_config(model: Any) -> dict[str, Any]:
    """Return what Keras needs to build a network again, without weights, in types of JSON."""
    config: dict[str, Any] = keras.saving.serialize_keras_object(model)
    config.pop("compile_config", None)
    return config


def network_from_config(
    config: Mapping[str, Any],
    custom_objects: Mapping[str, Any] | None = None,
    *,
    safe_mode: bool = True,
) -> Any:
    """Build a network from `network_config`, not compiled, with weights of no meaning."""
    with seeded(0):  # layers draw the seeds and weights that they do not have yet
        return keras.saving.deserialize_keras_object(
            config, custom_objects=custom_objects, safe_mode=safe_mode
        )


def architecture_of(model) -> bytes | None:
    """Serialise the architecture without weights, or return None where that cannot be done.

    Classes of layers that cannot be imported where the bytes are read travel by value.
    """
    try:
        pickled = cloudpickle.dumps((network_config(model), _custom_objects(model)))
        copy = model_from(pickled)
        set_weights(copy, model.get_weights())
        return pickled if _computes_the_same(copy, model) else None
    except Exception:  # whatever a custom class raises
        return None


def model_from(architecture: bytes):
    """Build the network that ``architecture_of`` serialised, with weights of no meaning."""
    config, custom_objects = cloudpickle.loads(architecture)
    # A pickle can run any code as it is: Keras's safe mode would add nothing.
    return network_from_config(config, custom_objects, safe_mode=False)


def _custom_objects(model) -> dict[str, Any]:
    """Classes and functions of layers that Keras would have to find by an import or a registry."""
    layers = [model, *model._flatten_layers()]
    values: list[Any] = [type(layer) for layer in layers]
    values += [v for layer in layers for v in vars(layer).values() if inspect.isfunction(v)]
    return {
        name: value
        for value in values
        if value.__module__.split(".")[0] != "keras"
        for name in (value.__name__, keras.saving.get_registered_name(value))
    }


def _is_made_of_layers(model) -> bool:
    return isinstance(model, keras.Sequential) or type(model).__name__ == "Functional"


def _rebuilt(model):
    if _is_made_of_layers(model):
        return keras.models.clone_model(model, clone_function=_copy_layer, recursive=True)
    return type(model).from_config(model.get_config())


def _copy_layer(layer):
    if not isinstance(layer, keras.layers.Lambda):
        return type(layer).from_config(layer.get_config())
    # The configuration of a Lambda is code without the names that the code refers to.
    return keras.layers.Lambda(
        layer.function, layer._output_shape, layer.mask, layer.arguments, name=layer.name
    )


def _computes_the_same(copy, model) -> bool:
    """Whether two networks of the same weights predict the same, as far as can be told.

    A configuration need not be complete. Keras notes the defaults of a subclassed model, for one,
    and not what its constructor was given.
    """
    rows = _rows_for(model)
    if rows is None:
        return _is_made_of_layers(model) or type(model).get_config is not keras.Model.get_config
    mode = prediction_mode(model)
    mine, theirs = (network(rows, **mode) for network in (copy, model))
    return np.allclose(mine.numpy(), theirs.numpy(), rtol=1e-5, atol=1e-6, equal_nan=True)


def _rows_for(model) -> np.ndarray | None:
    shape = model.get_build_config().get("input_shape") if model.built else None
    if not isinstance(shape, list | tuple) or not all(isinstance(n, int | None) for n in shape):
        return None
    rows = np.random.default_rng(0).random((3, *(n or 3 for n in shape[1:])))
    inputs = getattr(model, "inputs", None) or [rows]
    is_integer = keras.backend.is_int_dtype(inputs[0].dtype)
    return rows.round().astype("int32") if is_integer else rows.astype(keras.config.floatx())
