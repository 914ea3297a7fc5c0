"""Which members can vote: what is checked before any of them trains."""

import inspect
from numbers import Integral

import numpy as np
from sklearn.base import ClassifierMixin, is_classifier
from sklearn.dummy import DummyClassifier
from sklearn.ensemble import StackingClassifier
from sklearn.exceptions import NotFittedError
from sklearn.frozen import FrozenEstimator
from sklearn.model_selection._search import BaseSearchCV
from sklearn.pipeline import Pipeline
from sklearn.utils.validation import _num_features, check_is_fitted

from skensemble._validation import Described, check_choice, check_flag, check_integer, must_be
from skensemble.ensemble._holdout import check_validation_fraction


def is_dropped(estimator) -> bool:
    """Whether it stands for a member that is left out."""
    return isinstance(estimator, str) and estimator == "drop"


def check_vote_parameters(vote) -> None:
    """Raise unless every parameter that is not about the members is in its range."""
    check_choice("voting", vote.voting, ("hard", "soft"), fix="soft votes by probabilities")
    check_validation_fraction(vote.validation_fraction)
    check_flag("flatten_transform", vote.flatten_transform, fix="False keeps the members apart")
    if not isinstance(vote.verbose, bool | np.bool_):
        check_integer("verbose", vote.verbose, minimum=0, fix="True prints, False does not")
    if vote.n_jobs is not None and (
        isinstance(vote.n_jobs, bool) or not isinstance(vote.n_jobs, Integral)
    ):
        fix = "2 fits two members at a time, -1 as many as there are processors"
        raise TypeError(must_be("n_jobs", "an integer or None", vote.n_jobs, fix))


def check_members(vote) -> None:
    """Check names as scikit-learn does, and members by what they are to us."""
    pairs = isinstance(vote.estimators, list) and all(
        not isinstance(item, list | tuple) or len(item) == 2 for item in vote.estimators
    )
    if not pairs:
        fix = "pass [('a', first), ('b', second)]"
        what = "estimators"
        raise TypeError(must_be(what, "a list of (name, classifier) pairs", vote.estimators, fix))
    # scikit-learn would refuse members of scikeras, whose tags do not say that they classify.
    stand_ins = [
        (item[0], "drop" if is_dropped(item[1]) else DummyClassifier())
        if isinstance(item, list | tuple)
        else item
        for item in vote.estimators
    ]
    type(vote)(stand_ins)._validate_estimators()
    check_are_classifiers(vote.estimators)


def check_are_classifiers(estimators) -> None:
    """Raise, in scikit-learn's words and ours, unless each is a classifier or 'drop'."""
    for name, estimator in estimators:
        if not is_dropped(estimator) and not _classifies(estimator):
            kind = estimator if isinstance(estimator, type) else type(estimator)
            must = must_be(
                f"member {name!r}",
                "a classifier or 'drop'",
                estimator,
                "members vote on labels, so each must be an instance of a classifier",
            )
            raise ValueError(f"The estimator {kind.__name__} should be a classifier: {must}")


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
    """Raise unless each member has ``predict_proba``."""
    for name, member in members:
        if not hasattr(member, "predict_proba") and not _stacks_by_default(member):
            must = "a classifier with predict_proba where voting='soft'"
            fix = (
                "take voting='hard', put it into CalibratedClassifierCV, or leave it out with "
                f"set_params({name}='drop')"
            )
            raise ValueError(must_be(f"member {name!r}", must, member, fix))


def _stacks_by_default(member) -> bool:
    """Whether it has ``predict_proba`` once it is fitted, although it says no before."""
    while isinstance(member, Pipeline):
        member = member.steps[-1][1]
    return isinstance(member, StackingClassifier) and member.final_estimator is None


def weight_argument(member) -> str | None:
    """Name of the argument under which its ``fit`` takes the weights of rows."""
    if isinstance(member, Pipeline):
        step, last = member.steps[-1]
        inner = weight_argument(last)
        return inner and f"{step}__{inner}"
    parameters = inspect.signature(member.fit).parameters
    takes = "sample_weight" in parameters or any(
        parameter.kind is parameter.VAR_KEYWORD for parameter in parameters.values()
    )
    return "sample_weight" if takes else None


def check_take_weights(members) -> None:
    """Raise unless each member's ``fit`` takes the weights of rows."""
    for name, member in members:
        if weight_argument(member) is None:
            must = must_be(
                "sample_weight",
                f"None, as member {name!r} takes no weights",
                Described("weights"),
                f"leave it out, or leave the member out with set_params({name}='drop')",
            )
            kind = type(member).__name__
            raise TypeError(f"Underlying estimator {kind} does not support sample weights. {must}")


def check_frozen(members, X, classes) -> None:
    """Raise unless the frozen members are fitted, on as many features and on the same classes."""
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
    known = getattr(member, "classes_", None)
    if known is None:
        return np.arange(len(classes))
    place = {label: column for column, label in enumerate(classes.tolist())}
    labels = np.asarray(known).tolist()
    missing = [label for label in place if label not in labels]
    unknown = [label for label in labels if label not in place]
    if missing or unknown:
        parts = [f"none of {missing}"] * bool(missing) + [f"also {unknown}"] * bool(unknown)
        got = Described(", ".join(parts))
        fix = f"fit it on rows of the same classes, or leave it out with set_params({name}='drop')"
        raise ValueError(must_be(f"the classes of member {name!r}", "those of y", got, fix))
    return np.array([place[label] for label in labels])
