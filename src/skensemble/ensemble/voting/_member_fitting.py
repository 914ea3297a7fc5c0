"""How one member of a vote is fitted, in this process or another."""

from typing import Any

import numpy as np
from sklearn import get_config
from sklearn.base import clone
from sklearn.pipeline import Pipeline
from sklearn.utils._user_interface import _print_elapsed_time
from sklearn.utils.metadata_routing import get_routing_for_object, process_routing
from sklearn.utils.parallel import Parallel, delayed

from skensemble.ensemble._combination import learns_weights
from skensemble.ensemble._snapshot_classifier import SnapshotEnsembleClassifier
from skensemble.ensemble.voting._members import check_take_weights, is_dropped, weight_argument


def fit_member(name: str, member, X, y, params, holdout, message: str | None):
    """Fit a clone of a member, on the shared holdout if it would hold out rows of its own."""
    try:
        with _print_elapsed_time("Voting", message):
            if holdout is not None and shares_holdout(member):
                _fit_sharing(member, X, y, params, holdout)
            else:
                member.fit(X, y, **params)
    except Exception as error:
        error.add_note(f"raised while member {name!r} was fitted")
        raise
    return member


def fit_members(vote, X, y, params, holdout) -> list[tuple[str, Any]]:
    """Fit clones of the members that are not dropped; return their names with them."""
    total = len(vote.estimators)
    numbered = [
        (position, name, member)
        for position, (name, member) in enumerate(vote.estimators, start=1)
        if not is_dropped(member)
    ]
    fitted = Parallel(n_jobs=vote.n_jobs)(
        delayed(fit_member)(
            name,
            clone(member),
            X,
            y,
            params[name],
            holdout,
            vote._log_message(name, position, total),
        )
        for position, name, member in numbered
    )
    return list(zip((name for _, name, _ in numbered), fitted, strict=True))


def params_of_members(vote, members, sample_weight, fit_params) -> dict[str, dict]:
    """Return the arguments of each member's ``fit`` besides X and y.

    Without scikit-learn's metadata routing these are the weights of rows, if any; a pipeline passes
    them to its last step.
    """
    if get_config()["enable_metadata_routing"]:
        weight = {} if sample_weight is None else {"sample_weight": sample_weight}
        routed = process_routing(vote, "fit", **weight, **fit_params)
        return {name: dict(routed[name]["fit"]) for name, _ in members}
    if sample_weight is None:
        return {name: {} for name, _ in members}
    check_take_weights(members)
    return {name: {weight_argument(member): sample_weight} for name, member in members}


def shares_holdout(member) -> bool:
    """Whether a member would hold out rows of its own that do not come back into training."""
    # A subclass of Pipeline may fit its steps in another way: some drop rows, or add them.
    if type(member) is Pipeline:
        return shares_holdout(member.steps[-1][1])
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
    """Tell what is for the last step of a pipeline from what is for those before."""
    if get_config()["enable_metadata_routing"]:
        of_head = get_routing_for_object(head).consumes("fit_transform", params)
        of_last = get_routing_for_object(last).consumes("fit", params)
        return {key: params[key] for key in of_head}, {key: params[key] for key in of_last}
    prefix = f"{step}__"
    return {}, {key.removeprefix(prefix): value for key, value in params.items()}


def holdout_for_members(holdout, classes) -> tuple | None:
    """Turn a holdout into what members take: rows, labels, weights."""
    if holdout is None:
        return None
    return holdout.X, np.asarray(classes)[holdout.y], holdout.sample_weight
