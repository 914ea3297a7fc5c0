"""Five ways to spend one budget of epochs."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from sklearn.base import clone

from skensemble._validation import must_be
from skensemble.cli._methods import (
    EQUAL,
    EQUAL_LESS,
    INDEPENDENT,
    LEARNED,
    NO_CYCLE,
    ONE_CYCLE,
    SINGLE,
)
from skensemble.cli._scores import FloatArray
from skensemble.ensemble import SnapshotEnsembleClassifier
from skensemble.evaluation._step_schedule import StepSnapshots
from skensemble.exceptions import SnapshotTrainingError
from skensemble.inference import weighted_mean


@dataclass(frozen=True)
class Entry:
    """One method on one split.

    Parameters
    ----------
    method : str
        Key of `METHODS`.
    proba : ndarray of shape (n_test, k)
        Class probabilities of the test rows; NaN where training diverged.
    n_iterations : int
        Iterations that the method trained for; 0 where training diverged.
    weights : list of float
        Of the networks that it combines.
    """

    method: str
    proba: FloatArray
    n_iterations: int
    weights: list[float]


class Contest:
    """The methods, with all that they have in common.

    Parameters
    ----------
    template : SnapshotEnsembleClassifier
        Not fitted: network, optimizer, batch size, augmentation, ``M``, ``alpha_zero``, ``epochs``,
        and how weights are learned. Methods that learn none train on all rows.
    step_rate : float
        Rate at which the step schedule starts.

    Raises
    ------
    ValueError
        If there are fewer epochs than independent networks.
    """

    def __init__(self, template: SnapshotEnsembleClassifier, step_rate: float) -> None:
        self._template, self._step_rate = template, step_rate
        if template.epochs < template.M:
            must = f"at least M={template.M}, one for each of the independent networks"
            fix = "raise the epochs, or lower M"
            raise ValueError(must_be("epochs", must, template.epochs, fix))

    def run(self, X: Any, y: Any, X_test: Any, seed: int) -> Iterator[Entry]:
        """Train every method on the same rows, from the same initial weights.

        Parameters
        ----------
        X : array-like of shape (n, ...)
            Rows to train on, the holdout included.
        y : array-like of shape (n,)
            Their labels.
        X_test : array-like of shape (n_test, ...)
            Rows to predict.
        seed : int
            Determines initial weights, the order of rows and the holdout. The second and later
            independent networks have seeds drawn from it.
        """
        for names, entries in (
            ((SINGLE, NO_CYCLE), self._steps),
            ((ONE_CYCLE,), self._one_cycle),
            ((EQUAL,), self._equal),
            ((EQUAL_LESS, LEARNED), self._learned),
            ((INDEPENDENT,), self._independent),
        ):
            try:
                yield from entries(X, y, X_test, seed)
            except SnapshotTrainingError:
                nothing = np.full((len(X_test), len(np.unique(y))), np.nan)
                for name in names:
                    yield Entry(name, nothing, 0, [])

    def _fit(self, X: Any, y: Any, seed: int, **params: Any) -> SnapshotEnsembleClassifier:
        clf: SnapshotEnsembleClassifier = clone(self._template)
        clf.set_params(random_state=seed, **params).fit(X, y)
        return clf

    def _fit_all(self, X: Any, y: Any, seed: int, **params: Any) -> SnapshotEnsembleClassifier:
        return self._fit(X, y, seed, **_ALL_ROWS, **params)

    def _steps(self, X: Any, y: Any, X_test: Any, seed: int) -> Iterator[Entry]:
        clf = StepSnapshots(**clone(self._template).get_params(deep=False)).set_params(
            **_ALL_ROWS, alpha_zero=self._step_rate, engine="keras", random_state=seed
        )
        clf.fit(X, y)
        n_iterations = len(clf.learning_rates_)
        members = clf.member_predict_proba(X_test)
        yield Entry(SINGLE, members[-1], n_iterations, [1.0])
        proba = weighted_mean(members[clf.weights_ > 0], clf.weights_[clf.weights_ > 0])
        yield Entry(NO_CYCLE, proba, n_iterations, clf.weights_.tolist())

    def _one_cycle(self, X: Any, y: Any, X_test: Any, seed: int) -> Iterator[Entry]:
        clf = self._fit_all(X, y, seed, M=1)
        yield Entry(ONE_CYCLE, clf.predict_proba(X_test), len(clf.learning_rates_), [1.0])

    def _equal(self, X: Any, y: Any, X_test: Any, seed: int) -> Iterator[Entry]:
        clf = self._fit_all(X, y, seed)
        n_iterations = len(clf.learning_rates_)
        yield Entry(EQUAL, clf.predict_proba(X_test), n_iterations, clf.weights_.tolist())

    def _learned(self, X: Any, y: Any, X_test: Any, seed: int) -> Iterator[Entry]:
        clf = self._fit(X, y, seed)
        n_iterations = len(clf.learning_rates_)
        members = clf.member_predict_proba(X_test)
        finite = [snapshot.is_finite for snapshot in clf.snapshots_]
        equal = np.divide(finite, np.sum(finite))
        proba = weighted_mean(members[finite], equal[finite])
        yield Entry(EQUAL_LESS, proba, n_iterations, equal.tolist())
        yield Entry(LEARNED, clf.predict_proba(X_test), n_iterations, clf.weights_.tolist())

    def _independent(self, X: Any, y: Any, X_test: Any, seed: int) -> Iterator[Entry]:
        M, epochs = self._template.M, self._template.epochs
        seeds = [seed, *np.random.SeedSequence(seed).generate_state(M - 1).tolist()]
        probas, n_iterations = [], 0
        for i, own_seed in enumerate(seeds):
            n_epochs = epochs // M + (i < epochs % M)
            clf = self._fit_all(X, y, own_seed, M=1, epochs=n_epochs)
            probas.append(clf.predict_proba(X_test))
            n_iterations += len(clf.learning_rates_)
        equal = [1 / M] * M
        yield Entry(INDEPENDENT, weighted_mean(probas, equal), n_iterations, equal)


_ALL_ROWS = {
    "weighting": "uniform",
    "validation_fraction": None,
    "n_last": None,
    "min_weight": 0.0,
    "refit": False,
}
