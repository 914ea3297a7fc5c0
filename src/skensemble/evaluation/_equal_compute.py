"""Ways to spend one budget of epochs."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from sklearn.base import clone

from skensemble._validation import Described, check_real, must_be
from skensemble.evaluation._metrics import FloatArray, combine_members, score_probabilities
from skensemble.evaluation._resampling import Split
from skensemble.exceptions import SnapshotTrainingError


class Method(NamedTuple):
    """What a method is called, and what it does with its epochs."""

    title: str
    meaning: str


METHODS = {
    "single": Method("single network", "step schedule; the network at its end"),
    "no-cycle": Method(
        "no cycle", "the same training; mean of the network at the moments of the snapshots"
    ),
    "one-cycle": Method("one cycle", "one cosine cycle; the network at its end"),
    "snapshots-equal": Method(
        "snapshots, equal", "M cosine cycles; mean of the networks at their ends"
    ),
    "snapshots-equal-less": Method(
        "snapshots, equal, less holdout", "the same, trained without the holdout"
    ),
    "snapshots-learned": Method(
        "snapshots, learned", "these networks, with weights learned on the holdout"
    ),
    "independent": Method(
        "independent networks",
        "M networks, each one cosine cycle over an M-th of the epochs; mean",
    ),
}
SINGLE, NO_CYCLE, ONE_CYCLE, EQUAL, EQUAL_LESS, LEARNED, INDEPENDENT = METHODS

_ALL_ROWS: dict[str, Any] = {
    "weighting": "uniform",
    "validation_fraction": None,
    "n_last": None,
    "min_weight": 0.0,
}


@dataclass(frozen=True, eq=False)
class MethodRun:
    """One method on one split."""

    method: str
    proba: FloatArray
    n_iterations: int
    weights: list[float]


def check_comparable(estimator: Any, step_rate: float | None = None) -> None:
    """Raise unless an estimator can be compared with other ways to spend its epochs."""
    from skensemble.ensemble import SnapshotEnsembleClassifier, TransferSnapshotClassifier
    from skensemble.ensemble._weighing import learns_weights

    if isinstance(estimator, TransferSnapshotClassifier) or not isinstance(
        estimator, SnapshotEnsembleClassifier
    ):
        got = Described(type(estimator).__name__)
        fix = "no other method has a warm-up or other members in its budget"
        raise TypeError(must_be("estimator", "a SnapshotEnsembleClassifier", got, fix))
    if step_rate is not None:
        check_real("step_rate", step_rate, positive=True, fix="0.1 is that of the paper")
    if estimator.epochs < estimator.M:
        must = f"at least M={estimator.M}, one for each of the independent networks"
        fix = "raise the epochs, or lower M"
        raise ValueError(must_be("epochs", must, estimator.epochs, fix))
    if estimator.validation_fraction is None:
        fix = "0.1 holds out a tenth of the rows for the learned weights"
        raise ValueError(must_be("validation_fraction", "a share of the rows", None, fix))
    weighting = estimator.weighting
    if not learns_weights(weighting):
        fix = "log_loss is the default; equal weights are compared in any case"
        raise ValueError(must_be("weighting", "a way to learn weights", weighting, fix))


def score_methods(
    estimator: Any, split: Split, step_rate: float | None = None
) -> Iterator[dict[str, Any]]:
    """Train every method on one split, and score it on the test rows."""
    runs = train_methods(
        estimator, split.X, split.y, split.X_test, seed=split.seed, step_rate=step_rate
    )
    for run in runs:
        yield {
            "seed": split.seed,
            "method": run.method,
            **score_probabilities(run.proba, split.y_test),
            "n_iterations": run.n_iterations,
            "weights": run.weights,
        }


def train_methods(
    estimator: Any, X: Any, y: Any, X_test: Any, *, seed: int, step_rate: float | None = None
) -> Iterator[MethodRun]:
    """Train every method on the same rows, from the same initial weights."""
    from skensemble.ensemble import SnapshotEnsembleClassifier

    check_comparable(estimator, step_rate)
    template = clone(estimator).set_params(refit=False, warm_start=False, random_state=seed)
    rate = template.alpha_zero if step_rate is None else step_rate

    def fit(cls: Any = SnapshotEnsembleClassifier, **params: Any) -> Any:
        own = clone(template).get_params(deep=False)
        return cls(**{**own, **params}).fit(X, y)

    trainings: dict[tuple[str, ...], Callable[[], list[MethodRun]]] = {
        (SINGLE, NO_CYCLE): lambda: _along_steps(fit, X_test, rate),
        (ONE_CYCLE,): lambda: [_on_all_rows(ONE_CYCLE, fit, X_test, M=1)],
        (EQUAL,): lambda: [_on_all_rows(EQUAL, fit, X_test)],
        (EQUAL_LESS, LEARNED): lambda: _with_holdout(fit, X_test),
        (INDEPENDENT,): lambda: [_independent(fit, X_test, template.M, template.epochs, seed)],
    }
    for methods, training in trainings.items():
        try:
            yield from training()
        except SnapshotTrainingError:
            nothing = np.full((X_test.shape[0], len(np.unique(y))), np.nan)
            for method in methods:
                yield MethodRun(method, nothing, 0, [])


def _run(method: str, clf: Any, proba: FloatArray, weights: FloatArray) -> MethodRun:
    return MethodRun(method, proba, len(clf.learning_rates_), weights.tolist())


def _along_steps(fit: Any, X_test: Any, rate: float) -> list[MethodRun]:
    from skensemble.evaluation._step_schedule import StepSnapshots

    clf = fit(StepSnapshots, **_ALL_ROWS, alpha_zero=rate, engine="keras")
    members, equal = clf.member_predict_proba(X_test), clf.weights_
    return [
        _run(SINGLE, clf, members[-1], np.ones(1)),
        _run(NO_CYCLE, clf, combine_members(members, equal), equal),
    ]


def _on_all_rows(method: str, fit: Any, X_test: Any, **params: Any) -> MethodRun:
    clf = fit(**_ALL_ROWS, **params)
    return _run(method, clf, clf.predict_proba(X_test), clf.weights_)


def _with_holdout(fit: Any, X_test: Any) -> list[MethodRun]:
    clf = fit()
    finite = np.array([snapshot.is_finite for snapshot in clf.snapshots_])
    equal = finite / finite.sum()
    return [
        _run(EQUAL_LESS, clf, combine_members(clf.member_predict_proba(X_test), equal), equal),
        _run(LEARNED, clf, clf.predict_proba(X_test), clf.weights_),
    ]


def _independent(fit: Any, X_test: Any, M: int, epochs: int, seed: int) -> MethodRun:
    seeds = [seed, *np.random.SeedSequence(seed).generate_state(M - 1).tolist()]
    runs = []
    for i, own_seed in enumerate(seeds):
        n_epochs = epochs // M + (i < epochs % M)
        own = {"M": 1, "epochs": n_epochs, "random_state": own_seed}
        runs.append(_on_all_rows(INDEPENDENT, fit, X_test, **own))
    equal = np.full(M, 1 / M)
    proba = combine_members(np.array([run.proba for run in runs]), equal)
    n_iterations = sum(run.n_iterations for run in runs)
    return MethodRun(INDEPENDENT, proba, n_iterations, equal.tolist())
