"""Training the cycles of one fit."""

import contextlib
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from sklearn.exceptions import ConvergenceWarning

from skensemble._warnings import warn
from skensemble.backends import seeded
from skensemble.ensemble._augmentation_trial import fresh_augmentation
from skensemble.ensemble._fitted import Phase, Seeds, Trained
from skensemble.ensemble._live_network import LiveNetwork
from skensemble.exceptions import SnapshotTrainingError
from skensemble.networks import (
    N_PROBE_ROWS,
    NetworkRequest,
    build_network,
    check_compiled_as_asked,
    check_cycle_lengths,
    check_fits,
    check_outputs,
    compile_arguments,
    note_trained,
    outputs_of,
    prepare_network,
    set_weights,
    unseen_by_builder,
    warn_if_rate_is_replaced,
)
from skensemble.snapshots import SnapshotBank
from skensemble.training import ProgressDisplay, TrainingData, TrainingRequest, train


class Stopwatch:
    """Seconds spent in each named stage.

    Examples
    --------
    >>> watch = Stopwatch()
    >>> with watch("train"):
    ...     pass
    >>> list(watch.seconds)
    ['train']
    """

    def __init__(self) -> None:
        self.seconds: dict[str, float] = {}

    @contextlib.contextmanager
    def __call__(self, stage: str) -> Iterator[None]:
        """Add the time until exit to ``stage``."""
        start = time.perf_counter()
        try:
            yield
        finally:
            spent = time.perf_counter() - start
            self.seconds[stage] = self.seconds.get(stage, 0.0) + spent


@dataclass(frozen=True, eq=False)
class Plan:
    """What every training run of one ``fit`` has in common."""

    params: Mapping[str, Any]  # the estimator's parameters
    # What ``Model.fit`` is told: epochs, batch size and so on, for this call.
    settings: Mapping[str, Any]
    callbacks: list  # the user's
    seeds: Seeds  # what is drawn at random
    request: NetworkRequest  # what the network is built from
    task: Any  # what the network is for
    # Takes the number of iterations, M, and the offset; returns the learning-rate schedule.
    make_schedule: Callable[..., Any]
    # Takes a new network, the data, this plan and the watch; trains the network before the first
    # cycle, and returns the history of that.
    warm_up: Callable[..., dict[str, list[float]]]
    monitored: np.ndarray | None = None  # rows that only ``val_loss`` is computed on
    again: bool = False  # whether this is the second training, of ``refit``: no warning is repeated


def training_data(X, y, rows, sample_weight, plan: Plan) -> TrainingData:
    """Put together what an engine trains on; parameters are those of `TrainingData`."""
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


def train_cycles(
    plan: Plan, data: TrainingData, earlier: Trained | None, watch: Stopwatch
) -> Trained:
    """Train a network along its cycles, or go on from the last snapshot of an earlier fit."""
    n_done = 0 if earlier is None else earlier.n_epochs
    schedule = plan.make_schedule(
        (plan.settings["epochs"] - n_done) * data.steps_per_epoch,
        plan.params["M"] - (0 if earlier is None else len(earlier.bank)),
        offset=(earlier and earlier.network.n_steps) or 0,
    )
    probe = data.X[data.rows[:N_PROBE_ROWS]]
    with watch("build"):
        with seeded((plan.seeds.augmentation + n_done) % 2**32):
            augmentation = fresh_augmentation(
                plan.params["augmentation"], probe, run_eagerly=plan.params["run_eagerly"]
            )
        if earlier is None or earlier.network.n_steps is None:
            started = _new_network(plan, probe, earlier)
        else:
            started = earlier
        model, output_layer = started.network.live_model, started.network.output_layer
        check_cycle_lengths(model.optimizer, schedule)
    if earlier is None:
        encoded = replace(data, one_hot_width=started.target_width)
        started = replace(started, warmup_history=plan.warm_up(model, encoded, plan, watch))
    with watch("train"):
        run = _run_engine(plan, model, data, schedule, started, augmentation)
    if plan.again and run.interrupted:
        raise KeyboardInterrupt
    bank = _bank_of(run, model, schedule, started)
    history = {
        name: [*started.history.get(name, []), *values] for name, values in run.history.items()
    }
    _warn_if_not_finite(bank, history)
    # A layer whose weights start at 0 may look like a softmax until it is trained.
    check_outputs(output_layer, outputs_of(model, probe))
    n_steps = (started.network.n_steps or 0) + run.n_iterations
    return replace(
        started,
        network=LiveNetwork(output_layer, model, n_steps),
        bank=bank,
        phases=(*started.phases, Phase(schedule, run.n_iterations, run.n_epochs)),
        history=history,
        engine=run.engine,
        engine_details={
            "reason": run.reason,
            "xla": run.xla.use,
            "xla_reason": run.xla.reason,
        },
        interrupted=run.interrupted,
    )


def _new_network(plan: Plan, probe, earlier: Trained | None) -> Trained:
    """Build, check and compile a network; it goes on from the last snapshot, if there is one."""
    with seeded(plan.seeds.network):
        model = build_network(plan.request)
        compiled_by_builder = model.compiled
        output_layer, target_width = prepare_network(
            model, probe, plan.task, compile_arguments=lambda: compile_arguments(plan.request)
        )
    if compiled_by_builder:
        params = plan.params
        unseen = unseen_by_builder(plan.request)
        check_compiled_as_asked(model, params["loss"], params["optimizer"], unseen)
    if not plan.again:
        warn_if_rate_is_replaced(model.optimizer, plan.params["alpha_zero"])
    note_trained(model)
    network = LiveNetwork(output_layer, model, n_steps=0)
    if earlier is None:
        return Trained(network, bank=None, target_width=target_width)
    check_fits(earlier.bank, model)
    set_weights(model, earlier.bank[-1].weights)
    return replace(earlier, network=network, target_width=target_width)


def _run_engine(plan: Plan, model, data: TrainingData, schedule, started: Trained, augmentation):
    settings, verbose = plan.settings, plan.settings["verbose"]
    data = replace(data, one_hot_width=started.target_width)
    validation, options = None, {}
    if plan.monitored is not None:
        batch_size = settings["validation_batch_size"] or data.batch_size
        batch_size = len(plan.monitored) if batch_size == -1 else batch_size
        validation = replace(data, rows=plan.monitored, shuffle=False, batch_size=batch_size)
        options = {"validation_freq": settings.get("validation_freq", 1)}
    request = TrainingRequest(
        n_epochs=settings["epochs"] - started.n_epochs,
        first_epoch=started.n_epochs,
        first_iteration=started.n_iterations,
        first_cycle=0 if started.bank is None else len(started.bank),
        callbacks=plan.callbacks,
        keras_verbose=2 if verbose == 2 else 0,
        validation=validation,
        validation_options=options,
        augmentation=augmentation,
    )
    with contextlib.ExitStack() as stack:
        if verbose == 1:
            progress = ProgressDisplay(
                schedule.simulate(),
                schedule.cycle_ends,
                steps_per_epoch=data.steps_per_epoch,
                first_epoch=request.first_epoch,
                first_cycle=request.first_cycle,
            )
            stack.callback(progress.close)
            request = replace(request, callbacks=[progress, *request.callbacks])
        stack.enter_context(seeded(plan.seeds.training + request.first_epoch))
        return train(plan.params["engine"], model, data, schedule, request)


def _bank_of(run, model, schedule, started: Trained) -> SnapshotBank:
    """Put the new snapshots behind those of earlier fits."""
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
    return bank if started.bank is None else started.bank + bank


def _warn_if_not_finite(bank: SnapshotBank, history: Mapping[str, list[float]]) -> None:
    broken = [snapshot.cycle for snapshot in bank if not snapshot.is_finite]
    if broken and np.isfinite(history.get("loss", [])).all():
        warn(
            f"The weights of the network are not finite after cycles {broken}, although the "
            "loss is: these snapshots get weight 0. Choose a smaller alpha_zero.",
            ConvergenceWarning,
        )


@contextlib.contextmanager
def network_kept_on_error(earlier: Trained | None) -> Iterator[None]:
    """If going on fails, give the network of an earlier fit its weights and optimizer back."""
    model = None if earlier is None else earlier.network.live_model
    variables = []
    if model is not None:
        variables = [*model.variables, *(model.optimizer.variables if model.compiled else ())]
    values = [variable.numpy() for variable in variables]
    try:
        yield
    except BaseException:
        for variable, value in zip(variables, values, strict=True):
            variable.assign(value)
        raise
