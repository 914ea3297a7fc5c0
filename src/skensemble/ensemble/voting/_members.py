"""Which classifiers can vote, and how each of them is fitted."""

import inspect
from numbers import Integral
from typing import Any

import numpy as np
from sklearn import get_config
from sklearn.base import ClassifierMixin, clone, is_classifier
from sklearn.dummy import DummyClassifier
from sklearn.ensemble import StackingClassifier
from sklearn.exceptions import NotFittedError
from sklearn.frozen import FrozenEstimator
from sklearn.model_selection._search import BaseSearchCV
from sklearn.pipeline import Pipeline
from sklearn.utils._user_interface import _print_elapsed_time
from sklearn.utils.metadata_routing import get_routing_for_object, process_routing
from sklearn.utils.parallel import Parallel, delayed
from sklearn.utils.validation import _num_features, check_is_fitted

from skensemble._validation import Described, check_choice, check_flag, check_integer, must_be
from skensemble.ensemble._parameters import check_validation_fraction
from skensemble.ensemble._snapshot_classifier import SnapshotEnsembleClassifier
from skensemble.ensemble._weighing import learns_weights


def is_dropped(estimator) -> bool:
    return isinstance(estimator, str) and estimator == "drop"


def innermost(member):
    while isinstance(member, Pipeline | FrozenEstimator):
        member = member.steps[-1][1] if isinstance(member, Pipeline) else member.estimator
    return member


def check_vote_parameters(vote) -> None:
    check_choice("voting", vote.voting, ("hard", "soft"), fix="soft votes by probabilities")
    check_validation_fraction(vote.validation_fraction)
    check_flag("flatten_transform", vote.flatten_transform, fix="False keeps the members apart")
    if not isinstance(vote.verbose, bool | np.bool_):
        check_integer("verbose", vote.verbose, minimum=0, fix="True prints, False does not")
    if isinstance(vote.n_jobs, bool) or not isinstance(vote.n_jobs, Integral | None):
        fix = "2 fits two members at a time, -1 as many as there are processors"
        raise TypeError(must_be("n_jobs", "an integer or None", vote.n_jobs, fix))


def check_members(vote) -> None:
    """Check names as scikit-learn does, and, in its words and ours, that each classifies."""
    pairs = isinstance(vote.estimators, list) and all(
        not isinstance(item, list | tuple) or len(item) == 2 for item in vote.estimators
    )
    if not pairs:
        must = "a list of (name, classifier) pairs"
        fix = "pass [('a', first), ('b', second)]"
        raise TypeError(must_be("estimators", must, vote.estimators, fix))
    # scikit-learn would refuse members of scikeras, whose tags do not say that they classify.
    stand_ins = [
        (item[0], "drop" if is_dropped(item[1]) else DummyClassifier())
        if isinstance(item, list | tuple)
        else item
        for item in vote.estimators
    ]
    type(vote)(stand_ins)._validate_estimators()
    for name, estimator in vote.estimators:
        if not is_dropped(estimator) and not _classifies(estimator):
            kind = estimator if isinstance(estimator, type) else type(estimator)
            fix = "members vote on labels, so each must be an instance of a classifier"
            refusal = must_be(f"member {name!r}", "a classifier or 'drop'", estimator, fix)
            raise ValueError(f"The estimator {kind.__name__} should be a classifier: {refusal}")


def _classifies(estimator) -> bool:
    # The tags of scikeras's own classifier do not say what it is, nor do those around it.
    if isinstance(estimator, Pipeline):
        return bool(estimator.steps) and _classifies(estimator.steps[-1][1])
    if isinstance(estimator, FrozenEstimator | BaseSearchCV):
        return _classifies(estimator.estimator)
    if isinstance(estimator, type) or not hasattr(estimator, "__sklearn_tags__"):
        return False
    return isinstance(estimator, ClassifierMixin) or is_classifier(estimator)


def check_have_probabilities(members) -> None:
    for name, member in members:
        inner = innermost(member)
        # It has predict_proba once it is fitted, although it says no before.
        stacks = isinstance(inner, StackingClassifier) and inner.final_estimator is None
        if not stacks and not hasattr(member, "predict_proba"):
            must = "a classifier with predict_proba where voting='soft'"
            fix = (
                "take voting='hard', put it into CalibratedClassifierCV, or leave it out with "
                f"set_params({name}='drop')"
            )
            raise ValueError(must_be(f"member {name!r}", must, member, fix))


def check_frozen(members, X, classes) -> None:
    for name, member in members:
        if not isinstance(member, FrozenEstimator):
            continue
        try:
            check_is_fitted(member)
        except NotFittedError:
            fix = "fit it first, or pass it without FrozenEstimator"
            got = Described(f"a {type(member.estimator).__name__} that is not")
            raise NotFittedError(must_be(f"frozen member {name!r}", "fitted", got, fix)) from None
        class_columns(name, member, classes)
        expected, found = getattr(member, "n_features_in_", None), count_features(X)
        if expected is not None and found is not None and expected != found:
            fix = "pass the features that it was fitted on, or fit it again"
            must = f"of {expected} features, as frozen member {name!r} was fitted on"
            raise ValueError(must_be("X", must, Described(f"{found} features"), fix))


def count_features(X) -> int | None:
    """Number of features, or None where rows are not made of features (texts, say)."""
    try:
        return _num_features(X)
    except TypeError:
        return None


def class_columns(name: str, member, classes) -> np.ndarray:
    """Tell which class of the ensemble each class of a fitted member is."""
    place = {label: column for column, label in enumerate(classes.tolist())}
    labels = np.asarray(getattr(member, "classes_", classes)).tolist()
    missing = [label for label in place if label not in labels]
    unknown = [label for label in labels if label not in place]
    if missing or unknown:
        parts = [f"none of {missing}"] * bool(missing) + [f"also {unknown}"] * bool(unknown)
        got = Described(", ".join(parts))
        fix = f"fit it on rows of the same classes, or leave it out with set_params({name}='drop')"
        raise ValueError(must_be(f"the classes of member {name!r}", "those of y", got, fix))
    return np.array([place[label] for label in labels])


def params_of_members(vote, members, sample_weight, fit_params) -> dict[str, dict]:
    """Return the arguments of each member's ``fit`` besides X and y: routed ones, or weights."""
    if get_config()["enable_metadata_routing"]:
        weight = {} if sample_weight is None else {"sample_weight": sample_weight}
        routed = process_routing(vote, "fit", **weight, **fit_params)
        return {name: dict(routed[name]["fit"]) for name, _ in members}
    if sample_weight is None:
        return {name: {} for name, _ in members}
    for name, member in members:
        if _weight_argument(member) is None:
            must = f"None, as member {name!r} takes no weights"
            fix = f"leave it out, or leave the member out with set_params({name}='drop')"
            refusal = must_be("sample_weight", must, Described("weights"), fix)
            what = f"Underlying estimator {type(member).__name__} does not support sample weights."
            raise TypeError(f"{what} {refusal}")
    return {name: {_weight_argument(member): sample_weight} for name, member in members}


def _weight_argument(member) -> str | None:
    if isinstance(member, Pipeline):
        step, last = member.steps[-1]
        inner = _weight_argument(last)
        return inner and f"{step}__{inner}"
    parameters = inspect.signature(member.fit).parameters
    takes_any = any(each.kind is each.VAR_KEYWORD for each in parameters.values())
    return "sample_weight" if takes_any or "sample_weight" in parameters else None


def fit_members(vote, X, y, params, holdout) -> list[tuple[str, Any]]:
    message, total = vote._log_message, len(vote.estimators)
    return Parallel(n_jobs=vote.n_jobs)(
        delayed(_fit_member)(
            name, clone(member), X, y, params[name], holdout, message(name, position, total)
        )
        for position, (name, member) in enumerate(vote.estimators, start=1)
        if not is_dropped(member)
    )


def _fit_member(name: str, member, X, y, params, holdout, message: str | None) -> tuple[str, Any]:
    try:
        with _print_elapsed_time("Voting", message):
            if holdout is not None and _shares_holdout(member):
                _fit_sharing(member, X, y, params, holdout)
            else:
                member.fit(X, y, **params)
    except Exception as error:
        error.add_note(f"raised while member {name!r} was fitted")
        raise
    return name, member


def _shares_holdout(member) -> bool:
    """Whether a member would hold out rows of its own that do not come back into training."""
    # A subclass of Pipeline may fit its steps in another way: some drop rows, or add them.
    if type(member) is Pipeline:
        return _shares_holdout(member.steps[-1][1])
    if not isinstance(member, SnapshotEnsembleClassifier) or member.refit:
        return False
    return learns_weights(member.weighting) or member.validation_fraction is not None


def _fit_sharing(member, X, y, params, holdout) -> None:
    X_val, y_val, weight = holdout
    if type(member) is not Pipeline:
        member.fit(X, y, **params, X_val=X_val, y_val=y_val)
        if weight is not None and learns_weights(member.weighting):
            member.reweight(X_val, y_val, weight)
        return
    # The steps before the last one see the holdout, but do not learn from it.
    *first, (step, last) = member.steps
    options = {"transform_input": member.transform_input, "memory": member.memory}
    head = Pipeline([*first, (step, "passthrough")], **options)
    of_head, of_last = _split_params(head, step, last, params)
    X = head.fit_transform(X, y, **of_head)
    _fit_sharing(last, X, y, of_last, (head.transform(X_val), y_val, weight))
    member.steps = [*head.steps[:-1], (step, last)]


def _split_params(head, step: str, last, params) -> tuple[dict, dict]:
    if get_config()["enable_metadata_routing"]:
        of_head = get_routing_for_object(head).consumes("fit_transform", params)
        of_last = get_routing_for_object(last).consumes("fit", params)
        return {key: params[key] for key in of_head}, {key: params[key] for key in of_last}
    prefix = f"{step}__"
    return {}, {key.removeprefix(prefix): value for key, value in params.items()}
