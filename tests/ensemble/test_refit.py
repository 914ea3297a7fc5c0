"""refit=True: weights from the holdout, snapshots from all rows."""

import re

import keras
import numpy as np
import pytest
from scipy.sparse import csr_matrix
from sklearn.exceptions import ConvergenceWarning

from builders import dense
from skensemble import CyclicCosineDecay, SnapshotEnsembleClassifier, program_cache
from skensemble.exceptions import HoldoutWarning, LearningRateWarning

SETTINGS = {"M": 3, "epochs": 6, "random_state": 0}


def make(**params):
    return SnapshotEnsembleClassifier(dense, **{**SETTINGS, **params})


def assert_same_snapshots(left, right):
    assert len(left) == len(right)
    for a, b in zip(left, right, strict=True):
        assert (a.cycle, a.iteration) == (b.cycle, b.iteration)
        for mine, theirs in zip(a.weights, b.weights, strict=True):
            np.testing.assert_array_equal(mine, theirs)


@pytest.mark.parametrize("engine", ["fused", "keras"])
def test_weights_are_of_the_holdout_and_snapshots_of_all_rows(blobs, engine):
    X, y = blobs
    clf = make(refit=True, engine=engine).fit(X, y)
    learned = make(engine=engine).fit(X, y)
    on_all_rows = make(engine=engine, validation_fraction=None, weighting="uniform").fit(X, y)
    assert_same_snapshots(clf.snapshots_, on_all_rows.snapshots_)
    np.testing.assert_array_equal(clf.weights_, learned.weights_)
    assert clf.weights_.std() > 0.01
    assert clf.weighting_.loss == learned.weighting_.loss
    assert clf.snapshot_scores_ == learned.snapshot_scores_
    expected = np.tensordot(clf.weights_, on_all_rows.member_predict_proba(X), axes=1)
    np.testing.assert_allclose(clf.predict_proba(X), expected, atol=1e-6)
    # 90 rows in batches of 32: 3 iterations an epoch
    np.testing.assert_array_equal(clf.learning_rates_, CyclicCosineDecay(0.1, 18, 3).simulate())
    assert clf.history_ == on_all_rows.history_
    assert set(clf.timings_) == {"build", "train", "score", "solve", "refit"}
    # Nothing that a snapshot was trained on tells how good it is.
    assert [snapshot.scores for snapshot in clf.snapshots_] == [{}, {}, {}]
    for weights, last in zip(clf.model_.get_weights(), clf.snapshots_[-1].weights, strict=True):
        np.testing.assert_array_equal(weights, last)


def test_is_reproducible(blobs):
    first, second = make(refit=True).fit(*blobs), make(refit=True).fit(*blobs)
    assert_same_snapshots(first.snapshots_, second.snapshots_)
    np.testing.assert_array_equal(first.weights_, second.weights_)


@pytest.mark.parametrize("kind", ["dense", "sparse"])
def test_a_holdout_of_ones_own_joins_the_rows(blobs, kind):
    X, y = blobs
    X = X if kind == "dense" else csr_matrix(X)
    clf = make(refit=True).fit(X[:60], y[:60], X_val=X[60:], y_val=y[60:])
    learned = make().fit(X[:60], y[:60], X_val=X[60:], y_val=y[60:])
    on_all_rows = make(validation_fraction=None, weighting="uniform").fit(X, y)
    np.testing.assert_array_equal(clf.weights_, learned.weights_)
    assert_same_snapshots(clf.snapshots_, on_all_rows.snapshots_)


def test_a_holdout_of_ones_own_with_weights(blobs):
    X, y = blobs
    sample_weight = np.r_[np.linspace(0.5, 1.5, 60), np.ones(30)]
    class_weight = {0: 2.0, 1: 1.0, 2: 0.5}
    clf = make(refit=True, class_weight=class_weight)
    clf.fit(X[:60], y[:60], sample_weight[:60], X_val=X[60:], y_val=y[60:])
    alone = make(validation_fraction=None, weighting="uniform", class_weight=class_weight)
    assert_same_snapshots(clf.snapshots_, alone.fit(X, y, sample_weight).snapshots_)


def test_rows_of_no_weight_and_monitored_rows_stay_out(blobs):
    X, y = blobs
    sample_weight = np.ones(90)
    sample_weight[::9] = 0
    params = {"validation_split": 0.25}
    clf = make(refit=True, **params).fit(X, y, sample_weight)
    # 80 rows count, 8 are held out, 18 of the other 72 monitored: 62 rows, 2 iterations an epoch
    assert clf.snapshots_[-1].iteration == 12
    assert len(clf.history_["val_loss"]) == 6
    moved = X.copy()
    moved[::9] = 100.0
    assert_same_snapshots(
        clf.snapshots_, make(refit=True, **params).fit(moved, y, sample_weight).snapshots_
    )


def test_given_and_equal_weights(blobs):
    X, y = blobs
    on_all_rows = make(validation_fraction=None, weighting="uniform").fit(X, y)
    for weighting, weights in [("uniform", [1 / 3] * 3), ([0, 1, 3], [0, 0.25, 0.75])]:
        clf = make(refit=True, weighting=weighting).fit(X, y)
        np.testing.assert_allclose(clf.weights_, weights)
        assert_same_snapshots(clf.snapshots_, on_all_rows.snapshots_)


def test_without_a_holdout_there_is_nothing_to_add(blobs):
    clf = make(refit=True, weighting="uniform", validation_fraction=None).fit(*blobs)
    assert len(clf.snapshots_) == 3
    assert "refit" not in clf.timings_
    X, y = blobs
    X, y = np.r_[X[y < 2], X[y == 2][:1]], np.r_[y[y < 2], 2]
    with pytest.warns(HoldoutWarning, match="label 2, whose only row is needed to train on"):
        make(refit=True).fit(X, y)


def test_a_network_is_traced_once(blobs):
    program_cache.clear()
    make(model__units=7).fit(*blobs)
    traced = program_cache.info().misses
    make(model__units=7, refit=True).fit(*blobs)
    assert program_cache.info().misses == traced


def test_no_warning_comes_twice(blobs):
    with pytest.warns(LearningRateWarning) as caught:
        make(refit=True, optimizer=keras.optimizers.SGD(0.3)).fit(*blobs)
    assert len(caught) == 1


class Stops(keras.callbacks.Callback):
    """Ends each training after so many epochs."""

    def __init__(self, after):
        super().__init__()
        self.after = list(after)

    def on_train_begin(self, logs=None):
        self.last = self.after.pop(0)

    def on_epoch_end(self, epoch, logs=None):
        self.model.stop_training = epoch + 1 == self.last


@pytest.mark.filterwarnings("ignore:Training was stopped by a callback")
@pytest.mark.parametrize(("after", "n_cycles"), [((4, 6), 2), ((6, 4), 2), ((2, 2), 1)])
def test_stopped_by_a_callback_the_finished_cycles_remain(blobs, after, n_cycles):
    X, y = blobs
    clf = make(refit=True, callbacks=[Stops(after)]).fit(X, y)
    assert len(clf.snapshots_) == len(clf.weights_) == n_cycles
    assert clf.weights_.sum() == pytest.approx(1)
    on_all_rows = make(validation_fraction=None, weighting="uniform").fit(X, y)
    assert_same_snapshots(clf.snapshots_, on_all_rows.snapshots_[:n_cycles])
    members = on_all_rows.member_predict_proba(X)[:n_cycles]
    expected = np.tensordot(clf.weights_, members, axes=1)
    np.testing.assert_allclose(clf.predict_proba(X), expected, atol=1e-6)
    np.testing.assert_array_equal(clf.model_.get_weights()[0], clf.snapshots_[-1].weights[0])


def test_warm_start_does_not_go_on_from_rows_that_were_held_out(blobs):
    message = (
        "refit must be False where warm_start=True, got True instead: the rows held out have "
        "trained a network that was refit: there are none to go on with."
    )
    with pytest.raises(ValueError, match=f"^{re.escape(message)}$"):
        make(refit=True, warm_start=True).fit(*blobs)
    clf = make(refit=True).fit(*blobs)
    before = clf.predict_proba(blobs[0])
    clf.set_params(refit=False, warm_start=True, M=4, epochs=8)
    message = (
        "the ensemble must be one without refit, to go on from it, got one that refit=True has "
        "trained on the holdout too instead: raise M and epochs to add cycles, or set "
        "warm_start=False to start again."
    )
    with pytest.raises(ValueError, match=f"^{re.escape(message)}$"):
        clf.fit(*blobs)
    np.testing.assert_array_equal(clf.predict_proba(blobs[0]), before)


def test_a_second_training_that_diverges_leaves_the_first(blobs):
    X, y = blobs
    X = X.copy()
    first = make(weighting="uniform").fit(X, y)
    X[first.holdout_] = 1e30  # rows that only the second training sees
    clf = make(refit=True, weighting="uniform")
    message = (
        "^None of the snapshots that have a weight is finite in the second training.*"
        "The snapshots of the first training are kept.$"
    )
    with (
        pytest.warns(match="The loss became|not finite"),
        pytest.warns(ConvergenceWarning, match=message),
    ):
        clf.fit(X, y)
    assert_same_snapshots(clf.snapshots_, first.snapshots_)
    np.testing.assert_array_equal(clf.weights_, first.weights_)
    expected = first.predict_proba(blobs[0])
    np.testing.assert_array_equal(clf.predict_proba(blobs[0]), expected)


def test_refit_must_be_a_truth_value(blobs):
    message = "refit must be True or False, got 'yes' instead: True trains again on all rows."
    with pytest.raises(TypeError, match=f"^{message}$"):
        make(refit="yes").fit(*blobs)


@pytest.mark.filterwarnings("ignore:Training was stopped by a callback")
def test_a_second_training_that_does_not_reach_the_weights(blobs):
    message = (
        "The second training, on all rows, was stopped by a callback after 1 of 3 cycles, and none "
        "of their snapshots has a weight. Let it train for longer, or set refit=False. The "
        "snapshots of the first training are kept."
    )
    clf = make(refit=True, weighting=[0, 0, 1], callbacks=[Stops((6, 2))])
    with pytest.warns(ConvergenceWarning, match=f"^{re.escape(message)}$"):
        clf.fit(*blobs)
    assert_same_snapshots(clf.snapshots_, make().fit(*blobs).snapshots_)


@pytest.mark.filterwarnings("ignore:Training was stopped by a callback")
def test_scores_of_snapshots_that_the_second_training_did_not_reach(blobs):
    clf = make(refit=True, callbacks=[Stops((6, 4))]).fit(*blobs)
    assert "<td>snapshot 3</td><td>–</td>" in clf._repr_html_()
    assert np.isnan(clf.weighting_.loss)


@pytest.mark.parametrize("kinds", [("dense", "sparse"), ("sparse", "dense")], ids="-".join)
def test_a_holdout_of_another_kind_joins_the_rows(blobs, kinds):
    X, y = blobs
    parts = [
        csr_matrix(part) if kind == "sparse" else part
        for part, kind in zip((X[:60], X[60:]), kinds, strict=True)
    ]
    clf = make(refit=True).fit(parts[0], y[:60], X_val=parts[1], y_val=y[60:])
    on_all_rows = make(validation_fraction=None, weighting="uniform").fit(X, y)
    assert_same_snapshots(clf.snapshots_, on_all_rows.snapshots_)


@pytest.mark.parametrize("class_weight", [None, {0: 2.0, 1: 1.0, 2: 0.5}], ids=["plain", "classes"])
def test_a_holdout_of_ones_own_counts_as_the_rows_do(blobs, class_weight):
    X, y = blobs
    weight = np.full(90, 0.25)
    clf = make(refit=True, class_weight=class_weight, alpha_zero=0.3)
    clf.fit(X[:60], y[:60], weight[:60], X_val=X[60:], y_val=y[60:])
    alone = make(
        validation_fraction=None, weighting="uniform", class_weight=class_weight, alpha_zero=0.3
    )
    assert_same_snapshots(clf.snapshots_, alone.fit(X, y, weight).snapshots_)
