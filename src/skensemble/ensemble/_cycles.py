"""Training the cycles of one fit: once, on from an earlier fit, and again on all rows."""

import contextlib
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import scipy.sparse as sp
from sklearn.exceptions import ConvergenceWarning

from skensemble import networks
from skensemble._validation import Described, must_be
from skensemble._warnings import warn
from skensemble.backends import seeded
from skensemble.ensemble._fitted import Fitted, LiveNetwork, Phase, Seeds, Trained
from skensemble.ensemble._parameters import fresh_augmentation
from skensemble.ensemble._reading import Holdout, Schema
from skensemble.ensemble._weighing import Weighed, transfer_weights
from skensemble.exceptions import SnapshotTrainingError
from skensemble.snapshots import SnapshotBank
from skensemble.training import ProgressDisplay, TrainingData, TrainingRequest, train


class Stopwatch:
    def __init__(self) -> None:
        self.seconds: dict[str, float] = {}

    @contextlib.contextmanager
    def __call__(self, stage: str) -> Iterator[None]:
        start = time.perf_counter()
        yield
        self.seconds[stage] = self.seconds.get(stage, 0.0) + time.perf_counter() - start


@dataclass(frozen=True, eq=False)
class Plan:
    estimator: Any
    settings: Mapping[str, Any]  # its parameters, as they are in this call
    callbacks: list  # the user's
    seeds: Seeds  # what is drawn at random
    schema: Schema  # the form of X and y
    monitored: np.ndarray | None  # rows that only ``val_loss`` is computed on
    again: bool = False  # whether this is the second training, of ``refit``: no warning is repeated


def training_data(plan: Plan, X, y, rows, sample_weight) -> TrainingData:
    batch_size = plan.settings["batch_size"] or 32
    return TrainingData(
        X,
        y,
        rows,
        batch_size=len(rows) if batch_size == -1 else batch_size,
        sample_weight=sample_weight,
        shuffle=plan.settings["shuffle"],
        seed=plan.seeds.rows,
    )


def has_cycles_to_add(earlier: Fitted, M: int, epochs: int) -> bool:
    """Tell whether there are cycles to add to those of an earlier fit; if not, warn."""
    done, epochs_done = len(earlier.weighed.snapshots), earlier.trained.n_epochs
    if done == M:
        warn(
            f"With warm_start=True and M={M}, as before, there is no cycle to add: the "
            "ensemble stays as it is. Raise M and epochs to add cycles."
        )
        return False
    if earlier.is_refit:
        what, must = "the ensemble", "one without refit, to go on from it"
        got: Any = Described("one that refit=True has trained on the holdout too")
    elif not earlier.weighed.snapshots[-1].is_finite:
        what, must = "the last snapshot", "finite, to go on from it"
        got = Described("weights that are not finite")
    elif done > M:
        what, must, got = "M", f"at least the {done} cycles trained so far", M
    elif epochs <= epochs_done:
        what, must, got = "epochs", f"more than the {epochs_done} epochs trained so far", epochs
    else:
        return True
    fix = "raise M and epochs to add cycles, or set warm_start=False to start again"
    raise ValueError(must_be(what, must, got, fix))


def train_cycles(plan: Plan, data: TrainingData, earlier: Trained, watch: Stopwatch) -> Trained:
    estimator, started = plan.estimator, earlier
    schedule = estimator._make_schedule(
        (plan.settings["epochs"] - earlier.n_epochs) * data.steps_per_epoch,
        estimator.M - len(earlier.bank),
        offset=earlier.network.n_steps or 0,
    )
    probe = data.X[data.rows[: networks.N_PROBE_ROWS]]
    with watch("build"):
        with seeded((plan.seeds.augmentation + earlier.n_epochs) % 2**32):
            augmentation = fresh_augmentation(estimator.augmentation, probe, estimator.run_eagerly)
        if earlier.network.n_steps is None:
            started = _new_network(plan, probe, earlier)
        model, output_layer = started.network.live_model, started.network.output_layer
        networks.check_cycle_lengths(model.optimizer, schedule)
    data = replace(data, one_hot_width=started.target_width)
    if not earlier.bank:
        started = replace(started, warmup_history=estimator._warm_up(model, data, plan, watch))
    with watch("train"):
        run = _run_engine(plan, model, data, schedule, started, augmentation)
    if plan.again and run.interrupted:
        raise KeyboardInterrupt
    bank = _bank_of(run, model, schedule, started)
    before = started.history
    history = {name: [*before.get(name, []), *values] for name, values in run.history.items()}
    _warn_if_not_finite(bank, history)
    # A layer whose weights start at 0 may look like a softmax until it is trained.
    networks.check_outputs(output_layer, networks.outputs_of(model, probe))
    n_steps = (started.network.n_steps or 0) + run.n_iterations
    return replace(
        started,
        network=LiveNetwork(output_layer, model, n_steps),
        bank=bank,
        phases=(*started.phases, Phase(schedule, run.n_iterations, run.n_epochs)),
        history=history,
        engine=run.engine,
        engine_details={"reason": run.reason, "xla": run.xla.use, "xla_reason": run.xla.reason},
        interrupted=run.interrupted,
    )


def _new_network(plan: Plan, probe, earlier: Trained) -> Trained:
    estimator, task = plan.estimator, plan.schema.task
    request = estimator._network_request(plan.schema)
    with seeded(plan.seeds.network):
        model = networks.build_network(request)
        compiled_by_builder = model.compiled
        output_layer, target_width = networks.prepare_network(model, probe, task, request)
    if compiled_by_builder:
        unseen = networks.unseen_by_builder(request)
        networks.check_compiled_as_asked(model, estimator.loss, estimator.optimizer, unseen)
    if not plan.again:
        networks.warn_if_rate_is_replaced(model.optimizer, estimator.alpha_zero)
    networks.note_trained(model)
    if earlier.bank:
        networks.check_fits(earlier.bank, model)
        networks.set_weights(model, earlier.bank[-1].weights)
    network = LiveNetwork(output_layer, model, n_steps=0)
    return replace(earlier, network=network, target_width=target_width)


def _run_engine(plan: Plan, model, data: TrainingData, schedule, started: Trained, augmentation):
    settings, validation = plan.settings, None
    if plan.monitored is not None:
        batch_size = settings["validation_batch_size"] or data.batch_size
        batch_size = len(plan.monitored) if batch_size == -1 else batch_size
        validation = replace(data, rows=plan.monitored, shuffle=False, batch_size=batch_size)
    request = TrainingRequest(
        n_epochs=settings["epochs"] - started.n_epochs,
        first_epoch=started.n_epochs,
        first_iteration=started.n_iterations,
        first_cycle=len(started.bank),
        callbacks=plan.callbacks,
        validation=validation,
        validation_options={"validation_freq": settings.get("validation_freq", 1)},
        augmentation=augmentation,
    )
    with seeded(plan.seeds.training + request.first_epoch):
        return train_with_display(
            plan.estimator.engine, model, data, schedule, request, settings["verbose"]
        )


def train_with_display(engine, model, data, schedule, request, verbose, display=ProgressDisplay):
    if verbose != 1:
        request = replace(request, keras_verbose=2 if verbose == 2 else 0)
        return train(engine, model, data, schedule, request)
    progress = display(
        schedule.simulate(),
        schedule.cycle_ends,
        steps_per_epoch=data.steps_per_epoch,
        first_epoch=request.first_epoch,
        first_cycle=request.first_cycle,
    )
    request = replace(request, callbacks=[progress, *request.callbacks])
    with contextlib.closing(progress):
        return train(engine, model, data, schedule, request)


def _bank_of(run, model, schedule, started: Trained) -> SnapshotBank:
    n_new = len(run.snapshots)
    if n_new == 0:
        raise SnapshotTrainingError(
            f"Training was stopped by a callback after {run.n_iterations} iterations, before "
            f"the end of the first cycle, at iteration {schedule.cycle_ends[0]}: there "
            "is no snapshot. Let it train for longer, or raise M to make the cycles shorter."
        )
    if n_new < schedule.M:
        how = "interrupted" if run.interrupted else "stopped by a callback"
        warn(
            f"Training was {how} after {n_new} of {schedule.M} cycles: the ensemble has the "
            "snapshots of these."
        )
    bank = SnapshotBank(run.snapshots, [variable.path for variable in model.weights])
    return started.bank + bank if started.bank else bank


def _warn_if_not_finite(bank: SnapshotBank, history: Mapping[str, list[float]]) -> None:
    broken = [snapshot.cycle for snapshot in bank if not snapshot.is_finite]
    if broken and np.isfinite(history.get("loss", [])).all():
        warn(
            f"The weights of the network are not finite after cycles {broken}, although the "
            "loss is: these snapshots get weight 0. Choose a smaller alpha_zero.",
            ConvergenceWarning,
        )


@contextlib.contextmanager
def network_kept_on_error(earlier: Trained) -> Iterator[None]:
    """If going on fails, give the network of an earlier fit its weights and optimizer back."""
    model, variables = earlier.network.live_model, []
    if model is not None:
        variables = [*model.variables, *(model.optimizer.variables if model.compiled else ())]
    values = [variable.numpy() for variable in variables]
    try:
        yield
    except BaseException:
        for variable, value in zip(variables, values, strict=True):
            variable.assign(value)
        raise


def train_again(plan: Plan, data: TrainingData, holdout: Holdout, mean_weight, weighed: Weighed):
    """Train the same cycles on all rows, weighed as in the first training; None if that fails."""
    n_cycles = len(weighed.snapshots)
    everything = training_data(plan, *_with_holdout(data, holdout, mean_weight))
    try:
        trained = train_cycles(replace(plan, again=True), everything, Trained(), Stopwatch())
        if len(trained.bank) > n_cycles:  # a callback had stopped the first training earlier
            trained = replace(trained, bank=trained.bank[:n_cycles])
            networks.set_weights(trained.network.live_model, trained.bank[-1].weights)
        weighting = transfer_weights(weighed.weighting, trained.bank)
    except SnapshotTrainingError as error:
        reason = str(error)
    except KeyboardInterrupt:
        reason = "Training was interrupted while it went over all rows."
    else:
        again = replace(weighed, snapshots=trained.bank, weighting=weighting)
        return trained, again, everything
    warn(f"{reason} The snapshots of the first training are kept.", ConvergenceWarning)
    return None


def _with_holdout(data: TrainingData, holdout: Holdout, mean_weight: float) -> tuple[Any, ...]:
    if holdout.rows is not None:
        return data.X, data.y, np.union1d(data.rows, holdout.rows), data.sample_weight
    if sp.issparse(data.X):
        X = sp.vstack([data.X, sp.csr_matrix(holdout.X)], format="csr")
    else:
        held_out = holdout.X.toarray() if sp.issparse(holdout.X) else holdout.X
        X = np.concatenate([data.X, held_out])
    y = np.concatenate([data.y, holdout.y])
    weight, rows = None, np.arange(len(data.y), len(y))
    if data.sample_weight is not None:
        of_holdout = np.ones(len(rows)) if holdout.sample_weight is None else holdout.sample_weight
        weight = np.concatenate([data.sample_weight, mean_weight * of_holdout])
        rows = rows[weight[rows] > 0]
    return X, y, np.concatenate([data.rows, rows]), weight
