"""scikeras, repaired: the only import of it.

scikeras 0.13 is its last release. Each method below mends one thing, named in its docstring and
held by a test of the same name in ``tests/ensemble/test_scikeras.py``.
"""

from __future__ import annotations

import contextlib
import difflib
import functools
import inspect
import weakref
from abc import ABCMeta

import keras
import numpy as np
from scikeras._utils import accepts_kwargs
from scikeras.wrappers import BaseWrapper, KerasClassifier
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.utils.class_weight import compute_class_weight

from skensemble._validation import Described, must_be
from skensemble.networks._copying import copy_model
from skensemble.networks._keras_values import clone_parameter, fresh_copy, holds_keras
from skensemble.networks._losses import loss_class

__all__ = ["RepairedKerasClassifier"]


# A builder that returns one of these would train it again, in the next fold of a search say.
TRAINED_MODELS: weakref.WeakSet = weakref.WeakSet()


def _sklearn_tags(self):
    return super(BaseWrapper, self).__sklearn_tags__()


# scikit-learn refuses a class with tags of the old kind only. What scikeras inherited, it now
# defines: the same tags as before, also for its own classes.
BaseWrapper.__sklearn_tags__ = _sklearn_tags


class ClassifierFirst(ABCMeta):
    """Puts ClassifierMixin before BaseEstimator, whose tags would hide the classifier's."""

    def mro(cls):
        """Return the bases in the order in which attributes are looked up."""
        order = super().mro()
        order.remove(ClassifierMixin)
        order.insert(order.index(BaseEstimator), ClassifierMixin)
        return order


class RepairedKerasClassifier(KerasClassifier, metaclass=ClassifierFirst):
    """What a scikit-learn classifier around a Keras network needs and scikeras lacks."""

    # Which parameter the network comes from.
    _network_parameter = "model"
    # A deprecated alias of ``model`` that scikeras still reads.
    build_fn = None

    def __sklearn_tags__(self):
        """Take sparse matrices and images, and be a classifier: cross-validation stratifies."""
        tags = super().__sklearn_tags__()
        tags.input_tags.sparse = True
        tags.input_tags.three_d_array = True
        return tags

    def _get_param_names(self):
        """Parameters are what the constructor takes, not every attribute without an underscore."""
        signature = inspect.signature(type(self).__init__).parameters.values()
        declared = [
            parameter.name
            for parameter in signature
            if parameter.name != "self" and parameter.kind != parameter.VAR_KEYWORD
        ]
        return declared + self._extra_param_names()

    def _extra_param_names(self) -> list[str]:
        """Routed parameters (``model__units``) and those that go to the builder by their name."""
        user: set[str] = getattr(self, "_user_params", set())
        return [name for name in vars(self) if name in user or name.startswith(self._prefixes)]

    @property
    def _prefixes(self) -> tuple[str, ...]:
        return tuple(f"{name}__" for name in (*self._routing_prefixes, "callbacks", "score"))

    def __repr__(self, N_CHAR_MAX=700):
        """Print as any scikit-learn estimator does."""
        return BaseEstimator.__repr__(self, N_CHAR_MAX)

    def __sklearn_clone__(self):
        """Share models, losses, metrics and optimizers with the clone: ``fit`` changes none.

        The deep copy of scikeras fails on classes of the user's own, and registers the class of a
        model with Keras for the whole process.
        """
        params = self.get_params(deep=False).items()
        own = {name: clone_parameter(value) for name, value in params if holds_keras(value)}
        bare = object.__new__(type(self))
        vars(bare).update(vars(self), **dict.fromkeys(own))
        clone = super(RepairedKerasClassifier, bare).__sklearn_clone__()
        vars(clone).update(own)
        return clone

    def set_params(self, **params):
        """Set parameters, routed ones (``model__units``) included.

        Parameters
        ----------
        **params
            Parameters by name.

        Returns
        -------
        SnapshotEnsembleClassifier
            The estimator itself.
        """
        routed = {name: value for name, value in params.items() if name.startswith(self._prefixes)}
        BaseEstimator.set_params(
            self, **{name: value for name, value in params.items() if name not in routed}
        )
        vars(self).update(routed)
        return self

    def _check_model_param(self):
        """Take any callable as a builder, and train a copy of a model that is given as such."""
        model = self.model
        if model is None:
            return self._default_model
        if isinstance(model, keras.Model):
            # The builder of scikeras returns the caller's own model, which fit would train.
            return lambda: copy_model(model)
        if isinstance(model, type):
            return _without_kwargs(model)
        if callable(model):
            return model
        raise TypeError(
            must_be(
                "model",
                "a function that builds a Keras model, a Keras model, or None",
                model,
                "pass the function itself, not its name",
            )
        )

    def _build_keras_model(self):
        """Name the builder in its errors; nothing else may seed it than ``fit``."""
        builder = self._check_model_param()
        self._check_builder_parameters(builder)
        self._random_state = None
        try:
            model = super()._build_keras_model()
        except Exception as error:
            given = f"{self._network_parameter}={getattr(self, self._network_parameter)!r}"
            error.add_note(f"raised while the network was built by {given}")
            raise
        if not isinstance(model, keras.Model):
            raise TypeError(
                must_be("the result of the model builder", "a keras.Model", model, "return it")
            )
        if holds(self.model, model):
            return copy_model(model)
        if model in TRAINED_MODELS:
            raise ValueError(
                must_be(
                    "the result of the model builder",
                    "a new model at each call",
                    Described("a model that has been trained in a fit"),
                    "build the model inside the function, or pass the model itself: fit trains a "
                    "copy of it",
                )
            )
        return model

    def _builder_sees_compile_kwargs(self) -> bool:
        """Whether ``optimizer__name`` and the like reach a builder that compiles by itself."""
        builder = self._check_model_param()
        return accepts_kwargs(builder) or any(
            name in inspect.signature(builder).parameters for name in ("compile_kwargs", "params")
        )

    def _routed_to_compile(self) -> list[str]:
        prefixes = ("optimizer__", "loss__")
        return [name for name in self._extra_param_names() if name.startswith(prefixes)]

    def _check_builder_parameters(self, builder) -> None:
        """Refuse a parameter that neither the estimator nor the builder knows."""
        if accepts_kwargs(builder):
            return
        known = inspect.signature(builder).parameters
        for name in self._extra_param_names():
            wanted = name.removeprefix("model__")
            routed_elsewhere = wanted == name and name.startswith(self._prefixes)
            if routed_elsewhere or wanted in known:
                continue
            rest = name.partition("__")[2]
            parameters = [*self._get_param_names(), *(f"model__{key}" for key in known)]
            parameters += [f"{other}{rest}" for other in self._prefixes if rest]
            close = difflib.get_close_matches(name, [key for key in parameters if key != name], 1)
            raise TypeError(
                must_be(
                    f"parameter {name}",
                    "one of the estimator or of its model builder",
                    getattr(self, name),
                    f"did you mean {close[0]}" if close else "leave it out",
                )
            )

    def _get_compile_kwargs(self):
        """Compile with copies of the caller's optimizer and metrics, which training changes."""
        bare = object.__new__(type(self))
        vars(bare).update(vars(self))
        bare.metrics = fresh_copy(self.metrics)
        optimizer = self.optimizer
        if isinstance(optimizer, keras.optimizers.Optimizer):
            bare.optimizer = fresh_copy(optimizer)
        else:
            if optimizer is None:
                bare.optimizer = "sgd"
                vars(bare).setdefault("optimizer__momentum", 0.9)
                vars(bare).setdefault("optimizer__nesterov", True)
            vars(bare).setdefault("optimizer__learning_rate", float(self.alpha_zero))
        if isinstance(self.loss, str) and any(n.startswith("loss__") for n in vars(self)):
            # scikeras takes a name for a function, which has no parameters to set.
            bare.loss = loss_class(self.loss) or self.loss
        return super(RepairedKerasClassifier, bare)._get_compile_kwargs()

    def _weight_of_each_class(self, y) -> np.ndarray | None:
        """Leave it to ``fit`` to multiply these into an array that is not the caller's.

        Parameters
        ----------
        y : ndarray of shape (n,)
            Class indices of the training rows.

        Returns
        -------
        ndarray of shape (k,), float64, or None
            1 for a class without rows.
        """
        if self.class_weight is None:
            return None
        present = np.unique(y)
        weights = np.ones(len(self.classes_))
        weights[present] = compute_class_weight(
            self.class_weight, classes=self.classes_[present], y=self.classes_[y]
        )
        if not np.isfinite(weights).all() or (weights < 0).any():
            fix = "give each label a weight of at least 0"
            got = self.class_weight
            raise ValueError(must_be("class_weight", "finite and not negative", got, fix))
        return weights

    def score(self, X, y, sample_weight=None):
        """Accuracy on the given data and labels.

        Labels may be longer strings, or wider integers, than those of ``fit``.

        Parameters
        ----------
        X : array-like or sparse matrix of shape (n, ...)
            Rows to predict.
        y : array-like of shape (n,)
            Their labels.
        sample_weight : array-like of shape (n,), optional
            Weight of each row.

        Returns
        -------
        float
            Share of rows predicted right, between 0 and 1.
        """
        return self.scorer(y, self.predict(X), sample_weight=sample_weight)

    @property
    def current_epoch(self) -> int:
        """Epochs trained here: none after ``from_snapshots``."""
        return len(vars(self).get("history_", {}).get("loss", []))

    @property
    def initialized_(self) -> bool:
        """Whether ``fit`` has ended; asking builds nothing."""
        return "snapshots_" in vars(self)

    @property
    def partial_fit(self):
        """Not offered: one epoch more is not one cycle more."""
        raise AttributeError(
            "A snapshot ensemble has no partial_fit: to train more cycles, set warm_start=True, "
            "raise M and epochs, and call fit again."
        )

    @property
    def initialize(self):
        """Not offered: without training there are no snapshots."""
        raise AttributeError("A snapshot ensemble has no initialize: call fit.")


def holds(builder, model) -> bool:
    """Whether a builder only hands out a model that somebody else has."""
    values = list(getattr(builder, "__dict__", {}).values())
    if isinstance(builder, functools.partial):
        values += [*builder.args, *builder.keywords.values()]
        builder = builder.func
    if inspect.isfunction(builder):
        values += [*(builder.__defaults__ or ()), *(builder.__kwdefaults__ or {}).values()]
        with contextlib.suppress(ValueError):  # a variable that has no value yet
            variables = inspect.getclosurevars(builder)
            values += [*variables.nonlocals.values(), *variables.globals.values()]
    return any(value is model for value in values)


def _without_kwargs(cls):
    """Make a class a builder that is handed what it names, not all that ``**kwargs`` would take.

    The constructor of a Keras model passes its ``**kwargs`` on to one that knows none of ours.
    """

    def build(**parameters):
        return cls(**parameters)

    signature = inspect.signature(cls)
    named = [p for p in signature.parameters.values() if p.kind is not p.VAR_KEYWORD]
    build.__signature__ = signature.replace(parameters=named)
    return build
