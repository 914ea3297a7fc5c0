"""Labels and class indices."""

import re

import numpy as np
import pandas as pd
import pytest

from skensemble.ensemble._targets import TargetEncoder


@pytest.mark.parametrize(
    "y",
    [
        np.array(["b", "a", "c", "a"]),
        ["b", "a", "c", "a"],
        pd.Series(["b", "a", "c", "a"]),
        pd.Categorical(["b", "a", "c", "a"]),
        np.array([7, -3, 9, -3]),
        np.array([2.0, 1.0, 3.0, 1.0]),
        np.array([True, False, True, False]),
        np.array(["b", "a", "c", "a"], dtype=object),
    ],
    ids=lambda y: type(y).__name__,
)
def test_round_trip(y):
    encoder = TargetEncoder()
    indices = encoder.fit_transform(y)
    assert indices.dtype == np.int64
    np.testing.assert_array_equal(encoder.classes_, np.unique(np.asarray(y)))
    np.testing.assert_array_equal(encoder.inverse_transform(indices), np.asarray(y))
    np.testing.assert_array_equal(encoder.transform(y), indices)


def test_one_hot():
    encoder = TargetEncoder()
    y = np.eye(4)[[2, 0, 2]]
    np.testing.assert_array_equal(TargetEncoder().fit_transform(y.tolist()), [2, 0, 2])
    np.testing.assert_array_equal(encoder.fit_transform(y), [2, 0, 2])
    np.testing.assert_array_equal(encoder.classes_, [0, 1, 2, 3])
    np.testing.assert_array_equal(encoder.inverse_transform(np.array([2, 0, 2])), y)
    message = (
        "y must be of 4 columns, got 3 columns instead: give every set of labels the same columns."
    )
    with pytest.raises(ValueError, match=f"^{re.escape(message)}$"):
        encoder.transform(np.eye(3))


def test_types():
    assert TargetEncoder().fit([0, 1, 1]).target_type_ == "binary"
    assert TargetEncoder().fit([0, 1, 2]).target_type_ == "multiclass"


@pytest.mark.parametrize(
    "y", [[0.5, 1.5, 2.5], np.array([[1, 1], [0, 1]]), np.array([[1, 2], [3, 4]])]
)
def test_refuses_what_are_no_classes(y):
    with pytest.raises(ValueError, match=r"label type|1d array|multi"):
        TargetEncoder().fit(y)
