"""A network without its weights, as JSON and back."""

from __future__ import annotations

import json
from typing import Any

from skensemble.cli._architectures import is_own_code
from skensemble.cli._own_code import import_builder


def network_to_json(model: Any, name: str) -> str:
    """Return a network without its weights, in JSON from which it can be built again.

    Raises
    ------
    ValueError
        If it cannot.
    """
    import keras

    try:
        config = keras.saving.serialize_keras_object(model)
        config.pop("compile_config", None)
        text = json.dumps(config)
        again = network_from(text, name)
    except Exception as error:
        raise ValueError(
            "The network cannot be written to the run directory, as Keras cannot build it again "
            f"from its configuration ({type(error).__name__}: {str(error).splitlines()[0]}). Give "
            "its own layers a get_config, and use layers in place of Lambda."
        ) from error
    shapes = [tuple(variable.shape) for variable in model.weights]
    if [tuple(variable.shape) for variable in again.weights] != shapes:
        raise ValueError(
            "The network cannot be written to the run directory: built again from its "
            "configuration, it has other variables. Give its own layers a complete get_config."
        )
    return text


def network_from(text: str, model: str) -> Any:
    """Build a network from its configuration in JSON; not compiled.

    The code of ``--model MODULE:FUNCTION`` is imported only where Keras does not know a layer.
    """
    import keras

    from skensemble.backends import seeded

    config = json.loads(text)
    with seeded(0):  # layers draw the seeds and weights that they do not have yet
        try:
            return keras.saving.deserialize_keras_object(config)
        except Exception:  # whatever the classes of layers raise
            if not is_own_code(model):
                raise
            import_builder(model)
            return keras.saving.deserialize_keras_object(config)
