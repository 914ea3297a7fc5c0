"""Prediction with a fitted ensemble."""

from __future__ import annotations

import threading

import numpy as np
from sklearn.utils.validation import check_is_fitted

from skensemble.ensemble._inputs import check_X
from skensemble.ensemble._pickling import rebuild_model
from skensemble.ensemble._scikeras import RepairedKerasClassifier
from skensemble.inference import BankPredictor, predict_with_early_exit, weighted_mean

# The network of a loaded ensemble is built once, whichever thread asks first.
_LOCK = threading.RLock()


class SnapshotPrediction(RepairedKerasClassifier):
    """The methods that need nothing but a bank, weights and labels."""

    @property
    def model_(self):
        """The network, with the weights of the last snapshot."""
        if "snapshots_" not in vars(self):
            raise AttributeError(f"This {type(self).__name__} is not fitted: it has no model_ yet.")
        with _LOCK:
            if self.__dict__.get("_model") is None:
                self._model = rebuild_model(self)
            return self._model

    def predict(self, X, *, early_exit=False, return_saved=False):
        """Predict the label of the largest combined probability.

        Parameters
        ----------
        X : array-like or sparse matrix of shape (n, ...)
            Rows as in ``fit``.
        early_exit : bool, default=False
            Ask the snapshots in the order of their weight, each row only until those to come
            cannot change its label. The labels are the same; for networks that compute for long,
            it is faster.
        return_saved : bool, default=False
            With ``early_exit``: also return the share of evaluations that were not needed.

        Returns
        -------
        labels : ndarray of shape (n,)
            Labels out of ``classes_`` (one-hot rows where ``fit`` had them).
        saved : float
            From 0 to 1; only with ``return_saved``.
        """
        if early_exit:
            X = self._check_rows(X)
            exits = predict_with_early_exit(
                self._bank_predictor(), self.weights_, X, self._predict_batch_size
            )
            best, saved = exits.best, exits.saved
        else:
            best, saved = self.predict_proba(X).argmax(axis=1), 0.0
        labels = self.target_encoder_.inverse_transform(best)
        return (labels, saved) if return_saved else labels

    def predict_proba(self, X):
        """Predict class probabilities: the mean of the members', weighted by ``weights_``.

        Parameters
        ----------
        X : array-like or sparse matrix of shape (n, ...)
            Rows as in ``fit``.

        Returns
        -------
        ndarray of shape (n, k), float64
            Columns in the order of ``classes_``; rows sum to 1.
        """
        X = self._check_rows(X)
        return self._bank_predictor().combine(self.weights_, X, self._predict_batch_size)

    def member_predict_proba(self, X):
        """Predict class probabilities with each snapshot alone.

        Parameters
        ----------
        X : array-like or sparse matrix of shape (n, ...)
            Rows as in ``fit``.

        Returns
        -------
        ndarray of shape (M, n, k), float64
            NaN for a snapshot that is not finite.
        """
        return self._member_probas(self.snapshots_, self._check_rows(X))

    def staged_predict_proba(self, X):
        """Predict class probabilities with the first 1, 2, …, M snapshots.

        Each stage has the weights of its snapshots, scaled to sum 1; where they are all 0, equal
        ones. The last stage is ``predict_proba``.

        Parameters
        ----------
        X : array-like or sparse matrix of shape (n, ...)
            Rows as in ``fit``.

        Yields
        ------
        ndarray of shape (n, k), float64
            NaN as long as no snapshot is finite.
        """
        members = self.member_predict_proba(X)
        finite = np.array([snapshot.is_finite for snapshot in self.snapshots_], dtype=float)
        for stage in range(1, len(members) + 1):
            weights = self.weights_[:stage]
            if not weights.any():
                weights = finite[:stage]
            used = np.flatnonzero(weights)
            yield weighted_mean(members[used], weights[used]) if len(used) else members[stage - 1]

    def _check_rows(self, X):
        check_is_fitted(self)
        return self._encode_features(check_X(self, X, reset=False))

    def _encode_features(self, X):
        return X if self.feature_encoder_ is None else self.feature_encoder_.transform(X)

    def _member_probas(self, bank, X, first=0):
        """Probabilities of each snapshot from ``first`` on; NaN for those that are not finite."""
        probas = np.full((len(bank), X.shape[0], len(self.classes_)), np.nan)
        finite = [m for m in range(first, len(bank)) if bank[m].is_finite]
        if finite:
            probas[finite] = self._bank_predictor()(finite, X, self._predict_batch_size)
        return probas[first:]

    def _bank_predictor(self):
        if self.__dict__.get("_predictor") is None:
            with _LOCK:
                if self.__dict__.get("_predictor") is None:
                    self._predictor = BankPredictor(
                        self.model_, self._output_layer, self.snapshots_
                    )
        return self._predictor

    @property
    def _predict_batch_size(self) -> int | None:
        return self.__dict__.get("predict__batch_size")
