"""What a loss expects: class indices or one-hot rows, probabilities or logits."""

import functools
import re

import keras
import numpy as np


def only(loss):
    """Take a loss out of the list or mapping that a network of one output may have it in."""
    if isinstance(loss, list | tuple) and len(loss) == 1:
        return loss[0]
    if isinstance(loss, dict) and len(loss) == 1:
        return next(iter(loss.values()))
    return loss


def takes_logits(loss) -> bool:
    """Whether ``loss`` applies the softmax or sigmoid by itself."""
    if isinstance(loss, functools.partial):
        return bool(loss.keywords.get("from_logits", False)) or takes_logits(loss.func)
    arguments = getattr(loss, "_fn_kwargs", None) or {}
    return bool(getattr(loss, "from_logits", False) or arguments.get("from_logits", False))


def takes_one_hot(loss, n_units: int) -> bool:
    """Whether ``loss`` wants one-hot rows for a network of several output units.

    Keras's own losses say so by their name. Any other is tried on three rows of class indices:
    one that needs one-hot rows cannot take them.
    """
    function = keras.losses.get(loss) if isinstance(loss, str) else loss
    if isinstance(function, type):
        function = function()
    owner = type(function) if isinstance(function, keras.losses.Loss) else function
    name = getattr(owner, "__name__", "")
    if getattr(owner, "__module__", "").split(".")[0] == "keras" and name != "LossFunctionWrapper":
        return "sparse" not in name.lower()
    n_rows = 3 if n_units != 3 else 5
    # Keras, too, hands targets to a loss as floats.
    indices = keras.ops.convert_to_tensor(np.arange(n_rows) % n_units, keras.config.floatx())
    outputs = keras.ops.full((n_rows, n_units), 1 / n_units)
    try:
        function(indices, outputs)
    except Exception:  # any error means the same: not made for class indices
        return True
    return False


def loss_name(loss) -> str:
    """Name a loss in snake case, however it is given, or "" where it has no name."""
    loss = keras.losses.get(loss) if isinstance(loss, str) else loss
    owner = type(loss) if isinstance(loss, keras.losses.Loss) else loss
    name = getattr(owner, "__name__", "")
    return re.sub(r"(?<=[a-z])(?=[A-Z])", "_", name).lower()


def losses_differ(given, compiled) -> bool:
    """Whether two losses are surely not the same one."""
    names = [loss_name(loss).replace("_", "") for loss in (given, compiled)]
    if not all(names) or names[0] != names[1]:
        return all(names)
    if not all(isinstance(loss, keras.losses.Loss) for loss in (given, compiled)):
        return False
    configs = [{**loss.get_config(), "name": None} for loss in (given, compiled)]
    return repr(configs[0]) != repr(configs[1])


def loss_class(name: str) -> type | None:
    """Find Keras's class of a loss by a name that means its function, or None."""
    wanted = loss_name(name).replace("_", "")
    classes = (cls for cls in vars(keras.losses).values() if isinstance(cls, type))
    return next((cls for cls in classes if loss_name(cls).replace("_", "") == wanted), None)
