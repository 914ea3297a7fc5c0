"""Ways to spend one budget of epochs."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from sklearn.base import clone

from skensemble._validation import Described, check_real, must_be
from skensemble.evaluation._methods import (
    EQUAL,
    EQUAL_LESS,
    INDEPENDENT,
    LEARNED,
    NO_CYCLE,
    ONE_CYCLE,
    SINGLE,
)
from skensemble.evaluation._metrics import FloatArray, combine_members, score_probabilities
from skensemble.evaluation._resampling import Split
from skensemble.exceptions import SnapshotTrainingError


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
    if not (isinstance(weighting, str) or callable(weighting)) or weighting == "uniform":
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
    template = clone(estimator).set_params(refit=False, warm_start=False)
    rate = template.alpha_zero if step_rate is None else step_rate

    def fit(cls: Any = SnapshotEnsembleClassifier, **params: Any) -> Any:
        own = clone(template).get_params(deep=False)
        return cls(**own).set_params(**{"random_state": seed, **params}).fit(X, y)

    trainings: tuple[tuple[tuple[str, ...], Callable[[], Iterator[MethodRun]]], ...] = (
        ((SINGLE, NO_CYCLE), lambda: _along_steps(fit, X_test, rate)),
        ((ONE_CYCLE,), lambda: _one_cycle(fit, X_test)),
        ((EQUAL,), lambda: _equal(fit, X_test)),
        ((EQUAL_LESS, LEARNED), lambda: _learned(fit, X_test)),
        ((INDEPENDENT,), lambda: _independent(fit, X_test, template, seed)),
    )
    for names, training in trainings:
        try:
            yield from training()
        except SnapshotTrainingError:
            nothing = np.full((X_test.shape[0], len(np.unique(y))), np.nan)
            for name in names:
                yield MethodRun(name, nothing, 0, [])


_ALL_ROWS: dict[str, Any] = {
    "weighting": "uniform",
    "validation_fraction": None,
    "n_last": None,
    "min_weight": 0.0,
}


def _along_steps(fit: Any, X_test: Any, rate: float) -> Iterator[MethodRun]:
    from skensemble.evaluation._step_schedule import StepSnapshots

    clf = fit(StepSnapshots, **_ALL_ROWS, alpha_zero=rate, engine="keras")
    n_iterations = len(clf.learning_rates_)
    members = clf.member_predict_proba(X_test)
    yield MethodRun(SINGLE, members[-1], n_iterations, [1.0])
    proba = combine_members(members, clf.weights_)
    yield MethodRun(NO_CYCLE, proba, n_iterations, clf.weights_.tolist())


def _one_cycle(fit: Any, X_test: Any) -> Iterator[MethodRun]:
    clf = fit(**_ALL_ROWS, M=1)
    yield MethodRun(ONE_CYCLE, clf.predict_proba(X_test), len(clf.learning_rates_), [1.0])


def _equal(fit: Any, X_test: Any) -> Iterator[MethodRun]:
    clf = fit(**_ALL_ROWS)
    n_iterations = len(clf.learning_rates_)
    yield MethodRun(EQUAL, clf.predict_proba(X_test), n_iterations, clf.weights_.tolist())


def _learned(fit: Any, X_test: Any) -> Iterator[MethodRun]:
    clf = fit()
    n_iterations = len(clf.learning_rates_)
    members = clf.member_predict_proba(X_test)
    finite = np.array([snapshot.is_finite for snapshot in clf.snapshots_])
    equal = finite / finite.sum()
    yield MethodRun(EQUAL_LESS, combine_members(members, equal), n_iterations, equal.tolist())
    yield MethodRun(LEARNED, clf.predict_proba(X_test), n_iterations, clf.weights_.tolist())


def _independent(fit: Any, X_test: Any, template: Any, seed: int) -> Iterator[MethodRun]:
    M, epochs = template.M, template.epochs
    seeds = [seed, *np.random.SeedSequence(seed).generate_state(M - 1).tolist()]
    probas, n_iterations = [], 0
    for i, own_seed in enumerate(seeds):
        n_epochs = epochs // M + (i < epochs % M)
        clf = fit(**_ALL_ROWS, M=1, epochs=n_epochs, random_state=own_seed)
        probas.append(clf.predict_proba(X_test))
        n_iterations += len(clf.learning_rates_)
    equal = np.full(M, 1 / M)
    proba = combine_members(np.array(probas), equal)
    yield MethodRun(INDEPENDENT, proba, n_iterations, equal.tolist())
