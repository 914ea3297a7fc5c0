"""Warnings point at the line of the user, however deep in the package they come from."""

import numpy as np
import pytest
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from builders import dense
from skensemble import SnapshotEnsembleClassifier
from skensemble.exceptions import HoldoutWarning


@pytest.mark.parametrize(
    "wrap", [lambda clf: clf, lambda clf: make_pipeline(StandardScaler(), clf)]
)
def test_the_line_of_the_user(blobs, wrap):
    X, y = blobs
    X, y = np.r_[X[y < 2], X[y == 2][:1]], np.r_[y[y < 2], 2]
    clf = wrap(SnapshotEnsembleClassifier(dense, M=2, epochs=8, random_state=0))
    with pytest.warns(HoldoutWarning) as caught:
        clf.fit(X, y)
    assert {warning.filename for warning in caught} == {__file__}
