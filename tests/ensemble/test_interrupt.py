"""Ctrl-C in fit keeps the cycles that are finished."""

import signal

import keras
import numpy as np
import pytest
from sklearn.exceptions import ConvergenceWarning, NotFittedError
from sklearn.utils.validation import check_is_fitted

from builders import dense
from skensemble import SnapshotEnsembleClassifier

ENGINES = pytest.mark.parametrize("engine", ["fused", "keras"])


class CtrlC(keras.callbacks.Callback):
    """Interrupts the n-th training after so many epochs; a signal arrives in the same way."""

    def __init__(self, after, training=1):
        super().__init__()
        self.after, self.training, self.n_begun = after, training, 0

    def on_train_begin(self, logs=None):
        self.n_begun += 1

    def on_epoch_end(self, epoch, logs=None):
        if self.n_begun == self.training and epoch + 1 == self.after:
            raise KeyboardInterrupt


def make(*callbacks, **params):
    defaults = {"M": 3, "epochs": 6, "random_state": 0, "callbacks": list(callbacks)}
    return SnapshotEnsembleClassifier(dense, **{**defaults, **params})


def assert_same_snapshots(left, right):
    assert len(left) == len(right)
    for a, b in zip(left, right, strict=True):
        for mine, theirs in zip(a.weights, b.weights, strict=True):
            np.testing.assert_array_equal(mine, theirs)


@ENGINES
@pytest.mark.parametrize("after", [4, 5])
def test_finished_cycles_are_an_ensemble(blobs, engine, after):
    X, y = blobs
    whole = make(engine=engine).fit(X, y)
    message = (
        "^Training was interrupted after 2 of 3 cycles: the ensemble has the snapshots of these.$"
    )
    with pytest.warns(UserWarning, match=message):
        clf = make(CtrlC(after), engine=engine).fit(X, y)
    assert_same_snapshots(clf.snapshots_, whole.snapshots_[:2])
    assert clf.weights_.shape == (2,)
    assert clf.weights_.sum() == pytest.approx(1)
    members = whole.member_predict_proba(X)[:2]
    expected = np.tensordot(clf.weights_, members, axes=1)
    np.testing.assert_allclose(clf.predict_proba(X), expected, atol=1e-6)
    for now, last in zip(clf.model_.get_weights(), clf.snapshots_[-1].weights, strict=True):
        np.testing.assert_array_equal(now, last)


@ENGINES
def test_before_the_end_of_a_cycle_nothing_is_fitted(blobs, engine):
    clf = make(CtrlC(1), engine=engine)
    with pytest.raises(KeyboardInterrupt):
        clf.fit(*blobs)
    with pytest.raises(NotFittedError):
        check_is_fitted(clf)


def test_a_fitted_ensemble_stays_as_it_was(blobs):
    X, y = blobs
    clf = make().fit(X, y)
    before = clf.predict_proba(X)
    clf.set_params(callbacks=[CtrlC(7)], warm_start=True, M=5, epochs=10)
    weights = clf.model_.get_weights()
    with pytest.raises(KeyboardInterrupt):
        clf.fit(X, y)
    np.testing.assert_array_equal(clf.predict_proba(X), before)
    for now, then in zip(clf.model_.get_weights(), weights, strict=True):
        np.testing.assert_array_equal(now, then)


def test_an_interrupted_training_is_not_repeated_on_all_rows(blobs):
    callback = CtrlC(4)
    with pytest.warns(UserWarning, match="Training was interrupted after 2 of 3 cycles"):
        clf = make(callback, refit=True).fit(*blobs)
    assert callback.n_begun == 1
    assert len(clf.snapshots_) == 2


@pytest.mark.parametrize("after", [1, 4])
def test_interrupted_on_all_rows_the_first_training_remains(blobs, after):
    X, y = blobs
    first = make().fit(X, y)
    message = "^Training was interrupted .* The snapshots of the first training are kept.$"
    with pytest.warns(ConvergenceWarning, match=message):
        clf = make(CtrlC(after, training=2), refit=True).fit(X, y)
    assert_same_snapshots(clf.snapshots_, first.snapshots_)
    np.testing.assert_array_equal(clf.weights_, first.weights_)
    np.testing.assert_array_equal(clf.predict_proba(X), first.predict_proba(X))


class Pressed(keras.callbacks.Callback):
    """Ctrl-C comes while TensorFlow or a callback is at work."""

    def __init__(self, after):
        super().__init__()
        self.after, self.went_on = after, False

    def on_epoch_end(self, epoch, logs=None):
        if epoch + 1 == self.after:
            signal.raise_signal(signal.SIGINT)
            self.went_on = True


@ENGINES
@pytest.mark.parametrize("batch_size", [32, 81])
def test_a_signal_waits_until_nothing_is_at_work(blobs, engine, batch_size):
    X, y = blobs
    before = signal.getsignal(signal.SIGINT)
    pressed = Pressed(3)
    with pytest.warns(UserWarning, match="Training was interrupted after 1 of 3 cycles"):
        clf = make(pressed, engine=engine, batch_size=batch_size).fit(X, y)
    assert pressed.went_on
    assert len(clf.history_["loss"]) == 3
    assert_same_snapshots(
        clf.snapshots_, make(engine=engine, batch_size=batch_size).fit(X, y).snapshots_[:1]
    )
    assert signal.getsignal(signal.SIGINT) is before
