"""The stages of fitting a vote."""

from __future__ import annotations

import copy
from numbers import Integral

import numpy as np
from sklearn import get_config
from sklearn.base import clone
from sklearn.dummy import DummyClassifier
from sklearn.ensemble import VotingClassifier
from sklearn.frozen import FrozenEstimator
from sklearn.preprocessing import LabelEncoder
from sklearn.utils import Bunch, column_or_1d
from sklearn.utils.metadata_routing import process_routing
from sklearn.utils.multiclass import type_of_target
from sklearn.utils.parallel import Parallel, delayed
from sklearn.utils.validation import _check_method_params, _check_y

from skensemble._validation import Described, check_choice, check_flag, check_integer, must_be
from skensemble.ensemble._fitting import draw_seed
from skensemble.ensemble._holdout import check_validation_fraction
from skensemble.ensemble._inputs import check_holdout_arguments, check_y_given
from skensemble.ensemble.voting._fitting import fit_member, holdout_for_members, manual_params
from skensemble.ensemble.voting._members import (
    check_are_classifiers,
    check_frozen,
    check_have_probabilities,
    check_take_weights,
    class_columns,
    is_dropped,
)
from skensemble.ensemble.voting._rows import keep_holdout, own_holdout, take_rows
from skensemble.ensemble.voting._votes import tie_tolerance
from skensemble.ensemble.voting._weights import check_can_learn, check_vote_weights, weigh_members
from skensemble.weighting import check_scores


class VotingStages(VotingClassifier):
    """What ``fit`` does, in the order of the methods."""

    def _fit_all(self, X, y, sample_weight, X_val, y_val, fit_params):
        self._check_parameters()
        check_holdout_arguments(X_val, y_val)
        self._validate_estimators()
        kept = np.array([not is_dropped(estimator) for _, estimator in self.estimators])
        members = [pair for pair, keep in zip(self.estimators, kept, strict=True) if keep]
        given = check_vote_weights(self.weights, self.estimators, kept)
        check_can_learn(self.weights, self.validation_fraction, X_val)
        if self.voting == "soft":
            check_have_probabilities(members)
        y = self._read_labels(X, y)
        check_frozen(members, X, self.classes_)
        params = self._params_of_members(members, sample_weight, fit_params)

        train, holdout = None, None
        indices = self.le_.transform(y)
        if X_val is not None:
            holdout = own_holdout(X, self.classes_, X_val, y_val, learns=given is None)
        elif given is None:
            train, holdout = keep_holdout(
                X,
                indices,
                self.classes_,
                sample_weight,
                self.validation_fraction,
                draw_seed(self.random_state),
                trains=not all(isinstance(member, FrozenEstimator) for _, member in members),
            )
        if holdout is not None and given is None:
            check_scores(
                self.weights,
                holdout.y,
                holdout.sample_weight,
                classes=self.classes_,
                name="weights",
            )
        if train is not None:
            params = {name: _check_method_params(X, of, train) for name, of in params.items()}
            X, y = take_rows(X, train), y[train]
        self._fit_members(X, y, params, holdout_for_members(holdout, self.classes_))

        fitted = self._named_members()
        for name, member in fitted:
            class_columns(name, member, self.classes_)
        self.weights_, self.weighting_ = weigh_members(
            self.weights, given, fitted, holdout, self.classes_, self.voting
        )
        dtype = self.weights_.dtype if given is None else given.dtype
        self._tie_tolerance = tie_tolerance(len(fitted), dtype)

    def _check_parameters(self) -> None:
        check_choice("voting", self.voting, ("hard", "soft"), fix="soft votes by probabilities")
        check_validation_fraction(self.validation_fraction)
        fix = "False keeps the members apart"
        check_flag("flatten_transform", self.flatten_transform, fix=fix)
        if not isinstance(self.verbose, bool | np.bool_):
            check_integer("verbose", self.verbose, minimum=0, fix="True prints, False does not")
        if self.n_jobs is not None and (
            isinstance(self.n_jobs, bool) or not isinstance(self.n_jobs, Integral)
        ):
            fix = "2 fits two members at a time, -1 as many as there are processors"
            raise TypeError(must_be("n_jobs", "an integer or None", self.n_jobs, fix))

    def _validate_estimators(self):
        """Check names as scikit-learn does, and members by what they are to us."""
        pairs = isinstance(self.estimators, list) and all(
            not isinstance(item, list | tuple) or len(item) == 2 for item in self.estimators
        )
        if not pairs:
            fix = "pass [('a', first), ('b', second)]"
            raise TypeError(
                must_be("estimators", "a list of (name, classifier) pairs", self.estimators, fix)
            )
        stand_in = copy.copy(self)
        stand_in.estimators = [
            (item[0], "drop" if is_dropped(item[1]) else DummyClassifier())
            if isinstance(item, list | tuple)
            else item
            for item in self.estimators
        ]
        super(VotingStages, stand_in)._validate_estimators()
        check_are_classifiers(self.estimators)
        return zip(*self.estimators, strict=True)

    def _read_labels(self, X, y):
        """Learn the labels, and return them as an array of one dimension."""
        check_y_given(self, X, y)
        y = _check_y(y, multi_output=True, estimator=None)
        kind = type_of_target(y, input_name="y")
        if kind in ("unknown", "continuous"):
            fix = "bin the values, or take a VotingRegressor"
            must = must_be("y", "labels of classes", Described("numbers"), fix)
            raise ValueError(f"Unknown label type: {kind}. {must}")
        if kind not in ("binary", "multiclass"):
            raise NotImplementedError(
                must_be(
                    "y",
                    "binary or multiclass labels, one per row",
                    Described(f"a {kind} target"),
                    "Multilabel and multi-output classification are not supported; turn one-hot "
                    "rows into labels with y.argmax(axis=1)",
                )
            )
        y = column_or_1d(y, warn=True)
        self.le_ = LabelEncoder().fit(y)
        self.classes_ = self.le_.classes_
        return y

    def _params_of_members(self, members, sample_weight, fit_params) -> dict[str, dict]:
        if get_config()["enable_metadata_routing"]:
            weight = {} if sample_weight is None else {"sample_weight": sample_weight}
            routed = process_routing(self, "fit", **weight, **fit_params)
            return {name: dict(routed[name]["fit"]) for name, _ in members}
        if sample_weight is not None:
            check_take_weights(members)
        return {name: manual_params(member, sample_weight) for name, member in members}

    def _fit_members(self, X, y, params, holdout) -> None:
        self.estimators_ = Parallel(n_jobs=self.n_jobs)(
            delayed(fit_member)(
                name,
                clone(member),
                X,
                y,
                params[name],
                holdout,
                self._log_message(name, position, len(self.estimators)),
            )
            for position, (name, member) in enumerate(self.estimators, start=1)
            if not is_dropped(member)
        )
        self.named_estimators_ = Bunch()
        fitted = iter(self.estimators_)
        for name, member in self.estimators:
            self.named_estimators_[name] = member if is_dropped(member) else next(fitted)
            if hasattr(self.named_estimators_[name], "feature_names_in_"):
                self.feature_names_in_ = self.named_estimators_[name].feature_names_in_

    def _named_members(self) -> list:
        names = [name for name, member in self.named_estimators_.items() if not is_dropped(member)]
        return list(zip(names, self.estimators_, strict=True))
