"""The record of a fit, and the network in it."""

import contextlib
import copy
import threading
from dataclasses import dataclass, field, replace
from operator import attrgetter
from typing import Any

import keras
import numpy as np
from sklearn.utils import check_random_state

from skensemble.ensemble._reading import Schema
from skensemble.ensemble._weighing import Weighed
from skensemble.inference import BankPredictor
from skensemble.networks import architecture_of, check_fits, model_from, set_weights
from skensemble.snapshots import SnapshotBank

# The network of a loaded ensemble is built once, whichever thread needs it first.
_LOCK = threading.RLock()


@dataclass(frozen=True)
class Seeds:
    network: int
    rows: int
    holdout: int
    training: int
    augmentation: int


def draw_seeds(random_state) -> Seeds:
    state = np.random.SeedSequence(draw_seed(random_state)).generate_state(5)
    return Seeds(*state.tolist())


def draw_seed(random_state) -> int:
    """Draw one seed from ``random_state`` without changing it, or any global generator."""
    if random_state is None:
        return int(np.random.SeedSequence().generate_state(1)[0])
    return int(copy.deepcopy(check_random_state(random_state)).randint(2**31))


@dataclass(eq=False)
class LiveNetwork:
    """A network and what predicts with it; after loading, both are made on first use."""

    output_layer: Any = None  # what its outputs mean; None where there is no network yet
    live_model: Any = None  # the network; None after loading
    n_steps: int | None = None  # that its optimizer has done here; None without one of ours
    live_predictor: BankPredictor | None = None  # none after loading
    # What it is built from after loading; None where Keras cannot describe it, and in memory.
    architecture: bytes | None = None

    def stored(self):
        known = self.live_model is None
        architecture = self.architecture if known else architecture_of(self.live_model)
        return LiveNetwork(self.output_layer, architecture=architecture)

    def model(self, bank: SnapshotBank, schema: Schema | None = None, build: Any = None):
        with _LOCK:
            if self.live_model is None:
                self.live_model = self._built(bank, schema, build)
            return self.live_model

    def predictor(self, bank: SnapshotBank, schema: Schema | None = None, build: Any = None):
        if self.live_predictor is None:
            with _LOCK:
                if self.live_predictor is None:
                    model = self.model(bank, schema, build)
                    self.live_predictor = BankPredictor(model, self.output_layer, bank)
        return self.live_predictor

    def _built(self, bank: SnapshotBank, schema: Any, build: Any):
        model = None
        # A function that the configuration names may be missing here; the builder has its own.
        with contextlib.suppress(Exception):
            model = None if self.architecture is None else model_from(self.architecture)
        model = build() if model is None else model
        if not model.weights:
            model(np.zeros((1, *schema.row_shape), schema.row_dtype))
        check_fits(bank, model)
        set_weights(model, bank[-1].weights)
        return model


@dataclass(frozen=True)
class Phase:
    """What one call of ``fit`` trained: the schedule, and how much of it."""

    schedule: Any
    n_done: int
    n_epochs: int


@dataclass(frozen=True, eq=False)
class Trained:
    """What the training of some cycles leaves; without arguments, what there is before."""

    network: LiveNetwork = field(default_factory=LiveNetwork)  # with the last snapshot's weights
    # All snapshots, those of earlier fits included; none in the record of a fit, which has them.
    bank: Any = ()
    # One for each fit that added cycles; none where the snapshots come from elsewhere.
    phases: tuple[Phase, ...] = ()
    n_iterations_adopted: int = 0  # iterations that snapshots from elsewhere have behind them
    # Columns of the targets where the loss takes one row of them per row of X.
    target_width: int | None = None
    history: dict[str, list[float]] = field(default_factory=dict)  # what Keras records, by epoch
    warmup_history: dict[str, list[float]] = field(default_factory=dict)  # before the first cycle
    engine: str | None = None  # which engine trained last
    engine_details: dict[str, Any] = field(default_factory=dict)  # why, and whether with XLA
    interrupted: bool = False  # whether Ctrl-C ended the training

    @property
    def n_epochs(self) -> int:
        return sum(phase.n_epochs for phase in self.phases)

    @property
    def n_iterations(self) -> int:
        """Iterations behind the last snapshot, wherever they were done."""
        return self.n_iterations_adopted + sum(phase.n_done for phase in self.phases)


@dataclass(frozen=True, eq=False)
class Fitted:
    schema: Schema  # the form of X and y
    trained: Trained  # network, history, and what a later fit with ``warm_start`` needs
    weighed: Weighed  # the snapshots and their weights
    seeds: Seeds  # those of the first fit
    class_weights: np.ndarray | None  # (k,): Weight of each class
    seen: np.ndarray  # distinct targets among the rows that trained
    timings: dict[str, float]  # seconds spent in each stage
    # Of the rows that trained, where fit chose the holdout; a later fit must choose the same.
    holdout_digest: int | None = None
    is_refit: bool = False  # whether the snapshots have been trained on the holdout too
    holdout: np.ndarray | None = None  # which rows of X; None where there are none, or others
    backend: str = field(default_factory=keras.backend.backend)  # what ran under Keras

    def stored(self):
        """Return it without what cannot be written to a file, or is large."""
        trained = replace(self.trained, network=self.trained.network.stored())
        return replace(self, trained=trained, weighed=replace(self.weighed, predictions=None))

    @property
    def learning_rates(self) -> np.ndarray:
        """Learning rate of every iteration, float64 of shape (n_iterations,)."""
        done = [phase.schedule.simulate()[: phase.n_done] for phase in self.trained.phases]
        return np.concatenate([np.empty(0), *done])


# The fitted attributes of an estimator, besides what ``schema.meta`` has.
FITTED_ATTRIBUTES = {
    "snapshots_": attrgetter("weighed.snapshots"),
    "weights_": attrgetter("weighed.weighting.weights"),
    "weighting_": attrgetter("weighed.weighting"),
    "snapshot_scores_": attrgetter("weighed.scores"),
    "holdout_": attrgetter("holdout"),
    "history_": attrgetter("trained.history"),
    "learning_rates_": attrgetter("learning_rates"),
    "engine_": attrgetter("trained.engine"),
    "engine_details_": attrgetter("trained.engine_details"),
    "timings_": attrgetter("timings"),
    "backend_": attrgetter("backend"),
}
