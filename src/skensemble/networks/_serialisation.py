"""Networks as configurations: for copies in pickles and for the files of a run."""

from collections.abc import Mapping
from typing import Any

import keras

from skensemble.backends import seeded


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
