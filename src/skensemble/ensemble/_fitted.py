"""The record of a fit."""

import copy
from dataclasses import dataclass, field, replace
from operator import attrgetter
from typing import Any

import numpy as np
from sklearn.utils import check_random_state

from skensemble.ensemble._combination import HoldoutPredictions
from skensemble.ensemble._live_network import LiveNetwork
from skensemble.ensemble._reading import Schema
from skensemble.snapshots import SnapshotBank
from skensemble.weighting import WeightingResult


@dataclass(frozen=True)
class Seeds:
    """One seed for each thing that is drawn at random, all from ``random_state``."""

    network: int
    rows: int
    holdout: int
    training: int
    augmentation: int


def draw_seeds(random_state) -> Seeds:
    """Draw seeds from ``random_state`` without changing it, or any global generator."""
    state = np.random.SeedSequence(draw_seed(random_state)).generate_state(5)
    return Seeds(*(int(seed) for seed in state))


def draw_seed(random_state) -> int:
    """Draw one seed from ``random_state`` without changing it, or any global generator."""
    if random_state is None:
        return int(np.random.SeedSequence().generate_state(1)[0])
    return int(copy.deepcopy(check_random_state(random_state)).randint(2**31))


@dataclass(frozen=True)
class Phase:
    """What one call of ``fit`` trained: the schedule, and how much of it."""

    schedule: Any
    n_done: int
    n_epochs: int


@dataclass(frozen=True, eq=False)
class Trained:
    """What the training of some cycles leaves."""

    network: LiveNetwork  # the network, with the weights of the last snapshot
    # All snapshots, those of earlier fits included; None where there is none yet, and in the record
    # of a fit, which has them itself.
    bank: Any = None
    # One for each fit that added cycles; none where the snapshots come from elsewhere.
    phases: tuple[Phase, ...] = ()
    n_iterations_adopted: int = 0  # iterations that snapshots from elsewhere have behind them
    # Columns of the targets where the loss takes one row of them per row of X.
    target_width: int | None = None
    # What Keras records, one value per epoch.
    history: dict[str, list[float]] = field(default_factory=dict)
    # The same for a phase before the first cycle.
    warmup_history: dict[str, list[float]] = field(default_factory=dict)
    engine: str | None = None  # which engine trained last
    engine_details: dict[str, Any] = field(default_factory=dict)  # why, and whether with XLA
    interrupted: bool = False  # whether Ctrl-C ended the training

    @property
    def n_epochs(self) -> int:
        """Epochs trained."""
        return sum(phase.n_epochs for phase in self.phases)

    @property
    def n_iterations(self) -> int:
        """Iterations behind the last snapshot, wherever they were done."""
        return self.n_iterations_adopted + sum(phase.n_done for phase in self.phases)


@dataclass(frozen=True, eq=False)
class Fitted:
    """All that a fit leaves."""

    schema: Schema  # the form of X and y
    trained: Trained  # network, history, and what a later fit with ``warm_start`` needs
    seeds: Seeds  # those of the first fit
    class_weights: np.ndarray | None  # (k,): Weight of each class
    seen: np.ndarray  # distinct targets among the rows that trained
    # Of the rows that trained, where fit chose the holdout; a later fit must choose the same.
    holdout_digest: int | None
    is_refit: bool  # whether the snapshots have been trained on the holdout too
    snapshots: SnapshotBank  # the snapshots, with their scores
    weighting: WeightingResult  # the combination weights, and how they were found
    # Holdout scores of each snapshot, of equal weights and of those in use.
    snapshot_scores: dict[str, list] | None
    # Numbers of the rows of X that were held out; None where none were, or the user brought others.
    holdout: np.ndarray | None
    # What the snapshots predicted there, those of the first training with ``refit``. In memory
    # only: pickles do not have them.
    holdout_predictions: HoldoutPredictions | None
    timings: dict[str, float]  # seconds spent in each stage
    backend: str  # what ran under Keras

    @property
    def learning_rates(self) -> np.ndarray:
        """Learning rate of every iteration, float64 of shape (n_iterations,)."""
        done = [phase.schedule.simulate()[: phase.n_done] for phase in self.trained.phases]
        return np.concatenate([np.empty(0), *done])

    def to_continue(self) -> Trained:
        """Return what a fit that adds cycles goes on from."""
        return replace(self.trained, bank=self.snapshots)

    def attribute(self, name: str) -> Any:
        """Return a fitted attribute of the estimator, such as ``weights_``.

        Raises
        ------
        AttributeError
            If there is none of this name.
        """
        if name in self.schema.meta:
            return self.schema.meta[name]
        try:
            return _ATTRIBUTES[name](self)
        except KeyError:
            raise AttributeError(name) from None

    def attribute_names(self) -> list[str]:
        """Name the fitted attributes."""
        return [*self.schema.meta, *_ATTRIBUTES]


_ATTRIBUTES = {
    "snapshots_": attrgetter("snapshots"),
    "weights_": attrgetter("weighting.weights"),
    "weighting_": attrgetter("weighting"),
    "snapshot_scores_": attrgetter("snapshot_scores"),
    "holdout_": attrgetter("holdout"),
    "history_": attrgetter("trained.history"),
    "learning_rates_": attrgetter("learning_rates"),
    "engine_": attrgetter("trained.engine"),
    "engine_details_": attrgetter("trained.engine_details"),
    "timings_": attrgetter("timings"),
    "backend_": attrgetter("backend"),
}
