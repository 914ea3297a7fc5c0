"""Which weight each snapshot gets."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np
from sklearn.exceptions import ConvergenceWarning

from skensemble._warnings import warn
from skensemble.exceptions import SnapshotTrainingError
from skensemble.inference import BankPredictor
from skensemble.snapshots import SnapshotBank
from skensemble.weighting import WeightingResult


@dataclass(frozen=True)
class Combination:
    weighting: str | Callable | Sequence[float]  # (M,): A method, a scorer, or the weights
    n_last: int | None  # how many of the last snapshots to combine
    min_weight: float  # snapshots of a smaller weight are dropped

    @classmethod
    def of(cls, estimator, M: int):
        """Return that of an estimator for M snapshots: fewer, if its training has ended early."""
        weighting, n_last = estimator.weighting, estimator.n_last
        if not (isinstance(weighting, str) or callable(weighting)):
            weighting = weighting[:M]
        n_last = None if n_last is None else min(n_last, M)
        return cls(weighting, n_last, estimator.min_weight)


@dataclass(frozen=True, eq=False)
class HoldoutPredictions:
    probas: np.ndarray  # (M, n, k): NaN for a snapshot that is not finite
    y: np.ndarray  # (n,): Targets
    sample_weight: np.ndarray | None  # (n,): Weight of each row

    def of(self, usable: np.ndarray) -> np.ndarray:
        """Return the probabilities of some snapshots; of all of them, without a copy."""
        return self.probas if usable.all() else self.probas[usable]


@dataclass(frozen=True, eq=False)
class Weighed:
    snapshots: SnapshotBank  # with their scores, where there is a holdout
    weighting: WeightingResult  # the weights, and how they were found
    scores: dict[str, list] | None = None  # of each snapshot, of equal weights, of those in use
    # With ``refit``, of the snapshots of the first training. In memory only, not in pickles.
    predictions: HoldoutPredictions | None = None


def learns_weights(weighting) -> bool:
    return callable(weighting) or (isinstance(weighting, str) and weighting != "uniform")


def normalised(weights: np.ndarray) -> np.ndarray:
    weights = weights.astype(np.float64)
    weights = weights / weights.max()  # the sum of very large numbers is infinite
    return weights / weights.sum()


def weigh_on_holdout(estimator, network, bank: SnapshotBank, holdout, task, watch) -> Weighed:
    found = None
    if holdout is not None:
        with watch("score"):
            predictor = network.predictor(bank)
            found = predict_holdout(predictor, bank, holdout, estimator._batch_size)
    return weigh_snapshots(bank, found, Combination.of(estimator, len(bank)), task, watch)


def predict_holdout(predictor, bank: SnapshotBank, holdout, batch_size) -> HoldoutPredictions:
    probas = member_probas(predictor, bank, holdout.X, batch_size)
    return HoldoutPredictions(probas, holdout.y, holdout.sample_weight)


def weigh_snapshots(bank: SnapshotBank, predictions, combination, task, watch) -> Weighed:
    n_last = combination.n_last
    usable = np.array([snapshot.is_finite for snapshot in bank])
    if n_last is not None:
        usable[: len(bank) - n_last] = False
    if not usable.any():
        which = f"{len(bank)} snapshots" if n_last is None else f"last {n_last} snapshots"
        raise SnapshotTrainingError(
            f"None of the {which} is finite: training diverged. Choose a smaller alpha_zero, clip "
            "the gradients (optimizer__clipnorm=1.0), or check the scale of X."
        )
    with watch("solve"):
        weighting = find_combination(combination, usable, predictions, task)
    if predictions is None:
        return Weighed(bank, weighting)
    with watch("score"):
        members = _predictions_by_name(predictions, usable, weighting)
        scores = task.scores(members.values(), predictions.y, predictions.sample_weight)
    of_each = [{name: values[m] for name, values in scores.items()} for m in range(len(bank))]
    table = {"name": list(members), **scores}
    return Weighed(bank.with_scores(of_each), weighting, table, predictions)


def find_combination(combination: Combination, usable, found, task) -> WeightingResult:
    """Weigh the usable snapshots, and again without those below ``min_weight``, until none is."""
    weighting = combination.weighting
    first = result = _weigh(weighting, usable, found, task)
    if isinstance(weighting, str) and weighting == "auto":
        weighting = first.method  # decided once
    # At least one stays: min_weight is below 1 / M.
    while (usable & (result.weights < combination.min_weight)).any():
        usable = usable & (result.weights >= combination.min_weight)
        result = _weigh(weighting, usable, found, task)
    return replace(
        result, comparisons=first.comparisons, note=first.note, uniform_loss=first.uniform_loss
    )


def _weigh(weighting, usable, found: HoldoutPredictions | None, task) -> WeightingResult:
    is_method = isinstance(weighting, str) or callable(weighting)
    holdout = None if found is None else (found.of(usable), found.y, found.sample_weight)
    if is_method and holdout is not None:
        result = task.find_weights(weighting, *holdout)
    else:
        given = np.ones(len(usable)) if is_method else np.asarray(weighting, dtype=np.float64)
        given = given[usable]
        if given.sum() == 0:
            raise SnapshotTrainingError(
                f"weighting={list(weighting)} gives no weight to any of the snapshots that can be "
                f"combined, {(np.flatnonzero(usable) + 1).tolist()}: the others are not finite, or "
                "not among the last n_last. Choose a smaller alpha_zero or other weights."
            )
        given, method = normalised(given), "uniform" if is_method else "given"
        if holdout is not None:
            result = task.evaluate_weights(given, *holdout, method=method)
        else:
            # Loss, gap, iterations, convergence, method, prior, loss of equal weights, rows.
            result = WeightingResult(given, np.nan, np.nan, 0, True, method, 0.0, np.nan, 0)
    if usable.all():
        return result
    weights = np.zeros(len(usable))
    weights[usable] = result.weights
    return replace(result, weights=weights)


def _predictions_by_name(found: HoldoutPredictions, usable, result) -> dict[str, np.ndarray]:
    members = {f"snapshot {m + 1}": proba for m, proba in enumerate(found.probas)}
    members["uniform"] = found.of(usable).mean(axis=0)
    if result.method != "uniform":
        name = "given" if result.method == "given" else "learned"
        members[name] = np.tensordot(result.weights[usable], found.of(usable), axes=1)
    return members


def transfer_weights(result: WeightingResult, bank) -> WeightingResult:
    """Give the snapshots of another run the weights of their cycles, as far as they are finite."""
    reached = result.weights[: len(bank)]
    if not reached.any():
        raise SnapshotTrainingError(
            f"The second training, on all rows, was stopped by a callback after {len(bank)} of "
            f"{len(result.weights)} cycles, and none of their snapshots has a weight. Let it train "
            "for longer, or set refit=False."
        )
    weights = reached * [snapshot.is_finite for snapshot in bank]
    if not weights.any():
        raise SnapshotTrainingError(
            "None of the snapshots that have a weight is finite in the second training, on all "
            "rows: it diverged. Choose a smaller alpha_zero, or set refit=False."
        )
    if np.array_equal(weights, result.weights):
        return result
    return replace(result, weights=weights / weights.sum(), loss=np.nan, gap=np.nan)


def member_probas(predictor: BankPredictor, bank: SnapshotBank, X, batch_size, first: int = 0):
    """Predict with each snapshot from ``first`` on: (M - first, n, k), NaN where not finite."""
    finite = [m for m in range(first, len(bank)) if bank[m].is_finite]
    if len(finite) == len(bank) - first:
        return predictor(finite, X, batch_size)
    probas = np.full((len(bank), X.shape[0], predictor.n_classes), np.nan)
    if finite:
        probas[finite] = predictor(finite, X, batch_size)
    return probas[first:]


def snapshots_at_chance(bank, found: HoldoutPredictions | None, task) -> list[int]:
    if found is None:
        return []
    return [
        snapshot.cycle
        for snapshot, proba in zip(bank, found.probas, strict=True)
        if snapshot.is_finite and task.at_chance(proba, found.y, found.sample_weight)
    ]


def warn_if_at_chance(plan, trained, n_earlier: int, data) -> None:
    batch_size, alpha_zero = plan.estimator._batch_size, plan.estimator.alpha_zero
    rows = data.rows[:: -(-len(data.rows) // 1000)]  # some 1,000 rows tell chance from learning
    weight = None if data.sample_weight is None else data.sample_weight[rows]
    bank, predictor = trained.bank, trained.network.predictor(trained.bank)
    probas = member_probas(predictor, bank, data.X[rows], batch_size, first=n_earlier)
    found = HoldoutPredictions(probas, data.y[rows], weight)
    cycles = snapshots_at_chance(bank[n_earlier:], found, plan.schema.task)
    if cycles:
        warn(
            f"Cycle{'' if len(cycles) == 1 else 's'} {', '.join(map(str, cycles))} ended at chance "
            f"level on the training rows: the network collapsed at alpha_zero={alpha_zero:g}, or "
            f"has not started to learn. Try a smaller alpha_zero, such as {alpha_zero / 5:g}, "
            "batch normalisation, or more epochs.",
            ConvergenceWarning,
        )
