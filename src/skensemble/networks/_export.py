"""The weighted ensemble as one Keras model."""

import keras
import numpy as np

from skensemble._validation import Described, must_be
from skensemble.backends import seeded
from skensemble.networks._copying import (
    architecture_of,
    copy_model,
    model_from,
    prediction_mode,
    set_weights,
)


def ensemble_model(model, output_layer, bank, weights) -> keras.Model:
    """Build one model that computes the weighted mean of the members of a bank.

    It is made of copies of the network and of what Keras brings along, so that a file of it can be
    used where skensemble is not installed.
    """
    weights = np.asarray(weights, dtype=np.float64)
    used = np.flatnonzero(weights)
    if not len(used):
        raise ValueError("There is no member to combine.")
    shares = (weights[used] / weights.sum()).tolist()
    with seeded(0):
        members = []
        for copy, position in zip(_copies(model, len(used)), used, strict=True):
            copy.name = f"snapshot_{position + 1}"
            set_weights(copy, bank[position].weights)
            _make_constant(copy)
            members.append(copy)
        if getattr(model, "inputs", None):
            shape, dtype = model.inputs[0].shape, model.inputs[0].dtype
        else:
            shape, dtype = model.get_build_config()["input_shape"], keras.config.floatx()
        rows = keras.Input(shape[1:], dtype=dtype, name="rows")
        outputs = [member(rows, **prediction_mode(member)) for member in members]
        to_probabilities = _to_probabilities(output_layer, members[0], outputs[0])
        probas = [to_probabilities(output) for output in outputs]
        ensemble = keras.Model(rows, _weighted_mean(probas, shares, used), name="snapshot_ensemble")
        ensemble(rows)  # Keras writes no ONNX of a model that was never called
        return ensemble


def _copies(model, n: int) -> list:
    """Copy a network n times, with weights of no meaning; not compiled where that can be."""
    bare = _bare(model)
    architecture = architecture_of(bare)
    if architecture is not None:
        return [model_from(architecture) for _ in range(n)]
    try:
        return [copy_model(bare) for _ in range(n)]
    except Exception as error:
        must = "a network that Keras can build again from its configuration"
        got = Described(f"one of class {type(model).__name__}, of which a copy differs")
        fix = "give the class a get_config with all that its constructor needs"
        raise ValueError(must_be("model", must, got, fix)) from error


def _bare(model):
    """Return the network without its training: what leads from inputs to outputs, not compiled."""
    from keras.src.models import Functional

    calls = {Functional.call, keras.Sequential.call}
    if type(model).call not in calls or not model.inputs:
        return model
    bare = keras.Model(model.inputs[0], model.outputs[0], name=model.name)
    same = [id(v) for v in bare.weights] == [id(v) for v in model.weights]
    return bare if same else model


def _make_constant(model) -> None:
    """Make arrays of the tensors of Normalization: tf2onnx takes captured tensors for inputs."""
    for layer in model._flatten_layers():
        if isinstance(layer, keras.layers.Normalization) and layer.mean is not None:
            layer.mean = keras.ops.convert_to_numpy(layer.mean)
            layer.variance = keras.ops.convert_to_numpy(layer.variance)


def _to_probabilities(output_layer, member, outputs):
    """Return a function, for all members, from their outputs to class probabilities (n, k)."""
    dtype = "float64" if outputs.dtype == "float64" else "float32"
    one_unit, from_logits = output_layer.n_units == 1, output_layer.from_logits
    if not one_unit and not from_logits and _ends_in_softmax(member):
        return lambda probabilities: probabilities
    start = proba = keras.Input(outputs.shape[1:], dtype=outputs.dtype, name="outputs")
    last = "sigmoid" if one_unit else "softmax"
    activation = last if from_logits else "linear"
    proba = keras.layers.Activation(activation, dtype=dtype, name=activation)(proba)
    if one_unit:
        negative = keras.layers.Rescaling(-1.0, offset=1.0, dtype=dtype, name="first_class")
        proba = keras.layers.Concatenate(dtype=dtype, name="classes")([negative(proba), proba])
    elif not from_logits:
        proba = proba / keras.ops.sum(proba, axis=-1, keepdims=True)
    return keras.Model(start, proba, name="to_probabilities")


def _weighted_mean(probas, shares, used):
    dtype = probas[0].dtype
    if len(probas) > 1:
        probas = [
            keras.layers.Rescaling(share, dtype=dtype, name=f"weight_{position + 1}")(proba)
            for proba, share, position in zip(probas, shares, used, strict=True)
        ]
        probas = [keras.layers.Add(dtype=dtype, name="weighted_mean")(probas)]
    # What sums to 1 may exceed it by a rounding error.
    return keras.layers.ReLU(max_value=1.0, dtype=dtype, name="probabilities")(probas[0])


def _ends_in_softmax(model) -> bool:
    """Whether it is plain to see that rows of the output sum to 1, to the precision of float32."""
    if not getattr(model, "outputs", None) or model.outputs[0].dtype not in ("float32", "float64"):
        return False
    last = model.outputs[0]._keras_history.operation
    activation = getattr(last, "activation", None)
    return isinstance(last, keras.layers.Softmax) or activation is keras.activations.softmax
