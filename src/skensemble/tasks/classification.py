"""Classification: each row has one label out of k."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
from sklearn.utils import check_array, column_or_1d
from sklearn.utils.class_weight import compute_class_weight
from sklearn.utils.multiclass import check_classification_targets, type_of_target
from sklearn.utils.validation import _check_y

from skensemble import weighting
from skensemble._validation import Described, must_be
from skensemble.tasks._output_layer import OutputLayer
from skensemble.tasks._stratified_holdout import split_holdout, why_no_holdout
from skensemble.weighting import WeightingResult


@dataclass(frozen=True, eq=False)
class Classification:
    """The labels, and all that follows from them.

    Targets are class indices. One-hot rows, as Keras users write them, are labels
    ``0, 1, …, k - 1``, and come back one-hot.
    """

    classes_: np.ndarray  # (k,): Labels in increasing order
    one_hot_: bool = False  # whether the labels are one-hot rows

    @classmethod
    def learn(cls, y: Any) -> tuple[Self, np.ndarray]:
        """Learn the labels from y; return the task and the class indices, int64 of shape (n,)."""
        if _is_one_hot(y):
            y = check_array(y)
            task, indices = cls(np.arange(y.shape[1]), one_hot_=True), y.argmax(axis=1)
        else:
            y = column_or_1d(_check_y(y, multi_output=True, estimator=None), warn=True)
            check_classification_targets(y)
            classes, indices = np.unique(y, return_inverse=True)
            task = cls(classes)
        if len(np.unique(indices)) < 2:
            must = "labels of at least two classes"
            got = Described(f"1 class, {task.classes_[indices].tolist()[0]!r}")
            fix = "a classifier needs rows of another class to learn from"
            raise ValueError(must_be("y", must, got, fix))
        return task, indices.astype(np.int64)

    def transform(self, y: Any, name: str = "y") -> np.ndarray:
        """Return the class indices of known labels; ``name`` is what errors call them."""
        if not self.one_hot_:
            return class_indices(y, self.classes_, name)
        if np.ndim(y) != 2:
            fix = "pass labels as you did to fit"
            got = Described(f"{np.ndim(y)} dimensions")
            raise ValueError(must_be(name, "one-hot rows, as in fit", got, fix))
        y = check_array(y)
        if y.shape[1] != self.n_classes:
            fix = "give every set of labels the same columns"
            got = Described(f"{y.shape[1]} columns")
            raise ValueError(must_be(name, f"of {self.n_classes} columns", got, fix))
        indices: np.ndarray = y.argmax(axis=1).astype(np.int64)
        return indices

    def inverse_transform(self, indices: np.ndarray) -> np.ndarray:
        """Return the labels of class indices."""
        of_class = np.eye(self.n_classes, dtype=np.int64) if self.one_hot_ else self.classes_
        labels: np.ndarray = of_class[indices]
        return labels

    @property
    def n_classes(self) -> int:
        """Number of classes, k."""
        return len(self.classes_)

    def meta(self) -> dict[str, Any]:
        """Return what a builder may know of y, by the names that scikeras has for it."""
        return {
            "classes_": self.classes_,
            "n_classes_": self.n_classes,
            "target_type_": "binary" if self.n_classes == 2 else "multiclass",
            "n_outputs_": 1,
            "n_outputs_expected_": 1,
            "y_ndim_": 2 if self.one_hot_ else 1,
            "target_encoder_": self,
        }

    def weight_of_each_class(
        self, class_weight: Mapping[Any, float] | str | None, y: np.ndarray
    ) -> np.ndarray | None:
        """Return the weight of each class, float64 of shape (k,): 1 for a class without rows."""
        if class_weight is None:
            return None
        present = np.unique(y)
        weights = np.ones(self.n_classes)
        weights[present] = compute_class_weight(
            class_weight, classes=self.classes_[present], y=self.classes_[y]
        )
        if not np.isfinite(weights).all() or (weights < 0).any():
            fix = "give each label a weight of at least 0"
            raise ValueError(must_be("class_weight", "finite and not negative", class_weight, fix))
        return weights

    # The holdout, and what is checked before training

    split_holdout = staticmethod(split_holdout)

    def why_no_holdout(self, y: np.ndarray, validation_fraction: float | int) -> tuple[str, str]:
        """Say why `split_holdout` holds nothing out, and how to change that."""
        return why_no_holdout(y, self.classes_, validation_fraction)

    def check_can_train(self, seen: np.ndarray) -> None:
        """Raise unless ``seen``, the class indices of rows with a weight, has two classes."""
        if len(np.unique(seen)) < 2:
            must = "positive in at least two classes"
            got = Described("positive in 1 class only")
            fix = "give rows of another class a weight too"
            raise ValueError(must_be("sample_weight", must, got, fix))

    def check_can_weigh(
        self,
        method: Any,
        y: np.ndarray,
        sample_weight: np.ndarray | None,
        seen: np.ndarray,
        *,
        name: str,
        parameter: str,
        instead: str = "set weighting='uniform'",
    ) -> None:
        """Raise if combination weights cannot be learned on a holdout with these targets.

        It needs a row of each class that training has ``seen``. Errors call y ``name``, the method
        ``parameter``, and say what can be done ``instead``.
        """
        counted = y if sample_weight is None else y[sample_weight > 0]
        self.check_every_class(counted, seen, name=name, instead=instead)
        weighting.check_scores(method, y, sample_weight, classes=self.classes_, name=parameter)

    def check_every_class(
        self, y: np.ndarray, needed: np.ndarray, *, name: str, instead: str
    ) -> None:
        """Raise unless there is a row of each of the classes ``needed``."""
        missing = np.setdiff1d(needed, y)
        if len(missing):
            must = f"labels with every class of {self.classes_[needed].tolist()}"
            got = Described(f"no row of {self.classes_[missing].tolist()}")
            fix = f"bring rows of it to learn the weights on, or {instead}"
            raise ValueError(must_be(name, must, got, fix))

    # The last layer of the network

    @staticmethod
    def default_loss(n_units: int) -> str:
        """Return the loss of a network where none is given: cross-entropy."""
        return "binary_crossentropy" if n_units == 1 else "sparse_categorical_crossentropy"

    def check_width(self, shape: tuple[int, ...]) -> int:
        """Return the number of output units: one per class, or one for two classes."""
        k = self.n_classes
        if len(shape) != 2 or shape[1] not in ((1, 2) if k == 2 else (k,)):
            either = "(n, 2), or (n, 1) with a sigmoid," if k == 2 else f"(n, {k})"
            must = f"of shape {either} for the {k} classes in y"
            got = Described(f"shape (n{''.join(f', {size}' for size in shape[1:])})")
            fix = (
                "end the network in one unit per class; a builder with an argument meta finds "
                "their number in meta['n_classes_']"
            )
            raise ValueError(must_be("the output of the network", must, got, fix))
        return shape[1]

    def check_names_all(self, n_units: int, learned_from_rows: bool) -> None:
        """Raise if a trained network has outputs for more classes than y names."""
        if n_units > self.n_classes:
            name = "y_val" if learned_from_rows else "classes"
            must = f"labels of all {n_units} classes of the network"
            got = Described(f"{self.n_classes} classes, {self.classes_.tolist()}")
            fix = "bring rows of every class, or one-hot rows" if learned_from_rows else "name all"
            raise ValueError(must_be(name, must, got, fix))

    def output_layer(self, n_units: int, from_logits: bool) -> OutputLayer:
        """Return what the outputs of a network with such a last layer mean."""
        return OutputLayer(self.n_classes, n_units, from_logits)

    def target_width(self, n_units: int, wants_rows: bool) -> int | None:
        """Return the columns of the one-hot targets of a loss, or None where it takes indices."""
        return self.n_classes if n_units > 1 and wants_rows else None

    # Criteria for combination weights

    def find_weights(
        self, method: Any, probas: np.ndarray, y: np.ndarray, sample_weight: np.ndarray | None
    ) -> WeightingResult:
        """Learn combination weights; see `skensemble.weighting.find_weights`."""
        return weighting.find_weights(method, probas, y, sample_weight, classes=self.classes_)

    evaluate_weights = staticmethod(weighting.evaluate_weights)

    @staticmethod
    def scores(
        probas: Iterable[np.ndarray], y: np.ndarray, sample_weight: np.ndarray | None
    ) -> dict[str, list[float]]:
        """Return log-loss, in nats, and accuracy of each of several (n, k) of probabilities.

        NaN where a probability is not finite.
        """
        found: dict[str, list[float]] = {"log_loss": [], "accuracy": []}
        rows = np.arange(len(y))
        for proba in probas:
            loss = accuracy = np.nan
            if np.isfinite(proba).all():
                loss = np.average(_log_loss(proba[rows, y]), weights=sample_weight)
                accuracy = np.average(proba.argmax(axis=1) == y, weights=sample_weight)
            found["log_loss"].append(float(loss))
            found["accuracy"].append(float(accuracy))
        return found

    @staticmethod
    def at_chance(
        probas: np.ndarray, y: np.ndarray, sample_weight: np.ndarray | None = None
    ) -> bool:
        """Whether predictions are no better than the class frequencies, in both of two ways.

        The log-loss is at least (98% of) the entropy of the class frequencies, and no more rows are
        right than the most frequent class has. The same probabilities for every row always are so.
        """
        share = np.full(len(y), 1.0) if sample_weight is None else sample_weight.astype(np.float64)
        share = share / share.sum()
        frequencies = np.bincount(y, share, minlength=probas.shape[1])
        present = frequencies[frequencies > 0]
        entropy = -(present * np.log(present)).sum()
        log_loss = (share * _log_loss(probas[np.arange(len(y)), y])).sum()
        accuracy = share[probas.argmax(axis=1) == y].sum()
        return bool(log_loss >= 0.98 * entropy and accuracy <= frequencies.max() + 0.01)


def _log_loss(of_true_class: np.ndarray) -> np.ndarray:
    """Log-loss of each row, in nats; probabilities below the float64 epsilon count as epsilon."""
    probabilities = of_true_class.astype(np.float64, copy=False)
    losses: np.ndarray = -np.log(np.clip(probabilities, np.finfo(np.float64).eps, 1.0))
    return losses


def class_indices(y: Any, classes: np.ndarray, name: str = "y") -> np.ndarray:
    """Return the indices of labels in sorted classes, int64 of shape (n,)."""
    y = column_or_1d(y, warn=True)
    unknown = np.setdiff1d(y, classes)
    if len(unknown):
        must = f"labels that training has seen, {_first_few(classes, 10)}"
        got = Described(f"labels {_first_few(unknown, 5)}")
        raise ValueError(must_be(name, must, got, "bring rows of these classes only"))
    indices: np.ndarray = np.searchsorted(classes, y).astype(np.int64)
    return indices


def _first_few(labels: np.ndarray, n: int) -> str:
    return ", ".join(map(repr, labels[:n].tolist())) + (", ..." if len(labels) > n else "")


def _is_one_hot(y: Any) -> bool:
    y = np.asarray(y) if isinstance(y, list | tuple) else y
    if getattr(y, "ndim", 1) != 2 or type_of_target(y) != "multilabel-indicator":
        return False
    return bool((np.asarray(y).sum(axis=1) == 1).all())
