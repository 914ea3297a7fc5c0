"""The stages of ``fit``."""

from __future__ import annotations

import contextlib
import warnings
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from sklearn.exceptions import ConvergenceWarning

from skensemble._validation import Described, must_be
from skensemble.backends import seeded
from skensemble.ensemble._augmentation import fresh_augmentation
from skensemble.ensemble._fitting import Stopwatch, draw_seed, fit_settings
from skensemble.ensemble._health import cycles_at_chance, warn_about_chance
from skensemble.ensemble._holdout import with_holdout
from skensemble.ensemble._inputs import check_holdout_arguments
from skensemble.ensemble._parameters import check_callbacks, check_parameters
from skensemble.ensemble._scikeras import TRAINED_MODELS
from skensemble.ensemble._weight_stages import WeightStages
from skensemble.ensemble._weights import transfer_weights
from skensemble.exceptions import SnapshotTrainingError
from skensemble.inference import BankPredictor
from skensemble.networks import check_cycle_lengths
from skensemble.networks._copying import check_fits, set_weights
from skensemble.networks._network import (
    N_PROBE_ROWS,
    check_compiled_as_asked,
    check_probabilities,
    outputs_of,
    prepare_network,
    warn_about_learning_rate,
)
from skensemble.schedules import CyclicCosineDecay
from skensemble.snapshots import SnapshotBank
from skensemble.training import Augmentation, ProgressDisplay, TrainingData, TrainingRequest, train

# What fit sets besides attributes that end in an underscore.
_FITTED = (
    "_architecture",
    "_class_weights",
    "_classes_seen",
    "_held_out_digest",
    "_is_refit",
    "_mean_weight",
    "_model",
    "_n_iterations_adopted",
    "_one_hot_targets",
    "_optimizer_steps",
    "_output_layer",
    "_phases",
    "_predictor",
    "_row_dtype",
    "_row_shape",
    "_seeds",
)


@dataclass(frozen=True)
class Phase:
    """What one call of ``fit`` trained: the schedule, and how much of it."""

    alpha_zero: float
    n_iterations: int
    M: int
    n_done: int
    n_epochs: int


@dataclass(frozen=True)
class Plan:
    """What every training run of one ``fit`` has in common.

    Parameters
    ----------
    settings : dict
        What ``Model.fit`` is to be told.
    callbacks : list of keras.callbacks.Callback
        The user's.
    monitored : ndarray or None
        Rows that only ``val_loss`` is computed on.
    again : bool, default=False
        Whether this is the second training, of ``refit``: what was said once is not said again.
    """

    settings: dict[str, Any]
    callbacks: list
    monitored: np.ndarray | None
    again: bool = False


class FitStages(WeightStages):
    """What ``fit`` does, in the order of the methods."""

    def _fit_all(self, X, y, sample_weight, X_val, y_val, fit_params):
        watch = Stopwatch()
        settings = fit_settings(self.get_params(deep=False), fit_params)
        check_parameters({**self.get_params(deep=False), **settings})
        check_holdout_arguments(X_val, y_val)
        callbacks = self._callback_list()
        earlier = self.__dict__.get("snapshots_") if self.warm_start else None
        if earlier is None:
            self._forget()
        elif not self._has_cycles_to_add(settings["epochs"]):
            return
        X, y, sample_weight = self._read_data(X, y, sample_weight)
        train, holdout = self._split(earlier, X, y, sample_weight, X_val, y_val)
        monitored = None
        if settings["validation_split"]:
            train, monitored = self._split_monitored(train, settings["validation_split"])
        plan = Plan(settings, callbacks, monitored)

        data = self._training_data(X, y, train, sample_weight, plan)
        bank, data = self._train_cycles(earlier, data, plan, watch)
        self._learn_weights(bank, holdout, self._combination(len(bank)), watch)
        self._is_refit = bool(self.refit) and holdout is not None
        if self._is_refit:
            with watch("refit"):
                data = self._train_again(data, holdout, plan)
        with watch("score"):
            chance = cycles_at_chance(
                self.snapshots_,
                0 if earlier is None else len(earlier),
                self._member_probas,
                data,
            )
        warn_about_chance(chance, self.alpha_zero)
        self.timings_ = watch.seconds

    def _training_data(self, X, y, rows, sample_weight, plan) -> TrainingData:
        batch_size = plan.settings["batch_size"] or 32
        return TrainingData(
            X,
            y,
            rows,
            batch_size=len(rows) if batch_size == -1 else batch_size,
            sample_weight=sample_weight,
            shuffle=plan.settings["shuffle"],
            seed=self._seeds[1],
        )

    def _train_cycles(self, earlier, data, plan, watch) -> tuple[SnapshotBank, TrainingData]:
        """Train from the last snapshot there is, if any; all snapshots, and the data as trained."""
        schedule = self._schedule(earlier, data, plan.settings["epochs"])
        with watch("build"):
            augmentation = self._fresh_augmentation(data)
            data = self._make_network(earlier, data, schedule, plan)
        if earlier is None:
            self._warm_up(data, plan, watch)
        with watch("train"):
            request = replace(self._request(earlier, data, plan), augmentation=augmentation)
            run = self._train(data, schedule, request, plan.settings["verbose"])
        bank = self._collect(earlier, run, schedule)
        self._warn_about_broken(bank)
        self._predictor = BankPredictor(self._model, self._output_layer, bank)
        # A layer whose weights start at 0 may look like a softmax until it is trained.
        check_probabilities(
            self._output_layer, outputs_of(self._model, data.X[data.rows[:N_PROBE_ROWS]])
        )
        return bank, data

    def _train_again(self, data, holdout, plan):
        """Train the same cycles on all rows; each new snapshot gets the weight of its cycle."""
        for name in ("_model", "_optimizer_steps", "_predictor", "history_"):
            delattr(self, name)
        self._phases = []
        n_cycles = len(self.snapshots_)
        data = self._training_data(*with_holdout(data, holdout), plan)
        bank, data = self._train_cycles(None, data, replace(plan, again=True), Stopwatch())
        if len(bank) > n_cycles:  # a callback had stopped the first training earlier
            bank = bank[:n_cycles]
            set_weights(self._model, bank[-1].weights)
            self._predictor = BankPredictor(self._model, self._output_layer, bank)
        self.weighting_ = transfer_weights(self.weighting_, bank)
        self.weights_ = self.weighting_.weights
        self.snapshots_ = bank
        return data

    def _forget(self):
        fitted = [name for name in vars(self) if name in _FITTED or name.endswith("_")]
        for name in fitted:
            delattr(self, name)
        self._seeds = np.random.SeedSequence(draw_seed(self.random_state)).generate_state(5)
        self._seeds = [int(seed) for seed in self._seeds]
        self._phases = []
        self._n_iterations_adopted = 0

    def _has_cycles_to_add(self, epochs: int) -> bool:
        M, done = len(self.snapshots_), self._n_epochs_done()
        fix = "raise M and epochs to add cycles, or set warm_start=False to start again"
        if self.M == M:
            warnings.warn(
                f"With warm_start=True and M={M}, as before, there is no cycle to add: the "
                "ensemble stays as it is. Raise M and epochs to add cycles.",
                stacklevel=4,
            )
            return False
        if self._is_refit:
            got = Described("one that refit=True has trained on the holdout too")
            raise ValueError(
                must_be("the ensemble", "one without refit, to go on from it", got, fix)
            )
        if not self.snapshots_[-1].is_finite:
            got = Described("weights that are not finite")
            raise ValueError(must_be("the last snapshot", "finite, to go on from it", got, fix))
        if self.M < M:
            raise ValueError(must_be("M", f"at least the {M} cycles trained so far", self.M, fix))
        if epochs <= done:
            must = f"more than the {done} epochs trained so far"
            raise ValueError(must_be("epochs", must, epochs, fix))
        return True

    def _n_epochs_done(self) -> int:
        return sum(phase.n_epochs for phase in self._phases)

    def _schedule(self, bank, data, epochs: int) -> CyclicCosineDecay:
        M_done = 0 if bank is None else len(bank)
        return CyclicCosineDecay(
            self.alpha_zero,
            n_iterations=(epochs - self._n_epochs_done()) * data.steps_per_epoch,
            M=self.M - M_done,
            offset=self.__dict__.get("_optimizer_steps", 0),
        )

    def _make_network(self, bank, data, schedule, plan):
        """Build, check and compile the network, unless training goes on with the one there is."""
        model = self.__dict__.get("_model")
        trained_here = model is not None and "_optimizer_steps" in vars(self)
        if bank is None or not trained_here:
            with seeded(self._seeds[0]):
                model = self._build_keras_model()
                compiled_by_builder = model.compiled
                network = prepare_network(
                    model,
                    data.X[data.rows[:N_PROBE_ROWS]],
                    self.n_classes_,
                    compile_arguments=self._get_compile_kwargs,
                )
            if compiled_by_builder:
                routed = [] if self._builder_sees_compile_kwargs() else self._routed_to_compile()
                check_compiled_as_asked(model, self.loss, self.optimizer, routed)
            if not plan.again:
                warn_about_learning_rate(model.optimizer, self.alpha_zero)
            if bank is not None:
                check_fits(bank, model)
                set_weights(model, bank[-1].weights)
            TRAINED_MODELS.add(model)
            self._model, self._optimizer_steps = model, 0
            self._output_layer, self._one_hot_targets = network.output_layer, network.one_hot
        data = replace(data, one_hot_width=self.n_classes_ if self._one_hot_targets else None)
        check_cycle_lengths(self._model.optimizer, schedule)
        return data

    def _fresh_augmentation(self, data) -> Augmentation | None:
        """Make what augments the batches of a training run that begins now."""
        first = data.X[data.rows[:N_PROBE_ROWS]]
        with seeded((self._seeds[4] + self._n_epochs_done()) % 2**32):
            return fresh_augmentation(self.augmentation, first, run_eagerly=self.run_eagerly)

    def _warm_up(self, data, plan, watch) -> None:
        """Train a new network before its cycles; for estimators that do."""

    def _callback_list(self) -> list:
        self._initialize_callbacks()
        callbacks = self._fit_callbacks
        del self._fit_callbacks, self._predict_callbacks
        check_callbacks(callbacks)
        return callbacks

    def _request(self, bank, data, plan) -> TrainingRequest:
        settings, monitored = plan.settings, plan.monitored
        first_epoch = self._n_epochs_done()
        validation, options = None, {}
        if monitored is not None:
            batch_size = settings["validation_batch_size"] or data.batch_size
            validation = replace(
                data,
                rows=monitored,
                shuffle=False,
                batch_size=len(monitored) if batch_size == -1 else batch_size,
            )
            options = {"validation_freq": settings.get("validation_freq", 1)}
        return TrainingRequest(
            n_epochs=settings["epochs"] - first_epoch,
            first_epoch=first_epoch,
            first_iteration=self._n_iterations_adopted
            + sum(phase.n_done for phase in self._phases),
            first_cycle=0 if bank is None else len(bank),
            callbacks=plan.callbacks,
            keras_verbose=2 if settings["verbose"] == 2 else 0,
            validation=validation,
            validation_options=options,
        )

    def _train(self, data, schedule, request, verbose):
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
            stack.enter_context(seeded(self._seeds[3] + request.first_epoch))
            run = train(self.engine, self._model, data, schedule, request)
        self.engine_ = run.engine
        self.engine_details_ = {
            "reason": run.reason,
            "xla": run.xla.use,
            "xla_reason": run.xla.reason,
        }
        return run

    def _collect(self, earlier, run, schedule) -> SnapshotBank:
        """Put the new snapshots into a bank, and the history behind the one there is."""
        n_new = len(run.snapshots)
        if n_new == 0:
            raise SnapshotTrainingError(
                f"Training was stopped by a callback after {run.n_iterations} iterations, before "
                f"the end of the first cycle, at iteration {schedule.cycle_ends[0]}: there "
                "is no snapshot. Let it train for longer, or raise M to make the cycles shorter."
            )
        if n_new < schedule.M:
            warnings.warn(
                f"Training was stopped by a callback after {n_new} of {schedule.M} cycles: the "
                "ensemble has the snapshots of these.",
                stacklevel=5,
            )
        paths = [variable.path for variable in self._model.weights]
        bank = SnapshotBank(run.snapshots, paths)
        if earlier is not None:
            bank = earlier + bank
        phase = Phase(
            schedule.alpha_zero,
            schedule.n_iterations,
            schedule.M,
            n_done=run.n_iterations,
            n_epochs=run.n_epochs,
        )
        self._phases = [*self._phases, phase]
        self._optimizer_steps += run.n_iterations
        history = vars(self).get("history_", {})
        self.history_ = {
            name: [*history.get(name, []), *values] for name, values in run.history.items()
        }
        return bank

    def _warn_about_broken(self, bank) -> None:
        broken = [snapshot.cycle for snapshot in bank if not snapshot.is_finite]
        if broken and np.isfinite(self.history_.get("loss", [])).all():
            warnings.warn(
                f"The weights of the network are not finite after cycles {broken}, although the "
                "loss is: these snapshots get weight 0. Choose a smaller alpha_zero.",
                ConvergenceWarning,
                stacklevel=5,
            )
