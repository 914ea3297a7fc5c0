"""SnapshotEnsembleClassifier: what fit learns and what predict does with it."""

import subprocess
import sys

import keras
import numpy as np
import pytest
from sklearn.metrics import accuracy_score, log_loss
from sklearn.model_selection import train_test_split

from builders import dense
from skensemble import CyclicCosineDecay, SnapshotBank, SnapshotEnsembleClassifier
from skensemble.weighting import evaluate_weights, solve_log_loss

SETTINGS = {"M": 3, "epochs": 6, "random_state": 0}


def fit(X, y, **params):
    return SnapshotEnsembleClassifier(dense, **{**SETTINGS, **params}).fit(X, y)


def test_accuracy_on_digits(digits):
    X, y = digits
    X, X_test, y, y_test = train_test_split(X, y, test_size=0.25, stratify=y, random_state=0)
    clf = SnapshotEnsembleClassifier(dense, model__units=64, M=5, epochs=30, random_state=0)
    assert clf.fit(X, y).score(X_test, y_test) > 0.965


def test_fitted_attributes(blobs):
    X, y = blobs
    clf = fit(X, np.array(["a", "b", "c"])[y], metrics=["accuracy"])
    assert isinstance(clf.snapshots_, SnapshotBank)
    assert len(clf.snapshots_) == 3
    # 9 of 90 rows held out: 81 rows in batches of 32 make 3 iterations an epoch
    assert [(s.cycle, s.iteration) for s in clf.snapshots_] == [(1, 6), (2, 12), (3, 18)]
    np.testing.assert_array_equal(clf.learning_rates_, CyclicCosineDecay(0.1, 18, 3).simulate())
    assert clf.classes_.tolist() == ["a", "b", "c"]
    assert clf.n_features_in_ == 4
    assert not hasattr(clf, "feature_names_in_")
    assert clf.weights_.shape == (3,)
    assert clf.weights_.sum() == pytest.approx(1, abs=1e-12)
    assert sorted(clf.history_) == ["accuracy", "loss"]
    assert len(clf.history_["loss"]) == 6
    assert clf.engine_ == "fused"
    assert clf.engine_details_["xla"]
    assert set(clf.timings_) == {"build", "train", "score", "solve"}
    for weights, last in zip(clf.model_.get_weights(), clf.snapshots_[-1].weights, strict=True):
        np.testing.assert_array_equal(weights, last)


def test_nothing_is_fitted_before_fit(blobs):
    clf = SnapshotEnsembleClassifier(dense)
    for name in ("model_", "learning_rates_", "snapshots_", "weights_"):
        assert not hasattr(clf, name)
    assert not clf.initialized_


class TestWeighting:
    def test_is_learned_on_rows_that_training_never_saw(self, blobs):
        X, y = blobs
        clf = fit(X, y, validation_fraction=0.3)
        rows = clf.holdout_
        assert len(rows) == 27
        expected = solve_log_loss(clf.member_predict_proba(X[rows]), y[rows])
        np.testing.assert_allclose(clf.weights_, expected.weights, atol=1e-9)
        assert clf.weighting_.loss == pytest.approx(log_loss(y[rows], clf.predict_proba(X[rows])))
        assert clf.weighting_.gap < 1e-9
        assert clf.weighting_.method == "log_loss"
        # Whatever the held-out rows are, training gives the same snapshots.
        moved = X.copy()
        moved[rows] = 100.0
        for a, b in zip(
            clf.snapshots_, fit(moved, y, validation_fraction=0.3).snapshots_, strict=True
        ):
            for left, right in zip(a.weights, b.weights, strict=True):
                np.testing.assert_array_equal(left, right)

    def test_scores_are_those_of_the_holdout(self, blobs):
        X, y = blobs
        clf = fit(X, y, validation_fraction=30)
        rows = clf.holdout_
        members = clf.member_predict_proba(X[rows])
        combined = [*members, members.mean(axis=0), clf.predict_proba(X[rows])]
        scores = clf.snapshot_scores_
        assert scores["name"] == ["snapshot 1", "snapshot 2", "snapshot 3", "uniform", "learned"]
        np.testing.assert_allclose(
            scores["log_loss"], [log_loss(y[rows], proba) for proba in combined], rtol=1e-9
        )
        assert scores["accuracy"] == pytest.approx(
            [accuracy_score(y[rows], proba.argmax(axis=1)) for proba in combined]
        )
        for m, snapshot in enumerate(clf.snapshots_):
            assert snapshot.scores == {
                "log_loss": scores["log_loss"][m],
                "accuracy": scores["accuracy"][m],
            }

    def test_own_holdout(self, blobs):
        X, y = blobs
        clf = SnapshotEnsembleClassifier(dense, validation_fraction=None, **SETTINGS)
        labels = np.array(["a", "b", "c"])[y]
        clf.fit(X[:60], labels[:60], X_val=X[60:], y_val=labels[60:])
        expected = solve_log_loss(clf.member_predict_proba(X[60:]), y[60:])
        np.testing.assert_allclose(clf.weights_, expected.weights, atol=1e-9)
        assert clf.weighting_.n_samples == 30
        # All rows of X train: 60 rows in batches of 32 make 2 iterations an epoch
        assert clf.snapshots_[-1].iteration == 12

    def test_own_holdout_without_a_row_of_every_class(self, blobs):
        X, y = blobs
        clf = SnapshotEnsembleClassifier(dense, weighting="uniform", **SETTINGS)
        clf.fit(X, y, X_val=X[:2], y_val=y[:2])
        np.testing.assert_allclose(clf.weights_, 1 / 3)
        assert clf.weighting_.n_samples == 2

    def test_sample_weight_counts_on_the_holdout_too(self, blobs):
        X, y = blobs
        weight = np.linspace(0.1, 3, 90)
        clf = SnapshotEnsembleClassifier(dense, validation_fraction=0.3, **SETTINGS)
        clf.fit(X, y, sample_weight=weight)
        rows = clf.holdout_
        members = clf.member_predict_proba(X[rows])
        expected = solve_log_loss(members, y[rows], weight[rows])
        np.testing.assert_allclose(clf.weights_, expected.weights, atol=1e-9)
        unweighted = solve_log_loss(members, y[rows])
        assert abs(clf.weights_ - unweighted.weights).max() > 1e-6
        assert clf.snapshot_scores_["log_loss"][0] == pytest.approx(
            log_loss(y[rows], members[0], sample_weight=weight[rows])
        )

    def test_class_weights_of_training_count_on_an_own_holdout(self, blobs):
        X, y = blobs
        few = np.r_[0:30, 40:90]
        clf = SnapshotEnsembleClassifier(dense, class_weight="balanced", **SETTINGS)
        rows = np.r_[np.flatnonzero(y < 2)[:20], np.flatnonzero(y == 2)[:2]]
        clf.fit(X[few], y[few], X_val=X[rows], y_val=y[rows])
        weight = len(few) / 3 / np.bincount(y[few])
        expected = solve_log_loss(clf.member_predict_proba(X[rows]), y[rows], weight[y[rows]])
        np.testing.assert_allclose(clf.weights_, expected.weights, atol=1e-9)

    def test_uniform(self, blobs):
        X, y = blobs
        clf = fit(X, y, weighting="uniform")
        np.testing.assert_allclose(clf.weights_, 1 / 3, rtol=1e-12)
        np.testing.assert_allclose(
            clf.predict_proba(X), clf.member_predict_proba(X).mean(axis=0), atol=1e-12
        )
        assert clf.snapshot_scores_["name"][-1] == "uniform"

    def test_without_a_holdout_all_rows_train(self, blobs):
        X, y = blobs
        clf = fit(X, y, weighting="uniform", validation_fraction=None, batch_size=1)
        assert clf.snapshots_[-1].iteration == 6 * 90
        assert clf.snapshot_scores_ is None
        assert clf.snapshots_[0].scores == {}
        assert np.isnan(clf.weighting_.loss)

    def test_given(self, blobs):
        X, y = blobs
        clf = fit(X, y, weighting=[1, 0, 3])
        np.testing.assert_array_equal(clf.weights_, [0.25, 0, 0.75])
        rows = clf.holdout_
        expected = evaluate_weights(
            [1, 3], clf.member_predict_proba(X[rows])[[0, 2]], y[rows], method="given"
        )
        assert clf.weighting_.loss == pytest.approx(expected.loss)
        assert clf.snapshot_scores_["name"][-1] == "given"

    @pytest.mark.parametrize("weighting", ["uniform", "log_loss", [5, 1, 1]])
    def test_n_last(self, blobs, weighting):
        X, y = blobs
        clf = fit(X, y, weighting=weighting, n_last=2)
        assert clf.weights_[0] == 0
        assert clf.weights_.sum() == pytest.approx(1)
        # What is not combined is scored all the same.
        assert np.isfinite(clf.snapshot_scores_["log_loss"]).all()
        if not isinstance(weighting, str):
            np.testing.assert_array_equal(clf.weights_, [0, 0.5, 0.5])
        if weighting == "log_loss":
            rows = clf.holdout_
            expected = solve_log_loss(clf.member_predict_proba(X[rows])[1:], y[rows])
            np.testing.assert_allclose(clf.weights_[1:], expected.weights, atol=1e-9)


class TestPrediction:
    def test_stages(self, blobs):
        X, y = blobs
        clf = fit(X, y)
        members = clf.member_predict_proba(X)
        stages = list(clf.staged_predict_proba(X))
        assert len(stages) == 3
        np.testing.assert_allclose(stages[0], members[0], atol=1e-12)
        two = clf.weights_[:2] / clf.weights_[:2].sum()
        np.testing.assert_allclose(stages[1], np.tensordot(two, members[:2], axes=1), atol=1e-12)
        np.testing.assert_array_equal(stages[2], clf.predict_proba(X))

    def test_stages_before_the_first_weight(self, blobs):
        X, y = blobs
        clf = fit(X, y, n_last=1)
        members = clf.member_predict_proba(X)
        stages = list(clf.staged_predict_proba(X))
        np.testing.assert_allclose(stages[1], members[:2].mean(axis=0), atol=1e-12)
        np.testing.assert_array_equal(stages[2], clf.predict_proba(X))

    def test_labels(self, blobs):
        X, y = blobs
        labels = np.array(["b", "c", "a"])[y]
        clf = fit(X, labels)
        best = clf.predict_proba(X).argmax(axis=1)
        np.testing.assert_array_equal(clf.predict(X), np.array(["a", "b", "c"])[best])
        assert clf.score(X, labels) == (clf.predict(X) == labels).mean()

    def test_does_not_depend_on_the_batch_size(self, blobs):
        X, y = blobs
        clf = fit(X, y)
        whole = clf.predict_proba(X)
        for batch_size in (1, 7, -1, 1000):
            clf.set_params(predict__batch_size=batch_size)
            np.testing.assert_allclose(clf.predict_proba(X), whole, atol=1e-6)

    def test_of_one_row_keeps_its_shape(self, blobs):
        clf = fit(*blobs)
        assert clf.predict_proba(blobs[0][:1]).shape == (1, 3)
        assert clf.predict(blobs[0][:1]).shape == (1,)

    def test_leaves_the_network_alone(self, blobs):
        X, y = blobs
        clf = fit(X, y)
        before = [w.copy() for w in clf.model_.get_weights()]
        clf.predict(X)
        list(clf.staged_predict_proba(X))
        for a, b in zip(before, clf.model_.get_weights(), strict=True):
            np.testing.assert_array_equal(a, b)


class TestIterations:
    @pytest.mark.parametrize(
        ("params", "n_iterations"),
        [
            ({}, 6 * 3),
            ({"batch_size": 81}, 6),
            ({"batch_size": -1}, 6),
            ({"batch_size": 1000}, 6),
            ({"batch_size": 80}, 12),
            ({"fit__batch_size": 80}, 12),
            ({"fit__epochs": 4}, 12),
            ({"epochs": 5}, 15),
            ({"validation_split": 0.5}, 6 * 2),
            ({"compile__steps_per_execution": 2}, 18),
            ({"run_eagerly": True}, 18),
            ({"shuffle": False}, 18),
        ],
    )
    def test_count(self, blobs, params, n_iterations):
        clf = fit(*blobs, **params)
        assert len(clf.learning_rates_) == n_iterations
        assert int(clf.model_.optimizer.iterations) == n_iterations
        ends = [s.iteration for s in clf.snapshots_]
        np.testing.assert_array_equal(ends, CyclicCosineDecay(0.1, n_iterations, 3).cycle_ends)

    def test_as_many_snapshots_as_iterations(self, blobs):
        clf = fit(*blobs, M=6, batch_size=-1)
        assert [s.iteration for s in clf.snapshots_] == [1, 2, 3, 4, 5, 6]
        np.testing.assert_allclose(clf.learning_rates_, 0.1)

    def test_arguments_of_fit_count_for_that_call_only(self, blobs):
        clf = SnapshotEnsembleClassifier(dense, **SETTINGS)
        assert len(clf.fit(*blobs, epochs=3, batch_size=-1).learning_rates_) == 3
        assert len(clf.fit(*blobs).learning_rates_) == 18

    def test_monitored_rows_take_no_part(self, blobs):
        X, y = blobs
        clf = fit(X, y, validation_split=0.25, validation_fraction=None, weighting="uniform")
        assert len(clf.history_["val_loss"]) == 6
        changed = X.copy()
        changed[68:] = 50.0  # the last quarter
        again = fit(
            changed, y, validation_split=0.25, validation_fraction=None, weighting="uniform"
        )
        np.testing.assert_array_equal(again.predict_proba(X), clf.predict_proba(X))
        assert again.history_["val_loss"] != clf.history_["val_loss"]


class TestWarmStart:
    def test_continues_as_if_never_stopped(self, blobs, global_random_seed):
        X, y = blobs
        for optimizer in ("sgd", "adam"):
            params = {
                "optimizer": optimizer,
                "alpha_zero": 0.02,
                "random_state": global_random_seed,
            }
            whole = SnapshotEnsembleClassifier(dense, M=4, epochs=8, **params).fit(X, y)
            clf = SnapshotEnsembleClassifier(dense, M=1, epochs=2, warm_start=True, **params)
            clf.fit(X, y).set_params(M=3, epochs=6).fit(X, y).set_params(M=4, epochs=8).fit(X, y)
            assert [(s.cycle, s.iteration) for s in clf.snapshots_] == [
                (s.cycle, s.iteration) for s in whole.snapshots_
            ]
            for a, b in zip(clf.snapshots_, whole.snapshots_, strict=True):
                for left, right in zip(a.weights, b.weights, strict=True):
                    np.testing.assert_array_equal(left, right)
            np.testing.assert_array_equal(clf.learning_rates_, whole.learning_rates_)
            np.testing.assert_array_equal(clf.weights_, whole.weights_)
            assert clf.history_["loss"] == whole.history_["loss"]

    def test_new_cycles_may_have_another_length_and_rate(self, blobs):
        clf = SnapshotEnsembleClassifier(dense, M=2, epochs=4, warm_start=True, random_state=0)
        clf.fit(*blobs).set_params(M=5, epochs=9, alpha_zero=0.05).fit(*blobs)
        np.testing.assert_array_equal(
            clf.learning_rates_,
            [
                *CyclicCosineDecay(0.1, 12, 2).simulate(),
                *CyclicCosineDecay(0.05, 15, 3).simulate(),
            ],
        )
        assert [s.iteration for s in clf.snapshots_] == [6, 12, 17, 22, 27]

    def test_refuses_what_is_no_continuation(self, blobs):
        X, y = blobs
        clf = SnapshotEnsembleClassifier(dense, M=2, epochs=4, warm_start=True, random_state=0)
        clf.fit(X, y)
        fix = "raise M and epochs to add cycles, or set warm_start=False to start again."
        for params, message in [
            ({"M": 1}, f"M must be at least the 2 cycles trained so far, got 1 instead: {fix}"),
            (
                {"M": 3},
                f"epochs must be more than the 4 epochs trained so far, got 4 instead: {fix}",
            ),
        ]:
            with pytest.raises(ValueError, match=f"^{message}$"):
                clf.set_params(M=2).set_params(**params).fit(X, y)
        assert len(clf.snapshots_) == 2

    @pytest.mark.parametrize(
        "change",
        [
            lambda clf, X, y: clf.fit(X[::-1], y[::-1]),
            lambda clf, X, y: clf.fit(X[1:], y[1:]),
            lambda clf, X, y: clf.set_params(validation_fraction=0.2).fit(X, y),
            lambda clf, X, y: clf.fit(X, y, sample_weight=np.r_[0, np.ones(89)]),
        ],
    )
    def test_never_holds_out_what_an_earlier_cycle_trained_on(self, blobs, change):
        X, y = blobs
        clf = SnapshotEnsembleClassifier(dense, M=2, epochs=4, warm_start=True, random_state=0)
        clf.fit(X, y).set_params(M=3, epochs=6)
        with pytest.raises(ValueError, match="^the holdout must be the same rows in every fit"):
            change(clf, X, y)
        assert len(clf.snapshots_) == 2
        assert len(clf.set_params(validation_fraction=0.1).fit(X, y).snapshots_) == 3

    def test_never_holds_out_rows_after_a_fit_on_all(self, blobs):
        X, y = blobs
        clf = SnapshotEnsembleClassifier(dense, M=1, epochs=2, warm_start=True, random_state=0)
        clf.fit(X, y, X_val=X[:9], y_val=y[:9])
        with pytest.raises(
            ValueError, match="^the holdout must be unseen by every cycle, got rows"
        ):
            clf.set_params(M=2, epochs=4).fit(X, y)

    def test_with_nothing_to_add_stays_as_it_is(self, blobs):
        clf = SnapshotEnsembleClassifier(dense, M=2, epochs=4, warm_start=True, random_state=0).fit(
            *blobs
        )
        snapshots = clf.snapshots_
        with pytest.warns(UserWarning, match="there is no cycle to add") as caught:
            clf.fit(*blobs)
        assert clf.snapshots_ is snapshots
        assert caught[0].filename == __file__

    def test_without_it_fit_starts_again(self, blobs):
        clf = fit(*blobs)
        proba = clf.predict_proba(blobs[0])
        np.testing.assert_array_equal(clf.fit(*blobs).predict_proba(blobs[0]), proba)
        assert len(clf.snapshots_) == 3

    def test_own_holdout_lets_the_rows_change(self, blobs):
        X, y = blobs
        clf = SnapshotEnsembleClassifier(dense, M=1, epochs=2, warm_start=True, random_state=0)
        clf.fit(X[:60], y[:60], X_val=X[60:], y_val=y[60:])
        clf.set_params(M=2, epochs=4).fit(X[:50], y[:50], X_val=X[60:], y_val=y[60:])
        assert len(clf.snapshots_) == 2


class TestDisplay:
    def test_silent_by_default(self, blobs, capfd):
        fit(*blobs)
        assert capfd.readouterr().out == ""

    def test_progress(self, blobs, capsys):
        fit(*blobs, verbose=1)
        lines = capsys.readouterr().out.strip().splitlines()
        assert len(lines) == 3
        for m, line in enumerate(lines, start=1):
            assert line.startswith(f"cycle {m}/3  epoch {2 * m}/6  rate 0.1 → 6.7e-03  loss ")

    def test_keras_lines(self, blobs, capsys):
        fit(*blobs, verbose=2)
        assert capsys.readouterr().out.count("Epoch ") == 6


def test_callbacks_of_every_shape(blobs):
    class Counts(keras.callbacks.Callback):
        def __init__(self):
            super().__init__()
            self.epochs = 0

        def on_epoch_end(self, epoch, logs=None):
            self.epochs += 1

    for wrap in (lambda c: c, lambda c: [c], lambda c: [[c]], lambda c: {"a": c}):
        counts = Counts()
        clf = fit(*blobs, callbacks=wrap(counts))
        assert counts.epochs == 6
        assert not hasattr(clf, "_fit_callbacks")
    batches = []
    listens = keras.callbacks.LambdaCallback(
        on_train_batch_end=lambda batch, logs: batches.append(1)
    )
    fit(*blobs, callbacks=[listens])
    assert len(batches) == 18
    routed = fit(
        *blobs,
        callbacks=keras.callbacks.EarlyStopping,
        callbacks__monitor="loss",
        callbacks__patience=100,
    )
    assert len(routed.snapshots_) == 3


def test_many_fits_in_one_process_are_silent(blobs, capfd, caplog):
    for _ in range(7):
        fit(*blobs, M=1, epochs=1, alpha_zero=0.01).predict(blobs[0])
    assert "retracing" not in capfd.readouterr().err + caplog.text


def test_the_network_can_be_loaded_without_this_package(blobs, tmp_path):
    clf = fit(*blobs)
    clf.model_.save(tmp_path / "model.keras")
    program = (
        "import sys, keras; keras.models.load_model(sys.argv[1]); "
        "assert not any(name.startswith('skensemble') for name in sys.modules)"
    )
    command = [sys.executable, "-c", program, str(tmp_path / "model.keras")]
    subprocess.run(command, check=True, capture_output=True)


def test_seeds_decide(blobs):
    X, y = blobs
    a, b = (fit(X, y, random_state=s).predict_proba(X) for s in (0, 0))
    np.testing.assert_array_equal(a, b)
    c = fit(X, y, random_state=1).predict_proba(X)
    assert not np.array_equal(a, c)
    state = np.random.RandomState(0)
    d, e = (fit(X, y, random_state=state).predict_proba(X) for _ in range(2))
    np.testing.assert_array_equal(d, e)


def test_dropout_is_reproducible(blobs):
    X, y = blobs
    clfs = [
        SnapshotEnsembleClassifier(model__units=(8,), model__dropout=0.3, **SETTINGS).fit(X, y)
        for _ in range(2)
    ]
    np.testing.assert_array_equal(*(clf.predict_proba(X) for clf in clfs))


@pytest.mark.parametrize("engine", ["fused", "keras"])
def test_the_last_network_can_be_exported(blobs, tmp_path, engine):
    clf = fit(*blobs, engine=engine)
    clf.model_.export(tmp_path / "exported", verbose=False)
    assert (tmp_path / "exported" / "saved_model.pb").exists()


def test_holdout_and_backend(blobs):
    X, y = blobs
    clf = fit(X, y, validation_fraction=0.2)
    assert clf.holdout_.dtype == np.int64
    assert np.bincount(y[clf.holdout_]).tolist() == [6, 6, 6]
    assert clf.backend_ == keras.backend.backend()
    assert fit(X, y, validation_fraction=None, weighting="uniform").holdout_ is None


def test_log_probabilities(blobs):
    X, y = blobs
    clf = fit(X, y)
    np.testing.assert_allclose(np.exp(clf.predict_log_proba(X)), clf.predict_proba(X), atol=1e-15)
