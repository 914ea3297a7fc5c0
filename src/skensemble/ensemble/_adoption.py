"""A fitted ensemble from existing snapshots."""

from dataclasses import replace
from numbers import Integral
from typing import Any

import keras
import numpy as np
from sklearn.exceptions import ConvergenceWarning

from skensemble import networks
from skensemble._validation import Described, must_be
from skensemble._warnings import warn
from skensemble.backends import seeded
from skensemble.callbacks import load_snapshots
from skensemble.ensemble._cycles import Stopwatch
from skensemble.ensemble._fitted import Fitted, LiveNetwork, Seeds, Trained, draw_seeds
from skensemble.ensemble._parameters import check_parameters
from skensemble.ensemble._reading import Holdout, check_can_weigh, read_training_rows, unfitted_twin
from skensemble.ensemble._weighing import learns_weights, snapshots_at_chance, weigh_on_holdout
from skensemble.snapshots import SnapshotBank


def adopt_snapshots(estimator, snapshots, rows, classes, input_shape, params) -> Fitted:
    _check_rows_or_classes(rows, classes, input_shape, estimator.weighting)
    unknown = {"M": 1, "n_last": None, "weighting": "uniform"}  # checked with the snapshots
    check_parameters({**estimator.get_params(deep=False), **unknown})
    estimator._check_own_parameters()
    seeds = draw_seeds(estimator.random_state)
    X, y, sample_weight = rows.values()
    if classes is not None:
        X, y = _blank_rows(estimator, seeds, classes, input_shape)
    read = read_training_rows(unfitted_twin(estimator), X, y, sample_weight)
    schema, task = read.schema, read.schema.task
    with seeded(seeds.network):
        request = estimator._network_request(schema)
        model = networks.build_network(request)
        task.check_names_all(networks.outputs_of(model, read.X).shape[-1], classes is None)
        output_layer, _ = networks.prepare_network(model, read.X, task, request)
    bank = snapshots if isinstance(snapshots, SnapshotBank) else load_snapshots(model, snapshots)
    if params.get("M") not in (None, len(bank)):
        must = f"the number of snapshots, {len(bank)}"
        raise ValueError(must_be("M", must, params["M"], "leave it out"))
    estimator.M = len(bank)
    check_parameters(estimator.get_params(deep=False))
    networks.check_fits(bank, model)
    bank = _cast(bank, [variable.dtype for variable in model.weights])
    networks.set_weights(model, bank[-1].weights)
    # A layer whose weights start at 0 may look like a softmax as long as it has them.
    networks.check_outputs(output_layer, networks.outputs_of(model, read.X))
    holdout, seen = None, np.arange(task.n_classes)
    if classes is None:
        holdout = Holdout(read.X, read.y, read.sample_weight)
        names = {"name": "y_val", "parameter": "weighting"}
        check_can_weigh(task, estimator.weighting, holdout, seen, **names)
    watch, network = Stopwatch(), LiveNetwork(output_layer, model)
    weighed = weigh_on_holdout(estimator, network, bank, holdout, task, watch)
    at_chance = snapshots_at_chance(bank, weighed.predictions, task)
    if at_chance:
        warn(
            f"Snapshots {at_chance} are at chance level on X_val. Are they of this network, is "
            "X_val prepared as it was in training, and are the labels in the order of the "
            "network's columns?",
            ConvergenceWarning,
        )
    return Fitted(
        schema=schema,
        trained=Trained(network, n_iterations_adopted=bank[-1].iteration),
        weighed=weighed,
        seeds=seeds,
        class_weights=read.class_weights,
        seen=seen,
        timings=watch.seconds,
    )


def _check_rows_or_classes(rows, classes, input_shape, method) -> None:
    if classes is None:
        if input_shape is not None:
            fix = "X_val tells the shape of a row"
            must = "None where classes is not given"
            raise TypeError(must_be("input_shape", must, input_shape, fix))
        for name in ("X_val", "y_val"):
            if rows[name] is None:
                fix = "bring rows that trained no snapshot, or pass classes and no rows"
                raise TypeError(must_be(name, "given where classes is not", None, fix))
        return
    for name, value in rows.items():
        if value is not None:
            fix = "leave out the one or the other"
            raise TypeError(must_be(name, "None where classes is given", Described("rows"), fix))
    sizes = () if input_shape is None else input_shape
    if not np.iterable(sizes) or not all(isinstance(size, Integral) for size in sizes):
        fix = "(32, 32, 3) is the shape of small images"
        raise TypeError(must_be("input_shape", "a sequence of integers", input_shape, fix))
    if learns_weights(method):
        fix = "X_val and y_val in place of classes bring such rows"
        must = "'uniform' or an array where there are no rows to learn on"
        raise ValueError(must_be("weighting", must, method, fix))


def _blank_rows(estimator, seeds: Seeds, classes, input_shape) -> tuple[Any, np.ndarray]:
    """Make up a row of each class, to learn from it the shape of X, and the labels."""
    classes = np.asarray(classes)
    if len(np.atleast_1d(classes)) < 2 or not np.array_equal(np.unique(classes), classes):
        fix = "the network's columns are the labels in increasing order"
        must = "two labels or more, all different, in increasing order"
        raise ValueError(must_be("classes", must, classes.tolist(), fix))
    dtype = keras.config.floatx()
    if input_shape is None:
        try:
            with seeded(seeds.network):
                model = networks.build_network(estimator._network_request(None))
        except (AttributeError, KeyError) as error:  # the builder reads the shape from meta
            must = "given where the network takes it from the data"
            fix = "pass the shape of one row, as in (32, 32, 3)"
            raise TypeError(must_be("input_shape", must, None, fix)) from error
        shape = getattr(model, "input_shape", None) if model.built else None
        if not isinstance(shape, tuple) or None in shape[1:]:
            fix = "give it a keras.Input with a shape, or pass input_shape"
            got = Described(f"one with input shape {shape}")
            raise ValueError(must_be("model", "of a known input shape", got, fix))
        input_shape, dtype = shape[1:], model.inputs[0].dtype
    rows = np.zeros((len(classes), *input_shape), keras.backend.standardize_dtype(dtype))
    return rows, classes


def _cast(bank: SnapshotBank, dtypes) -> SnapshotBank:
    """Give weights that were computed, in float64 say, the types of the network's variables."""
    if all(array.dtype == dtype for array, dtype in zip(bank[0].weights, dtypes, strict=True)):
        return bank
    cast = []
    for snapshot in bank:
        weights = [w.astype(dtype) for w, dtype in zip(snapshot.weights, dtypes, strict=True)]
        cast.append(replace(snapshot, weights=weights))
    return SnapshotBank(cast, bank.paths)
