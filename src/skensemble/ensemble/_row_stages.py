"""The stages of ``fit`` that read rows and decide which of them train."""

from __future__ import annotations

import zlib
from dataclasses import replace

import numpy as np
from sklearn.preprocessing import FunctionTransformer

from skensemble._validation import Described, must_be
from skensemble.ensemble._holdout import (
    Holdout,
    split_holdout,
    warn_about_holdout,
    why_no_holdout,
)
from skensemble.ensemble._inputs import check_sample_weight, check_X, check_y_given
from skensemble.ensemble._prediction import SnapshotPrediction
from skensemble.ensemble._targets import TargetEncoder, check_every_class
from skensemble.ensemble._weights import learns_weights
from skensemble.weighting import check_scores


class RowStages(SnapshotPrediction):
    """Reading the data, and keeping a holdout."""

    def _read_data(self, X, y, sample_weight):
        """Check the data, learn what the builder may ask for in ``meta``."""
        check_y_given(self, X, y)
        first = "classes_" not in vars(self)
        y_dtype = np.asarray(y).dtype
        X = check_X(self, X, reset=first)
        if first:
            self.target_encoder_ = self.target_encoder
            y = self.target_encoder_.fit_transform(y)
            encoder = self.feature_encoder
            plain = type(encoder) is FunctionTransformer and encoder.func is None
            self.feature_encoder_ = None if plain else encoder.fit(X)
            self.classes_ = self.target_encoder_.classes_
            self.n_classes_ = len(self.classes_)
            self.target_type_ = self.target_encoder_.target_type_
            self.n_outputs_ = self.n_outputs_expected_ = 1
            self.X_shape_, self.X_dtype_ = X.shape, X.dtype
            self.y_dtype_, self.y_ndim_ = y_dtype, 2 if self.target_encoder_.one_hot_ else 1
        else:
            y = self.target_encoder_.transform(y)
        self._class_weights = self._weight_of_each_class(y)
        sample_weight = check_sample_weight(sample_weight, X)
        self._mean_weight = (
            1.0 if sample_weight is None else float(sample_weight[sample_weight > 0].mean())
        )
        if self._class_weights is not None:
            class_weight = self._class_weights[y]
            sample_weight = class_weight if sample_weight is None else sample_weight * class_weight
        X = self._encode_features(X)
        self._row_shape, self._row_dtype = X.shape[1:], X.dtype
        return X, y, sample_weight

    @property
    def target_encoder(self):
        """A new encoder of labels."""
        return TargetEncoder()

    def _split(self, bank, X, y, sample_weight, X_val, y_val):
        """Return the rows to train on, and the holdout, or None where there is none."""
        rows = np.arange(len(y)) if sample_weight is None else np.flatnonzero(sample_weight)
        self._classes_seen = np.unique(y[rows])
        if len(self._classes_seen) < 2:
            raise ValueError(
                must_be(
                    "sample_weight",
                    "positive in at least two classes",
                    Described("positive in 1 class only"),
                    "give rows of another class a weight too",
                )
            )
        learns = learns_weights(self.weighting)
        if X_val is not None:
            self._held_out_digest = None
            holdout = self._own_holdout(X_val, y_val, self.weighting)
            return rows, replace(holdout, mean_weight=self._mean_weight)
        if self.validation_fraction is None:
            if learns:
                raise ValueError(
                    must_be(
                        "weighting",
                        "'uniform' or an array where validation_fraction=None",
                        self.weighting,
                        "hold out some rows, as in validation_fraction=0.1, or pass X_val and "
                        "y_val to fit",
                    )
                )
            self._held_out_digest = None
            return rows, None
        train, held_out = split_holdout(y[rows], self.validation_fraction, self._seeds[2])
        self._check_still_unseen(bank, y, rows[train])
        if held_out is None:
            if learns:
                why = why_no_holdout(y[rows], self.classes_, self.validation_fraction)
                warn_about_holdout(*why)
            return rows, None
        held_out = rows[held_out]
        weight = None if sample_weight is None else sample_weight[held_out]
        holdout = Holdout(X[held_out], y[held_out], weight, rows=held_out)
        self._check_can_learn(holdout, self.weighting, "y", "weighting")
        return rows[train], holdout

    def _own_holdout(
        self, X, y, weighting, sample_weight=None, *, name="y_val", parameter="weighting"
    ) -> Holdout:
        """Check rows that the user has kept out of training.

        ``name`` and ``parameter`` are what errors call y and how the weights are found.
        """
        check_y_given(self, X, y)
        X = check_X(self, X, reset=False)
        weight = check_sample_weight(sample_weight, X)
        X = self._encode_features(X)
        y = self.target_encoder_.transform(y, name=name)
        if self._class_weights is not None:
            weight = self._class_weights[y] if weight is None else weight * self._class_weights[y]
            if not weight.any():
                got = Described(f"0 for every row of {name}")
                fix = "hold out rows of a class that counts"
                raise ValueError(must_be("class_weight", f"positive somewhere in {name}", got, fix))
        holdout = Holdout(X, y, weight)
        self._check_can_learn(holdout, weighting, name, parameter)
        return holdout

    def _check_can_learn(self, holdout, weighting, name: str, parameter: str) -> None:
        """Raise if weights are to be learned on rows that cannot teach them."""
        if not learns_weights(weighting):
            return
        y, weight = holdout.y, holdout.sample_weight
        check_every_class(
            y if weight is None else y[weight > 0],
            self._classes_seen,
            self.classes_,
            name=name,
            instead="set weighting='uniform'",
        )
        check_scores(weighting, y, weight, classes=self.classes_, name=parameter)

    def _check_still_unseen(self, bank, y, train) -> None:
        """With more cycles to come, the rows held out must be those that were held out before."""
        digest = zlib.crc32(train.tobytes(), zlib.crc32(y.tobytes()))
        if bank is not None and self._held_out_digest is None:
            fix = "pass X_val and y_val, rows that trained nothing, or set warm_start=False"
            got = Described("rows that the cycles so far may have been trained on")
            raise ValueError(must_be("the holdout", "unseen by every cycle", got, fix))
        if bank is not None and digest != self._held_out_digest:
            raise ValueError(
                must_be(
                    "the holdout",
                    "the same rows in every fit with warm_start=True, or it has been trained on",
                    Described("other labels, another order, or another split"),
                    "keep X, y, sample_weight and validation_fraction, or pass X_val and y_val, or "
                    "set warm_start=False",
                )
            )
        self._held_out_digest = digest

    def _split_monitored(self, train, share: float):
        n_train = int(len(train) * (1 - share))
        if n_train == 0 or n_train == len(train):
            got = Described(f"{share:g} of {len(train)} rows")
            fix = "leave it out, or bring more rows"
            raise ValueError(must_be("validation_split", "at least a row on both sides", got, fix))
        return train[:n_train], train[n_train:]
