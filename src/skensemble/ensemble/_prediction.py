"""Prediction with a fitted ensemble."""

from __future__ import annotations

import threading

import numpy as np
from sklearn.utils.validation import check_is_fitted

from skensemble.ensemble._inputs import check_X
from skensemble.ensemble._pickling import rebuild_model
from skensemble.ensemble._scikeras import RepairedKerasClassifier
from skensemble.inference import MemberPredictor, weighted_mean

_BATCH_SIZE = 1024
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

    def predict(self, X):
        """Predict the label of the largest combined probability.

        Parameters
        ----------
        X : array-like or sparse matrix of shape (n, ...)
            Rows as in ``fit``.

        Returns
        -------
        ndarray of shape (n,)
            Labels out of ``classes_`` (one-hot rows where ``fit`` had them).
        """
        best = self.predict_proba(X).argmax(axis=1)
        return self.target_encoder_.inverse_transform(best)

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
        used = np.flatnonzero(self.weights_)
        members = (self._member_proba(self.snapshots_[m].weights, X) for m in used)
        return weighted_mean(members, self.weights_[used])

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
        X = self._check_rows(X)
        return np.stack([self._finite_proba(snapshot, X) for snapshot in self.snapshots_])

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
        X = self._check_rows(X)
        members = []
        for stage, snapshot in enumerate(self.snapshots_, start=1):
            members.append(self._finite_proba(snapshot, X))
            weights = self.weights_[:stage]
            if not weights.any():
                weights = np.array([float(np.isfinite(member).all()) for member in members])
            used = np.flatnonzero(weights)
            if len(used):
                yield weighted_mean([members[m] for m in used], weights[used])
            else:
                yield members[-1]

    def _check_rows(self, X):
        check_is_fitted(self)
        return self._encode_features(check_X(self, X, reset=False))

    def _encode_features(self, X):
        return X if self.feature_encoder_ is None else self.feature_encoder_.transform(X)

    def _finite_proba(self, snapshot, X):
        if snapshot.is_finite:
            return self._member_proba(snapshot.weights, X)
        return np.full((X.shape[0], len(self.classes_)), np.nan)

    def _member_proba(self, weights, X):
        with _LOCK:
            if self.__dict__.get("_predictor") is None:
                self._predictor = MemberPredictor(self.model_, self._output_layer)
        batch_size = self.__dict__.get("predict__batch_size") or _BATCH_SIZE
        return self._predictor(weights, X, X.shape[0] if batch_size == -1 else batch_size)
