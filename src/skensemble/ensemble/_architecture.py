"""Copying a Keras model, and rebuilding it elsewhere, from its configuration."""

from __future__ import annotations

import cloudpickle
import keras

from skensemble.training import seeded


def _custom_objects(model) -> dict[str, type]:
    """Classes of layers that Keras would have to find by an import."""
    classes = {type(layer) for layer in [model, *model._flatten_layers()]}
    return {cls.__name__: cls for cls in classes if cls.__module__.split(".")[0] != "keras"}


def copy_model(model):
    """Copy a model with its weights; compiled, if it is, with its own optimizer and metrics.

    Parameters
    ----------
    model : keras.Model
        Left as it is.

    Returns
    -------
    keras.Model
        Shares nothing with ``model`` that training changes.
    """
    try:
        copy = _from_config(_config_of(model), _custom_objects(model))
    except Exception as error:
        error.add_note(
            "raised while a copy of model was made, because fit never trains the model that it is "
            "given. Pass a function that builds the model instead, or give the model's class "
            "get_config and from_config."
        )
        raise
    if model.built:
        if not copy.built:
            copy.build_from_config(model.get_build_config())
        copy.set_weights(model.get_weights())
    if model.compiled:
        copy.compile(**compile_arguments(model))
    return copy


def compile_arguments(model) -> dict:
    """Return arguments that compile another model as this one is, with fresh state."""
    arguments = dict(model._compile_config.config)
    for name in ("metrics", "weighted_metrics"):
        arguments[name] = fresh_copy(arguments.get(name))
    arguments["optimizer"] = fresh_copy(model.optimizer)
    return arguments


def fresh_copy(value):
    """Copy optimizers and metrics, which training changes, in any nesting; nothing else."""
    if isinstance(value, keras.optimizers.Optimizer | keras.metrics.Metric):
        return type(value).from_config(value.get_config())
    if isinstance(value, dict):
        return {key: fresh_copy(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return type(value)(fresh_copy(item) for item in value)
    return value


def architecture_of(model) -> bytes | None:
    """Serialise the architecture without weights, or return None where that cannot be done.

    Classes of layers that cannot be imported where the bytes are read travel by value.
    """
    try:
        pickled = cloudpickle.dumps((_config_of(model), _custom_objects(model)))
        copy = model_from(pickled)
        same = [tuple(v.shape) for v in copy.weights] == [tuple(v.shape) for v in model.weights]
    except Exception:  # whatever a custom class raises
        return None
    return pickled if same else None


def model_from(architecture: bytes):
    """Build the network that ``architecture_of`` serialised, with weights of no meaning."""
    return _from_config(*cloudpickle.loads(architecture))


def _config_of(model) -> dict:
    config = keras.saving.serialize_keras_object(model)
    config.pop("compile_config", None)
    return config


def _from_config(config: dict, custom_objects: dict[str, type]):
    # A pickle can run any code as it is, and a model that the caller passed has done so already.
    with seeded(0):
        return keras.saving.deserialize_keras_object(
            config, custom_objects=custom_objects, safe_mode=False
        )
