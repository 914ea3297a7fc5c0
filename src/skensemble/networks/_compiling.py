"""From the user's builder to a compiled network that fits the data."""

from typing import Any

import keras
import numpy as np
import scipy.sparse as sp

from skensemble._validation import Described, must_be
from skensemble.networks._copying import prediction_mode, recompile_arguments
from skensemble.networks._losses import loss_name, losses_differ, only, takes_logits, takes_one_hot
from skensemble.networks._optimizer import stepping_optimizers
from skensemble.networks._scikeras import compile_arguments
from skensemble.tasks import OutputLayer

N_PROBE_ROWS = 32


def prepare_network(model, X, task, request) -> tuple[OutputLayer, int | None]:
    """Compile ``model`` if need be, and check that it does the task on rows like those of X."""
    outputs = outputs_of(model, X)
    n_units = task.check_width(outputs.shape)
    steppers = stepping_optimizers(getattr(model, "optimizer", None))
    if not model.compiled:
        arguments = compile_arguments(request)
        if arguments.get("loss") is None:
            arguments["loss"] = task.default_loss(n_units)
        model.compile(**arguments)
    elif any(stepper is not None and int(stepper.iterations) > 0 for stepper in steppers):
        # Loaded, say, from a file: the schedule counts from the first iteration of this training.
        model.compile(**recompile_arguments(model))
    if getattr(model, "loss", None) is None or getattr(model, "optimizer", None) is None:
        must = "compiled with an optimizer and a loss"
        got = Described(f"optimizer={model.optimizer!r}, loss={getattr(model, 'loss', None)!r}")
        fix = "pass both to compile, or return the model without compiling it"
        raise ValueError(must_be("the compiled model", must, got, fix))
    loss = only(model.loss)
    output_layer = task.output_layer(n_units, takes_logits(loss))
    check_outputs(output_layer, outputs)
    wants_rows = n_units > 1 and takes_one_hot(loss, n_units)
    return output_layer, task.target_width(n_units, wants_rows)


def dense_rows(X: Any) -> np.ndarray:
    """Return rows as a dense array, floats as Keras's default float type."""
    rows = X.toarray() if sp.issparse(X) else np.asarray(X)
    if rows.dtype.kind == "f":
        rows = rows.astype(keras.config.floatx(), copy=False)
    return rows


def outputs_of(model, X) -> np.ndarray:
    """Run the first rows of X through the network, as for prediction; float32 of shape (n, ...)."""
    rows = dense_rows(X[:N_PROBE_ROWS])
    try:
        outputs = model(rows, **prediction_mode(model))
    except Exception as error:
        error.add_note(
            f"raised when the first rows of X, of shape {rows.shape} and dtype {rows.dtype}, were "
            "run through the network that the model builder returned"
        )
        raise
    if isinstance(outputs, list | tuple | dict):
        got = Described(f"{len(outputs)} outputs")
        raise ValueError(must_be("the network", "of one output", got, "return one of them"))
    return keras.ops.convert_to_numpy(keras.ops.cast(outputs, "float32"))


def check_outputs(output_layer: OutputLayer, outputs) -> None:
    finite = outputs[np.isfinite(outputs).all(axis=1)]
    if len(finite):
        output_layer.check(finite)


def check_compiled_as_asked(model, loss, optimizer, routed) -> None:
    """Raise if the builder compiled with another loss or optimizer than the estimator asks for."""
    own_kwargs = "with the compile_kwargs that a builder gets"
    if routed:
        must = "left out where the builder compiles the model by itself"
        got = Described("a builder without the argument compile_kwargs")
        fix = f"compile {own_kwargs}, or return the model without compiling it"
        raise ValueError(must_be(routed[0], must, got, fix))
    compiled = only(model.loss)
    inner = getattr(model.optimizer, "inner_optimizer", model.optimizer)
    if loss is not None and losses_differ(only(loss), compiled):
        name, given, found = "loss", loss, loss_name(compiled)
    elif optimizer is not None and _optimizers_differ(optimizer, inner):
        name, given, found = "optimizer", optimizer, type(inner).__name__
    else:
        return
    must = f"the one that the model was compiled with, {found}"
    fix = f"leave {name} out, or compile the model {own_kwargs}"
    raise ValueError(must_be(name, must, given, fix))


def _optimizers_differ(given, compiled) -> bool:
    if isinstance(given, type):
        return given is not type(compiled)
    found = keras.optimizers.get(given)
    found = getattr(found, "inner_optimizer", found)
    if type(found) is not type(compiled):
        return True
    ignored = {"name": None, "learning_rate": None}
    configs = ({**optimizer.get_config(), **ignored} for optimizer in (found, compiled))
    return isinstance(given, keras.optimizers.Optimizer) and len(set(map(repr, configs))) > 1
