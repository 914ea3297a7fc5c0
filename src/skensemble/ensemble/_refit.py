"""Training the same cycles again, on all rows."""

from dataclasses import replace
from typing import Any

import numpy as np
import scipy.sparse as sp
from sklearn.exceptions import ConvergenceWarning

from skensemble._warnings import warn
from skensemble.ensemble._combination import transfer_weights
from skensemble.ensemble._cycles import Plan, Stopwatch, train_cycles, training_data
from skensemble.ensemble._fitted import Trained
from skensemble.ensemble._holdout import Holdout
from skensemble.ensemble._live_network import LiveNetwork
from skensemble.ensemble._weighing import Weighed
from skensemble.exceptions import SnapshotTrainingError
from skensemble.networks import set_weights
from skensemble.training import TrainingData


def train_again(
    plan: Plan, data: TrainingData, holdout: Holdout, weighed: Weighed
) -> tuple[Trained, Weighed, TrainingData] | None:
    """Train the same cycles on all rows; each new snapshot gets the weight of its cycle."""
    n_cycles = len(weighed.snapshots)
    X, y, rows, sample_weight = with_holdout(data, holdout)
    everything = training_data(X, y, rows, sample_weight, plan)
    try:
        trained = train_cycles(replace(plan, again=True), everything, None, Stopwatch())
        if len(trained.bank) > n_cycles:  # a callback had stopped the first training earlier
            trained = _first_cycles(trained, n_cycles)
        weighting = transfer_weights(weighed.weighting, trained.bank)
    except SnapshotTrainingError as error:
        reason = str(error)
    except KeyboardInterrupt:
        reason = "Training was interrupted while it went over all rows."
    else:
        again = Weighed(trained.bank, weighting, weighed.scores, weighed.predictions)
        return trained, again, everything
    warn(f"{reason} The snapshots of the first training are kept.", ConvergenceWarning)
    return None


def _first_cycles(trained: Trained, n: int) -> Trained:
    bank, model = trained.bank[:n], trained.network.live_model
    set_weights(model, bank[-1].weights)
    network = LiveNetwork(trained.network.output_layer, model, trained.network.n_steps)
    return replace(trained, bank=bank, network=network)


def with_holdout(data: TrainingData, holdout: Holdout) -> tuple[Any, ...]:
    """Put the holdout back among the rows to train on."""
    if holdout.rows is not None:
        return data.X, data.y, np.union1d(data.rows, holdout.rows), data.sample_weight
    n, n_held_out = len(data.y), len(holdout.y)
    held_out = holdout.X
    if sp.issparse(data.X):
        X = sp.vstack([data.X, sp.csr_matrix(held_out)], format="csr")
    else:
        held_out = held_out.toarray() if sp.issparse(held_out) else held_out
        X = np.concatenate([data.X, held_out])
    y = np.concatenate([data.y, holdout.y])
    weight, rows = None, np.arange(n, n + n_held_out)
    if data.sample_weight is not None:
        of_holdout = np.ones(n_held_out) if holdout.sample_weight is None else holdout.sample_weight
        weight = np.concatenate([data.sample_weight, holdout.mean_weight * of_holdout])
        rows = rows[weight[rows] > 0]
    return X, y, np.concatenate([data.rows, rows]), weight
