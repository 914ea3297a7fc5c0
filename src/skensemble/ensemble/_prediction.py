"""Prediction with a fitted ensemble."""

from __future__ import annotations

import threading

import numpy as np
from sklearn.utils.validation import check_is_fitted

from skensemble.ensemble._inputs import check_X
from skensemble.ensemble._pickling import rebuild_model
from skensemble.ensemble._scikeras import RepairedKerasClassifier
from skensemble.inference import (
    BankPredictor,
    predict_with_early_exit,
    uncertainty_of,
    weighted_mean,
)
from skensemble.networks._export import ensemble_model

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

    def predict_uncertainty(self, X):
        """Tell how uncertain the ensemble is of each row, and how far its snapshots disagree.

        Parameters
        ----------
        X : array-like or sparse matrix of shape (n, ...)
            Rows as in ``fit``.

        Returns
        -------
        Uncertainty
            A named tuple of arrays of shape (n,), float64. ``predictive_entropy``: the entropy of
            the combined probabilities in nats, from 0 to log k. ``mutual_information``: the part of
            it, in nats, that comes from snapshots who disagree. ``disagreement``: the weighted
            share of the snapshots whose label is not the ensemble's, from 0 to 1.

        See Also
        --------
        skensemble.inference.uncertainty_of : The formulas, and where they come from.

        Notes
        -----
        Where the classes overlap, the entropy is high and the mutual information low, and more
        rows like those will not change that. Where both are high, the training rows say little.

        Examples
        --------
        >>> from sklearn.datasets import load_iris
        >>> from skensemble import SnapshotEnsembleClassifier
        >>> X, y = load_iris(return_X_y=True)
        >>> clf = SnapshotEnsembleClassifier(M=3, epochs=12, random_state=0).fit(X, y)
        >>> entropy, information, disagreement = clf.predict_uncertainty(X)
        >>> entropy.shape
        (150,)
        >>> bool((information <= entropy).all())
        True
        >>> y[entropy.argmax()] > 0  # the first species is easy to tell
        np.True_
        """
        X = self._check_rows(X)
        used = np.flatnonzero(self.weights_)
        probas = self._bank_predictor()(used.tolist(), X, self._predict_batch_size)
        return uncertainty_of(probas, self.weights_[used])

    def to_keras(self):
        """Return the weighted ensemble as one Keras model, to be served without skensemble.

        Its rows go through one copy of the network per snapshot of positive weight; what comes out
        is the weighted mean of their class probabilities, as `predict_proba` computes it. The
        model's files need no skensemble where they are loaded: ``.keras``, a SavedModel
        (``model.export(folder)``), and ONNX (``model.export(file, format="onnx")``, for which
        ``pip install skensemble[export]``).

        Returns
        -------
        keras.Model
            Not compiled. Takes the rows that the network takes, any number of them, and returns
            float32 probabilities of shape (n, k); float64 where the network computes in it. Its
            layer ``"snapshot_m"`` is the network with the weights of snapshot m, counted from 1.

        Raises
        ------
        ValueError
            If Keras cannot build the network again from its configuration, as that of a class
            whose ``get_config`` leaves something out.

        Notes
        -----
        - Columns are in the order of ``classes_``. The model knows no labels: keep ``classes_``
          with its file.
        - It starts where the network does. A ``feature_encoder`` and whatever a pipeline did to X
          come before it; sparse rows must be made dense, and categories be numbers.
        - It predicts as the network does when it does not train: without dropout, and with the
          moving averages of batch normalization.
        - A ``.keras`` file of a network with layers or a model class of your own needs your
          classes where it is loaded, and one with a ``Lambda`` needs ``safe_mode=False``;
          SavedModel and ONNX need neither.
        - Half precision rounds as the machine does: served elsewhere, such a network's
          probabilities may differ by some 10⁻³.

        Examples
        --------
        >>> import numpy as np
        >>> from sklearn.datasets import load_iris
        >>> from skensemble import SnapshotEnsembleClassifier
        >>> X, y = load_iris(return_X_y=True)
        >>> clf = SnapshotEnsembleClassifier(
        ...     M=3, epochs=12, weighting="uniform", random_state=0
        ... ).fit(X, y)
        >>> model = clf.to_keras()
        >>> [layer.name for layer in model.layers if layer.weights]
        ['snapshot_1', 'snapshot_2', 'snapshot_3']
        >>> np.allclose(model.predict(X, verbose=0), clf.predict_proba(X), atol=1e-6)
        True
        """
        check_is_fitted(self)
        return ensemble_model(self.model_, self._output_layer, self.snapshots_, self.weights_)

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
