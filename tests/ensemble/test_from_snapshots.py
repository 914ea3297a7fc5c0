"""from_snapshots: an ensemble of what somebody else has trained."""

import re

import keras
import numpy as np
import pytest
from sklearn.exceptions import ConvergenceWarning, NotFittedError

from builders import compiled, dense, fixed
from skensemble import Snapshot, SnapshotBank, SnapshotCallback, SnapshotEnsembleClassifier
from skensemble.backends import seeded
from skensemble.weighting import solve_log_loss

WORDS = np.array(["a", "b", "c"])


@pytest.fixture(scope="module")
def training(blobs):
    """Weights of a network in the end, and the snapshots on its way."""
    X, y = blobs
    model, callback = compiled(), SnapshotCallback(M=3, alpha_zero=0.1)
    with pytest.warns(match="alpha_zero=0.1 replaces"):
        model.fit(X[:60], y[:60], epochs=6, shuffle=False, callbacks=callback, verbose=0)
    return model.get_weights(), callback.bank


@pytest.fixture
def trained(training):
    """A network of each test's own, and the snapshots."""
    weights, bank = training
    model = compiled()
    model.set_weights(weights)
    return model, bank


@pytest.fixture
def rows(blobs):
    X, y = blobs
    return X[60:], y[60:]


def member_probas(model, bank, X):
    before = model.get_weights()
    probas = []
    for snapshot in bank:
        model.set_weights(snapshot.weights)
        probas.append(np.asarray(model(X), dtype=float))
    model.set_weights(before)
    return np.stack(probas)


@pytest.mark.parametrize("labels", ["numbers", "words", "one-hot"])
def test_weights_are_learned_on_the_rows_given(trained, rows, labels):
    model, bank = trained
    X, y = rows
    before = model.get_weights()
    given = {"numbers": y, "words": WORDS[y], "one-hot": np.eye(3, dtype=int)[y]}[labels]
    clf = SnapshotEnsembleClassifier.from_snapshots(model, bank, X, given, random_state=0)
    members = member_probas(model, bank, X)
    np.testing.assert_allclose(clf.member_predict_proba(X), members, atol=1e-6)
    np.testing.assert_allclose(clf.weights_, solve_log_loss(members, y).weights, atol=1e-5)
    assert clf.M == 3
    assert clf.score(X, given) > 0.8
    assert clf.predict(X[:2]).shape == given[:2].shape
    assert clf.snapshot_scores_["name"][-1] == "learned"
    assert clf.history_ == {}
    assert clf.learning_rates_.shape == (0,)
    for mine, theirs in zip(model.get_weights(), before, strict=True):
        np.testing.assert_array_equal(mine, theirs)


def test_from_files(trained, rows, tmp_path):
    model, bank = trained
    paths = []
    before = model.get_weights()
    for snapshot in bank:
        model.set_weights(snapshot.weights)
        paths.append(tmp_path / f"m-{snapshot.cycle}.weights.h5")
        model.save_weights(paths[-1])
    model.set_weights(before)
    from_files = SnapshotEnsembleClassifier.from_snapshots(model, paths, *rows, random_state=0)
    from_bank = SnapshotEnsembleClassifier.from_snapshots(model, bank, *rows, random_state=0)
    np.testing.assert_array_equal(
        from_files.predict_proba(rows[0]), from_bank.predict_proba(rows[0])
    )


def test_a_builder_and_parameters(trained, rows):
    _, bank = trained
    clf = SnapshotEnsembleClassifier.from_snapshots(
        dense, bank, *rows, model__units=8, weighting="uniform", n_last=2, random_state=0
    )
    np.testing.assert_array_equal(clf.weights_, [0, 0.5, 0.5])
    assert clf.get_params()["model__units"] == 8


@pytest.mark.filterwarnings("ignore:Snapshots .* are at chance level")
def test_a_network_of_logits(blobs, rows):
    X, y = rows
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    with seeded(0):
        model = fixed(activation=None)
    bank = SnapshotBank([Snapshot(model.get_weights(), 1, 1)], [v.path for v in model.weights])
    make = SnapshotEnsembleClassifier.from_snapshots
    clf = make(model, bank, X, y, loss=loss, random_state=0)
    expected = keras.ops.softmax(model(X)).numpy()
    np.testing.assert_allclose(clf.predict_proba(X), expected, atol=1e-6)
    message = "^the output of the network must be probabilities"
    with pytest.raises(ValueError, match=message):
        make(model, bank, X, y, random_state=0)


def test_goes_on_with_warm_start(trained, blobs, rows):
    _, bank = trained
    X, y = blobs
    clf = SnapshotEnsembleClassifier.from_snapshots(
        dense, bank, *rows, random_state=0, warm_start=True
    )
    clf.set_params(M=4, epochs=2).fit(X[:60], y[:60], X_val=rows[0], y_val=rows[1])
    assert [s.cycle for s in clf.snapshots_] == [1, 2, 3, 4]
    assert [s.iteration for s in clf.snapshots_] == [4, 8, 12, 16]
    assert len(clf.learning_rates_) == 4
    for mine, theirs in zip(clf.snapshots_[2].weights, bank[2].weights, strict=True):
        np.testing.assert_array_equal(mine, theirs)


def test_goes_on_with_rows_that_it_has_not_seen_only(trained, blobs, rows):
    _, bank = trained
    clf = SnapshotEnsembleClassifier.from_snapshots(
        dense, bank, *rows, random_state=0, warm_start=True
    )
    message = (
        "the holdout must be unseen by every cycle, got rows that the cycles so far may have been "
        "trained on instead: pass X_val and y_val, rows that trained nothing, or set "
        "warm_start=False."
    )
    with pytest.raises(ValueError, match=f"^{re.escape(message)}$"):
        clf.set_params(M=4, epochs=2).fit(*blobs)


def test_snapshots_at_chance_are_named(trained, rows):
    model, bank = trained
    noise = [np.random.default_rng(0).normal(size=w.shape) * 0 for w in bank[0].weights]
    mixed = SnapshotBank([Snapshot(noise, 1, 1), bank[2]], bank.paths)
    with pytest.warns(ConvergenceWarning) as caught:
        SnapshotEnsembleClassifier.from_snapshots(model, mixed, *rows, random_state=0)
    assert str(caught[0].message) == (
        "Snapshots [1] are at chance level on X_val. Are they of this network, is X_val prepared "
        "as it was in training, and are the labels in the order of the network's columns?"
    )
    assert caught[0].filename == __file__


def refuses(message, *arguments, **params):
    with pytest.raises(ValueError, match=f"^{re.escape(message)}$"):
        SnapshotEnsembleClassifier.from_snapshots(*arguments, **params)


def test_another_network(trained, rows):
    _, bank = trained
    path = "sequential/dense/kernel"
    model = fixed(units=9)
    message = (
        f"variable {model.weights[0].path} of the network must be of shape (4, 8), as in the "
        "snapshots, got shape (4, 9) instead: build the network that the snapshots were trained "
        "with."
    )
    assert model.weights[0].path.split("/")[-1] == path.split("/")[-1]
    refuses(message, model, bank, *rows)


def test_a_class_that_the_network_knows_and_y_val_does_not(trained, rows):
    model, bank = trained
    X, y = rows
    message = (
        "y_val must be labels of all 3 classes of the network, got 2 classes, [0, 1] instead: "
        "bring rows of every class, or one-hot rows."
    )
    refuses(message, model, bank, X[y < 2], y[y < 2])


def test_one_hot_rows_without_a_class_cannot_teach(trained, rows):
    model, bank = trained
    X, y = rows
    one_hot = np.eye(3, dtype=int)[y[y < 2]]
    message = (
        "y_val must be labels with every class of [0, 1, 2], got no row of [2] instead: bring "
        "rows of it to learn the weights on, or set weighting='uniform'."
    )
    refuses(message, model, bank, X[y < 2], one_hot)
    clf = SnapshotEnsembleClassifier.from_snapshots(
        model, bank, X[y < 2], one_hot, weighting="uniform"
    )
    assert clf.predict_proba(X).shape == (30, 3)


def test_another_number_of_snapshots(trained, rows):
    model, bank = trained
    message = "M must be the number of snapshots, 3, got 5 instead: leave it out."
    refuses(message, model, bank, *rows, M=5)


def test_an_instance_is_not_touched(trained, rows):
    model, bank = trained
    clf = SnapshotEnsembleClassifier(dense)
    other = clf.from_snapshots(model, bank, *rows)
    assert other is not clf
    with pytest.raises(NotFittedError):
        clf.predict(rows[0])


def test_can_be_shown(trained, rows):
    clf = SnapshotEnsembleClassifier.from_snapshots(*trained, *rows, random_state=0)
    assert clf.current_epoch == 0
    assert "current_epoch" in dir(clf)
    assert "holdout log-loss" in clf._repr_html_()


class TestWithoutRows:
    """classes= instead of rows: nothing to learn."""

    def test_predicts_with_given_weights(self, trained, rows):
        model, bank = trained
        X, _ = rows
        clf = SnapshotEnsembleClassifier.from_snapshots(
            model, bank, classes=WORDS, weighting=[1, 0, 3], random_state=0
        )
        members = member_probas(model, bank, X)
        expected = 0.25 * members[0] + 0.75 * members[2]
        np.testing.assert_allclose(clf.predict_proba(X), expected, atol=1e-6)
        assert clf.predict(X).tolist() == WORDS[expected.argmax(axis=1)].tolist()
        assert clf.classes_.tolist() == ["a", "b", "c"]
        assert clf.n_features_in_ == 4
        assert clf.snapshot_scores_ is None
        assert all(snapshot.scores == {} for snapshot in clf.snapshots_)

    @pytest.mark.parametrize("builder", [dense, None])
    def test_builder_that_takes_its_shape_from_the_data(self, blobs, builder):
        X, y = blobs
        clf = SnapshotEnsembleClassifier(builder, M=2, epochs=4, random_state=0).fit(X, y)
        known = {"classes": [0, 1, 2], "weighting": clf.weights_, "random_state": 0}
        again = SnapshotEnsembleClassifier.from_snapshots(
            builder, clf.snapshots_, input_shape=(4,), **known
        )
        np.testing.assert_allclose(again.predict_proba(X), clf.predict_proba(X), atol=1e-6)
        message = (
            "input_shape must be given where the network takes it from the data, got None instead: "
            "pass the shape of one row, as in (32, 32, 3)."
        )
        with pytest.raises(TypeError) as caught:
            SnapshotEnsembleClassifier.from_snapshots(builder, clf.snapshots_, **known)
        assert str(caught.value) == message

    def test_learns_later(self, trained, rows):
        model, bank = trained
        X, y = rows
        clf = SnapshotEnsembleClassifier.from_snapshots(
            model, bank, classes=[0, 1, 2], weighting="uniform", random_state=0
        )
        clf.reweight(X, y, method="log_loss")
        whole = SnapshotEnsembleClassifier.from_snapshots(model, bank, X, y, random_state=0)
        np.testing.assert_array_equal(clf.weights_, whole.weights_)
        assert clf.snapshot_scores_ == whole.snapshot_scores_

    @pytest.mark.parametrize(
        ("given", "error", "message"),
        [
            (
                {},
                TypeError,
                "X_val must be given where classes is not, got None instead: bring rows that "
                "trained no snapshot, or pass classes and no rows.",
            ),
            (
                {"X_val": np.zeros((3, 4))},
                TypeError,
                "y_val must be given where classes is not, got None instead: bring rows that "
                "trained no snapshot, or pass classes and no rows.",
            ),
            (
                {"classes": [0, 1, 2], "weighting": "uniform", "y_val": [0, 1, 2]},
                TypeError,
                "y_val must be None where classes is given, got rows instead: leave out the one or "
                "the other.",
            ),
            (
                {"classes": [0, 1, 2]},
                ValueError,
                "weighting must be 'uniform' or an array where there are no rows to learn on, got "
                "'log_loss' instead: X_val and y_val in place of classes bring such rows.",
            ),
            (
                {"classes": [0, 1], "weighting": "uniform"},
                ValueError,
                "classes must be labels of all 3 classes of the network, got 2 classes, [0, 1] "
                "instead: name all.",
            ),
            (
                {"classes": [1, 0, 2], "weighting": "uniform"},
                ValueError,
                "classes must be two labels or more, all different, in increasing order, got "
                "[1, 0, 2] instead: the network's columns are the labels in increasing order.",
            ),
            (
                {"classes": ["a", "a", "b"], "weighting": "uniform"},
                ValueError,
                "classes must be two labels or more, all different, in increasing order, got "
                "['a', 'a', 'b'] instead: the network's columns are the labels in increasing "
                "order.",
            ),
            (
                {"classes": [0, 1, 2], "weighting": "uniform", "input_shape": 4},
                TypeError,
                "input_shape must be a sequence of integers, got 4 instead: (32, 32, 3) is the "
                "shape of small images.",
            ),
        ],
        ids=["nothing", "no labels", "both", "to learn", "too few", "order", "twice", "shape"],
    )
    def test_refused(self, trained, given, error, message):
        model, bank = trained
        with pytest.raises(error) as caught:
            SnapshotEnsembleClassifier.from_snapshots(model, bank, random_state=0, **given)
        assert str(caught.value) == message

    def test_needs_a_shape(self, trained):
        _, bank = trained

        def shapeless():
            return keras.Sequential([keras.layers.Dense(8), keras.layers.Dense(3, "softmax")])

        with pytest.raises(ValueError, match="^model must be of a known input shape, got one with"):
            SnapshotEnsembleClassifier.from_snapshots(
                shapeless, bank, classes=[0, 1, 2], weighting="uniform", random_state=0
            )
