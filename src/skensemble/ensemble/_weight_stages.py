"""The stages that give the snapshots their weights, in ``fit`` and without training."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from sklearn.utils.validation import check_is_fitted

from skensemble.ensemble._fitting import Stopwatch, all_or_nothing
from skensemble.ensemble._parameters import check_combination
from skensemble.ensemble._row_stages import RowStages
from skensemble.ensemble._weights import (
    Combination,
    combine,
    score_members,
    usable_members,
)


class WeightStages(RowStages):
    """Scoring the snapshots on rows that did not train them, and finding their weights."""

    def reweight(self, X, y, sample_weight=None, *, method=None, n_last=None, min_weight=None):
        """Combine the snapshots in another way, without training.

        Parameters
        ----------
        X : array-like or sparse matrix of shape (n, ...)
            Rows that trained no snapshot, and that will not be used to judge the result.
        y : array-like of shape (n,)
            Their labels; to learn weights, of every class.
        sample_weight : array-like of shape (n,), optional
            Weight of each row. Rows of weight 0 are left out.
        method : str, callable or array-like of shape (M,), optional
            As the parameter ``weighting``, whose value is the default.
        n_last : int, optional
            As the parameter, whose value is the default; M combines all snapshots.
        min_weight : float, optional
            As the parameter, whose value is the default.

        Returns
        -------
        SnapshotEnsembleClassifier
            The estimator itself, with new ``weights_``, ``weighting_`` and ``snapshot_scores_``.

        Raises
        ------
        NotFittedError
            Before ``fit``.
        TypeError, ValueError
            If an argument is not as it must be. The estimator is then as it was.

        Examples
        --------
        >>> from sklearn.datasets import load_iris
        >>> from sklearn.model_selection import train_test_split
        >>> from skensemble import SnapshotEnsembleClassifier
        >>> X, X_new, y, y_new = train_test_split(
        ...     *load_iris(return_X_y=True), test_size=50, stratify=[0] * 50 + [1] * 50 + [2] * 50,
        ...     random_state=0,
        ... )
        >>> clf = SnapshotEnsembleClassifier(M=3, epochs=12, random_state=0).fit(X, y)
        >>> clf.reweight(X_new, y_new, method="uniform", n_last=2).weights_
        array([0. , 0.5, 0.5])
        """
        check_is_fitted(self)
        M = len(self.snapshots_)
        asked = {"weighting": method, "n_last": n_last, "min_weight": min_weight}
        asked = {name: value for name, value in asked.items() if value is not None}
        combination = replace(self._combination(M), **asked)
        parameter = "weighting" if method is None else "method"
        check_combination(combination, M, parameter)
        with all_or_nothing(self):
            holdout = self._own_holdout(
                X, y, combination.weighting, sample_weight, name="y", parameter=parameter
            )
            self._learn_weights(self.snapshots_, holdout, combination, Stopwatch())
        return self

    def _weighting_of(self, M):
        """Take the first M of given weights: training may have ended early."""
        given = self.weighting
        return given if isinstance(given, str) or callable(given) else given[:M]

    def _combination(self, M: int) -> Combination:
        """How the parameters say to combine M snapshots."""
        n_last = None if self.n_last is None else min(self.n_last, M)
        return Combination(self._weighting_of(M), n_last, self.min_weight)

    def _learn_weights(self, bank, holdout, combination, watch) -> np.ndarray | None:
        """Score the snapshots on the holdout and find their weights; what they predict there."""
        usable = usable_members(bank, combination.n_last)
        probas = None
        if holdout is not None:
            with watch("score"):
                probas = self._member_probas(bank, holdout.X)
        with watch("solve"):
            self.weighting_ = combine(combination, usable, probas, holdout, self.classes_)
        self.weights_ = self.weighting_.weights
        self.snapshot_scores_ = None
        if holdout is not None:
            with watch("score"):
                self.snapshot_scores_ = score_members(probas, usable, self.weighting_, holdout)
            bank = bank.with_scores(
                [
                    {name: self.snapshot_scores_[name][m] for name in ("log_loss", "accuracy")}
                    for m in range(len(bank))
                ]
            )
        self.snapshots_ = bank
        return probas
