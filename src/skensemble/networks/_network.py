"""From the user's builder to a compiled network that fits the data."""

from __future__ import annotations

import warnings
from dataclasses import dataclass

import keras
import numpy as np

from skensemble._validation import Described, must_be
from skensemble.exceptions import LearningRateWarning
from skensemble.networks import dense_rows, has_stepped, learning_rate_note, prediction_mode
from skensemble.networks._copying import compile_arguments as compile_arguments_of
from skensemble.networks._losses import (
    default_loss,
    loss_name,
    losses_differ,
    only,
    takes_logits,
    takes_one_hot,
)
from skensemble.tasks import OutputLayer

N_PROBE_ROWS = 32


@dataclass(frozen=True)
class Network:
    """A compiled model, and what its outputs and its loss mean."""

    model: keras.Model
    output_layer: OutputLayer
    one_hot: bool


def prepare_network(model, X, n_classes, *, compile_arguments) -> Network:
    """Compile ``model`` if need be, and check that it classifies rows like those of X.

    Parameters
    ----------
    model : keras.Model
        Fresh from its builder; compiled and built in place.
    X : ndarray or CSR matrix
        Training rows, of which the first few are run through the network.
    n_classes : int
        Number of classes.
    compile_arguments : callable
        Returns the arguments of ``compile`` for a model that is not compiled.

    Raises
    ------
    ValueError
        If the output has another width, is not made of probabilities, or there is no loss.
    """
    outputs = outputs_of(model, X)
    n_units = _check_width(outputs, n_classes)
    if not model.compiled:
        arguments = compile_arguments()
        if arguments.get("loss") is None:
            arguments["loss"] = default_loss(n_units)
        model.compile(**arguments)
    elif getattr(model, "optimizer", None) is not None and has_stepped(model.optimizer):
        # Loaded, say, from a file: the schedule counts from the first iteration of this training.
        model.compile(**compile_arguments_of(model))
    if getattr(model, "loss", None) is None or getattr(model, "optimizer", None) is None:
        raise ValueError(
            must_be(
                "the compiled model",
                "compiled with an optimizer and a loss",
                Described(f"optimizer={model.optimizer!r}, loss={getattr(model, 'loss', None)!r}"),
                "pass both to compile, or return the model without compiling it",
            )
        )
    loss = only(model.loss)
    output_layer = OutputLayer(n_classes, n_units, takes_logits(loss))
    check_probabilities(output_layer, outputs)
    one_hot = n_units > 1 and takes_one_hot(loss, n_units)
    return Network(model, output_layer, one_hot)


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


def _check_width(outputs, n_classes: int) -> int:
    allowed = (1, 2) if n_classes == 2 else (n_classes,)
    if outputs.ndim != 2 or outputs.shape[1] not in allowed:
        either = "(n, 2), or (n, 1) with a sigmoid," if n_classes == 2 else f"(n, {n_classes})"
        raise ValueError(
            must_be(
                "the output of the network",
                f"of shape {either} for the {n_classes} classes in y",
                Described(f"shape (n{''.join(f', {size}' for size in outputs.shape[1:])})"),
                "end the network in one unit per class; a builder with an argument meta finds "
                "their number in meta['n_classes_']",
            )
        )
    return outputs.shape[1]


def check_probabilities(output_layer: OutputLayer, outputs) -> None:
    """Raise unless outputs that should be probabilities are (NaN is another matter)."""
    finite = np.isfinite(outputs).all(axis=1)
    if output_layer.from_logits or not finite.any():
        return
    if not output_layer.are_probabilities(outputs[finite]):
        last = "sigmoid" if output_layer.n_units == 1 else "softmax"
        raise ValueError(
            must_be(
                "the output of the network",
                "probabilities: in [0, 1]" + (", rows that sum to 1" if last == "softmax" else ""),
                Described(f"a row {np.round(outputs[finite][0], 3).tolist()}"),
                f"end the network in a {last}, or use a loss with from_logits=True",
            )
        )


def check_compiled_as_asked(model, loss, optimizer, routed) -> None:
    """Raise if the builder compiled with another loss or optimizer than the estimator asks for.

    Parameters
    ----------
    model : keras.Model
        As the builder compiled it.
    loss, optimizer
        The estimator's parameters.
    routed : list of str
        Parameters of the loss and the optimizer that the builder never saw.
    """
    if routed:
        raise ValueError(
            must_be(
                routed[0],
                "left out where the builder compiles the model by itself",
                Described("a builder without the argument compile_kwargs"),
                "compile with the compile_kwargs that a builder gets, or return the model without "
                "compiling it",
            )
        )
    compiled = only(model.loss)
    if loss is not None and losses_differ(only(loss), compiled):
        raise ValueError(
            must_be(
                "loss",
                f"the one that the model was compiled with, {loss_name(compiled)}",
                loss,
                "leave loss out, or compile the model with the compile_kwargs that a builder gets",
            )
        )
    inner = getattr(model.optimizer, "inner_optimizer", model.optimizer)
    if optimizer is not None and optimizers_differ(optimizer, inner):
        raise ValueError(
            must_be(
                "optimizer",
                f"the one that the model was compiled with, {type(inner).__name__}",
                optimizer,
                "leave optimizer out, or compile the model with the compile_kwargs that a builder "
                "gets",
            )
        )


def optimizers_differ(given, compiled) -> bool:
    """Whether an optimizer given by name, class or instance is another than the compiled one."""
    if isinstance(given, type):
        return given is not type(compiled)
    found = keras.optimizers.get(given)
    found = getattr(found, "inner_optimizer", found)
    if type(found) is not type(compiled):
        return True
    of_no_account = {"name": None, "learning_rate": None}
    configs = ({**optimizer.get_config(), **of_no_account} for optimizer in (found, compiled))
    return isinstance(given, keras.optimizers.Optimizer) and len(set(map(repr, configs))) > 1


def warn_about_learning_rate(optimizer, alpha_zero: float) -> None:
    """Say that ``alpha_zero`` replaces another learning rate."""
    note = learning_rate_note(optimizer, alpha_zero)
    if note:
        warnings.warn(note, LearningRateWarning, stacklevel=6)
