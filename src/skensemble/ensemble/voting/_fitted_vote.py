"""The record of a fitted vote."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from sklearn.preprocessing import LabelEncoder
from sklearn.utils import Bunch

from skensemble.weighting import WeightingResult


@dataclass(frozen=True, eq=False)
class FittedVote:
    """All that the fit of a vote leaves."""

    members: tuple[tuple[str, Any], ...]  # names and fitted members, without dropped ones
    order: tuple[str, ...]  # all names, as the user gave them
    encoder: LabelEncoder  # from labels to class indices
    weights: np.ndarray  # (M,): Of the members: not negative, sum 1
    weighting: WeightingResult | None  # how they were found; None without a holdout
    tie_tolerance: float  # how far apart two sums of weights may be that are equal but for rounding

    def attribute(self, name: str) -> Any:
        """Return a fitted attribute of the estimator, such as ``weights_``.

        Raises
        ------
        AttributeError
            If there is none of this name, or no member tells.
        """
        own = {
            "estimators_": lambda: [member for _, member in self.members],
            "named_estimators_": self._by_name,
            "le_": lambda: self.encoder,
            "classes_": lambda: self.encoder.classes_,
            "weights_": lambda: self.weights,
            "weighting_": lambda: self.weighting,
        }
        if name in own:
            return own[name]()
        if name in ("n_features_in_", "feature_names_in_"):
            for _, member in self.members:
                if hasattr(member, name):
                    return getattr(member, name)
        raise AttributeError(f"'VotingSnapshotClassifier' object has no attribute {name!r}")

    def attribute_names(self) -> list[str]:
        """Name the fitted attributes."""
        return ["estimators_", "named_estimators_", "le_", "classes_", "weights_", "weighting_"]

    def _by_name(self) -> Bunch:
        fitted = dict(self.members)
        return Bunch(**{name: fitted.get(name, "drop") for name in self.order})
