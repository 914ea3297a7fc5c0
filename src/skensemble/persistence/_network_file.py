"""A network without its weights, as JSON and back."""

import json
from typing import Any

from skensemble.persistence._user_builders import import_builder, is_user_builder


def network_to_json(model: Any, name: str) -> str:
    """Return a network without its weights, in JSON from which it can be built again."""
    from skensemble.networks._copying import network_config

    try:
        text = json.dumps(network_config(model))
        again = network_from_json(text, name)
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


def network_from_json(text: str, name: str) -> Any:
    """Build a network from its configuration in JSON; not compiled.

    The code of a builder MODULE:FUNCTION is imported only where Keras does not know a layer.
    """
    from skensemble.networks._copying import network_from_config

    try:
        return network_from_config(json.loads(text))
    except Exception:  # whatever the classes of layers raise
        if not is_user_builder(name):
            raise
        import_builder(name)
        return network_from_config(json.loads(text))  # Keras empties the one that it fails to read
