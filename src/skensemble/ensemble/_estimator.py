"""What all estimators of snapshots share: routed parameters, and one fitted record."""

import copy
import inspect
import pickle
from collections.abc import Mapping, Sequence
from html import escape
from typing import Any

import cloudpickle
import keras
import numpy as np
from sklearn.base import BaseEstimator

from skensemble import networks
from skensemble.backends import seeded
from skensemble.ensemble._fitted import FITTED_ATTRIBUTES
from skensemble.ensemble._reading import Schema
from skensemble.models import mlp

_NOT_OFFERED = {
    "partial_fit": (
        "A snapshot ensemble has no partial_fit: to train more cycles, set warm_start=True, "
        "raise M and epochs, and call fit again."
    ),
    "initialize": "A snapshot ensemble has no initialize: call fit.",
}

_PLAIN = (type(None), bool, int, float, str, bytes, np.ndarray, np.generic, np.random.RandomState)


class SnapshotEstimator(BaseEstimator):
    """A scikit-learn estimator around a Keras network.

    Parameters are those of the constructor and, as in scikeras, any that are routed to the builder,
    the optimizer, the loss and so on (``optimizer__momentum``). All that a fit leaves is one
    record, ``_fitted``, in which the fitted attributes are looked up.
    """

    _network_parameter = "model"  # that the network comes from

    def _get_param_names(self):
        signature = inspect.signature(type(self).__init__).parameters.values()
        named = [p.name for p in signature if p.name != "self" and p.kind != p.VAR_KEYWORD]
        return named + self._extra_param_names()

    def _extra_param_names(self) -> list[str]:
        """Routed parameters (``model__units``) and those that go to the builder by their name."""
        given: set[str] = vars(self).get("_user_params", set())
        return [name for name in vars(self) if name in given or name.startswith(networks.ROUTES)]

    def set_params(self, **params):
        """Set parameters, routed ones (``model__units``) included.

        Parameters
        ----------
        **params : dict
            Parameters by name.

        Returns
        -------
        estimator
            The estimator itself.
        """
        routed = {name: value for name, value in params.items() if name.startswith(networks.ROUTES)}
        super().set_params(**{name: v for name, v in params.items() if name not in routed})
        vars(self).update(routed)
        return self

    def __sklearn_clone__(self):
        """Share models, losses, metrics and optimizers with the clone: ``fit`` changes none."""
        params = self.get_params(deep=False)
        copies = {name: networks.clone_parameter(value) for name, value in params.items()}
        twin = type(self)(**copies)
        if hasattr(self, "_metadata_request"):
            twin._metadata_request = copy.deepcopy(self._metadata_request)
        return twin

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.input_tags.sparse = True
        tags.input_tags.three_d_array = True
        return tags

    @property
    def feature_encoder(self):
        """Transformer between X and the network, or None; for subclasses, as in scikeras."""
        return None

    def _builder(self, schema: Schema | None):
        return networks.builder_of(self.model, mlp)

    def _network_request(self, schema: Schema | None) -> networks.NetworkRequest:
        return networks.NetworkRequest(
            self._builder(schema),
            given=getattr(self, self._network_parameter),
            given_as=self._network_parameter,
            params=self.get_params(deep=False),
            extra=tuple(self._extra_param_names()),
            meta={} if schema is None else schema.meta,
        )

    def __sklearn_is_fitted__(self):
        return "_fitted" in vars(self)

    @property
    def initialized_(self) -> bool:
        """Whether ``fit`` has ended; asking builds nothing."""
        return "_fitted" in vars(self)

    @property
    def current_epoch(self) -> int:
        """Epochs trained here: none after ``from_snapshots``."""
        return len(self.history_.get("loss", [])) if self.initialized_ else 0

    def __getattr__(self, name: str) -> Any:
        kind = type(self).__name__
        if name in _NOT_OFFERED:
            raise AttributeError(_NOT_OFFERED[name])
        if name.endswith("_") and not name.startswith("_"):
            if "_fitted" not in vars(self):
                raise AttributeError(f"This {kind} is not fitted: it has no {name} yet.")
            if name == "model_":
                return self._fitted.trained.network.model(*self._network_sources())
            if name in self._fitted.schema.meta:
                return self._fitted.schema.meta[name]
            if name in FITTED_ATTRIBUTES:
                return FITTED_ATTRIBUTES[name](self._fitted)
        raise AttributeError(f"{kind!r} object has no attribute {name!r}")

    def __dir__(self):
        found = super().__dir__()
        if self.initialized_:
            found = [*found, "model_", *self._fitted.schema.meta, *FITTED_ATTRIBUTES]
        return found

    def _predictor(self):
        return self._fitted.trained.network.predictor(*self._network_sources())

    def _network_sources(self):
        return self._fitted.weighed.snapshots, self._fitted.schema, self._build_again

    def _build_again(self):
        with seeded(self._fitted.seeds.network):
            return networks.build_network(self._network_request(self._fitted.schema))

    def _get_fitted_attr_html(self, doc_link=""):
        """Put M, the weights and the holdout scores above scikit-learn's table of attributes."""
        attributes = super()._get_fitted_attr_html(doc_link)
        if self.initialized_:
            table = _ensemble_table(self.weights_, self.snapshot_scores_)
            rest = attributes._repr_html_inner
            attributes._repr_html_inner = lambda: table + rest()
        return attributes

    def __getstate__(self):
        state = dict(vars(self))
        for name in self.get_params(deep=False):
            state[name] = _portable(state[name])
        if self.initialized_:
            state["_fitted"] = self._fitted.stored()
        return state

    def __copy__(self):
        twin = type(self).__new__(type(self))
        vars(twin).update(vars(self))
        if self.initialized_:
            twin._fitted = self._fitted.stored()
        return twin


class _Stored:
    """Stands for a value by a function that makes it again, and the arguments of that."""

    def __init__(self, function, *arguments):
        self.function = function
        self.arguments = arguments

    def __reduce__(self):
        return self.function, self.arguments


def _restore_model(architecture: bytes, weights, compiled_with: bytes):
    model = networks.model_from(architecture)
    networks.set_weights(model, weights)
    arguments = cloudpickle.loads(compiled_with)
    if arguments is not None:
        model.compile(**arguments)
    return model


def _portable(value: Any) -> Any:
    """Return a parameter in a form for pickles: by value what cannot be imported there."""
    if isinstance(value, _PLAIN):
        return value
    if isinstance(value, keras.Model):
        architecture = networks.architecture_of(value)
        if architecture is None:
            raise pickle.PicklingError(
                f"{type(value).__name__} must be a model that Keras can rebuild from its "
                "configuration: give it a get_config with all that its constructor needs, or pass "
                "a function that builds it."
            )
        compiled_with = networks.recompile_arguments(value) if value.compiled else None
        arguments = architecture, value.get_weights(), networks.dump_by_value(compiled_with)
        return _Stored(_restore_model, *arguments)
    if type(value) in (list, tuple):
        return type(value)(_portable(item) for item in value)
    if type(value) is dict:
        return {key: _portable(item) for key, item in value.items()}
    if isinstance(value, keras.callbacks.Callback):
        value = networks.without_model(value)
    return _Stored(cloudpickle.loads, networks.dump_by_value(value))


def _ensemble_table(weights: np.ndarray, scores: Mapping[str, Sequence] | None) -> str:
    M = len(weights)
    rows = [[f"snapshot {m + 1}", f"{weight:.3f}"] for m, weight in enumerate(weights)]
    head = ["", "weight"]
    if scores is not None:
        # After a second training that was stopped sooner, there are fewer snapshots than scores.
        rows += [
            [name, "equal" if name == "uniform" else "–" if "snapshot" in name else "as above"]
            for name in scores["name"][M:]
        ]
        for row, loss, accuracy in zip(rows, scores["log_loss"], scores["accuracy"], strict=True):
            row += [f"{loss:.4f}", f"{accuracy:.4f}"]
        head += ["holdout log-loss", "holdout accuracy"]
    body = "".join(f'<tr class="default">{_cells(row, "td")}</tr>' for row in rows)
    return (
        '<div class="estimator-table"><details open>'
        f"<summary>Snapshot ensemble, M = {M}</summary>"
        f'<table class="parameters-table"><tbody><tr>{_cells(head, "th")}</tr>{body}'
        "</tbody></table></details></div>"
    )


def _cells(values: Sequence[str], tag: str) -> str:
    return "".join(f"<{tag}>{escape(value)}</{tag}>" for value in values)
