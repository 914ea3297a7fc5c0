"""Five ways to spend one budget, and the step schedule."""

import numpy as np
import pytest

from skensemble import CyclicCosineDecay, SnapshotEnsembleClassifier
from skensemble.evaluation import METHODS, train_methods
from skensemble.evaluation._step_schedule import StepDecay, StepSnapshots

SINGLE, NO_CYCLE, ONE_CYCLE, EQUAL, EQUAL_LESS, LEARNED, INDEPENDENT = METHODS


@pytest.mark.parametrize("n_iterations", [4, 7, 10, 1000])
def test_step_schedule_in_the_graph(n_iterations):
    schedule = StepDecay(0.1, n_iterations, M=3)
    half, three_quarters = n_iterations // 2, 3 * n_iterations // 4
    expected = [
        0.1 if t < half else 0.01 if t < three_quarters else 0.001 for t in range(n_iterations)
    ]
    np.testing.assert_allclose(schedule.simulate(), expected)
    steps = range(n_iterations) if n_iterations < 20 else [0, half - 1, half, 749, 750, 999]
    in_graph = [float(schedule(t)) for t in steps]
    np.testing.assert_allclose(in_graph, np.array(expected)[list(steps)], rtol=1e-6)


def test_step_schedule_has_the_moments_of_the_cycles():
    np.testing.assert_array_equal(
        StepDecay(0.1, 10, M=3).cycle_ends, CyclicCosineDecay(0.1, 10, M=3).cycle_ends
    )


def linear(meta):
    import keras

    return keras.Sequential(
        [
            keras.Input((meta["n_features_in_"],)),
            keras.layers.Dense(
                meta["n_classes_"], activation="softmax", kernel_initializer="zeros"
            ),
        ]
    )


def test_step_training_is_gradient_descent_with_these_rates(blobs):
    X, y = blobs
    clf = StepSnapshots(
        linear,
        M=2,
        alpha_zero=0.5,
        epochs=8,
        batch_size=-1,
        optimizer="SGD",
        weighting="uniform",
        validation_fraction=None,
        engine="keras",
        random_state=0,
    ).fit(X, y)
    kernel, bias = np.zeros((4, 3)), np.zeros(3)
    snapshots = []
    for t, rate in enumerate([0.5] * 4 + [0.05] * 2 + [0.005] * 2):
        z = np.exp(X @ kernel + bias)
        error = (z / z.sum(axis=1, keepdims=True) - np.eye(3)[y]) / len(X)
        kernel, bias = kernel - rate * X.T @ error, bias - rate * error.sum(axis=0)
        if t in (3, 7):
            snapshots.append([kernel, bias])
    for snapshot, expected in zip(clf.snapshots_, snapshots, strict=True):
        for array, its in zip(snapshot.weights, expected, strict=True):
            np.testing.assert_allclose(array, its, atol=1e-5)
    np.testing.assert_allclose(
        clf.learning_rates_, [0.5] * 4 + [0.05] * 2 + [0.005] * 2, rtol=1e-12
    )


@pytest.fixture(scope="module")
def settings():
    return {"model__units": (8,), "M": 2, "epochs": 5, "alpha_zero": 0.05, "batch_size": 16}


@pytest.fixture(scope="module")
def entries(blobs, settings):
    X, y = blobs
    template = SnapshotEnsembleClassifier(**settings)
    runs = train_methods(template, X[:60], y[:60], X[60:], seed=3, step_rate=0.05)
    return {run.method: run for run in runs}


def test_every_method_predicts(entries):
    assert list(entries) == list(METHODS)
    for entry in entries.values():
        assert entry.proba.shape == (30, 3)
        np.testing.assert_allclose(entry.proba.sum(axis=1), 1, atol=1e-6)
        assert sum(entry.weights) == pytest.approx(1)


def test_every_method_has_the_same_budget(entries):
    # 60 rows in batches of 16 are 4 iterations an epoch, 54 rows too; 2 + 3 epochs are 5.
    assert {entry.n_iterations for entry in entries.values()} == {20}


def fitted(blobs, settings, **params):
    X, y = blobs
    return SnapshotEnsembleClassifier(**{**settings, "random_state": 3, **params}).fit(
        X[:60], y[:60]
    )


ALL = {"weighting": "uniform", "validation_fraction": None}


def test_snapshots_are_those_of_the_estimator(blobs, settings, entries):
    X_test = blobs[0][60:]
    equal = fitted(blobs, settings, **ALL)
    np.testing.assert_allclose(entries[EQUAL].proba, equal.predict_proba(X_test), atol=1e-6)
    learned = fitted(blobs, settings)
    np.testing.assert_allclose(entries[LEARNED].proba, learned.predict_proba(X_test), atol=1e-6)
    np.testing.assert_allclose(entries[LEARNED].weights, learned.weights_, atol=1e-6)
    less = learned.member_predict_proba(X_test).mean(axis=0)
    np.testing.assert_allclose(entries[EQUAL_LESS].proba, less, atol=1e-6)
    assert np.abs(entries[EQUAL_LESS].proba - entries[EQUAL].proba).max() > 1e-4


def test_one_cycle_is_one_network(blobs, settings, entries):
    one = fitted(blobs, settings, M=1, **ALL)
    np.testing.assert_allclose(
        entries[ONE_CYCLE].proba, one.predict_proba(blobs[0][60:]), atol=1e-6
    )


def test_independent_networks_share_the_epochs(blobs, settings, entries):
    second = int(np.random.SeedSequence(3).generate_state(1)[0])
    members = [
        fitted(blobs, settings, M=1, epochs=3, **ALL),
        fitted(blobs, settings, M=1, epochs=2, **{**ALL, "random_state": second}),
    ]
    probas = [member.predict_proba(blobs[0][60:]) for member in members]
    np.testing.assert_allclose(entries[INDEPENDENT].proba, np.mean(probas, axis=0), atol=1e-6)


def test_no_cycle_averages_the_training_of_the_single_network(blobs, settings, entries):
    X_test = blobs[0][60:]
    clf = StepSnapshots(**{**settings, **ALL}, engine="keras", random_state=3)
    members = clf.fit(blobs[0][:60], blobs[1][:60]).member_predict_proba(X_test)
    np.testing.assert_allclose(entries[SINGLE].proba, members[1], atol=1e-6)
    np.testing.assert_allclose(entries[NO_CYCLE].proba, members.mean(axis=0), atol=1e-6)


@pytest.mark.filterwarnings("ignore")
def test_what_diverges_is_reported_and_not_left_out(blobs, settings):
    X, y = blobs
    template = SnapshotEnsembleClassifier(**{**settings, "alpha_zero": 1e30}, optimizer="SGD")
    entries = list(train_methods(template, X[:60], y[:60], X[60:], seed=0, step_rate=1e30))
    assert [entry.method for entry in entries] == list(METHODS)
    assert all(np.isnan(entry.proba).all() for entry in entries)


def test_every_independent_network_needs_an_epoch(settings):
    template = SnapshotEnsembleClassifier(M=5, epochs=4)
    with pytest.raises(ValueError) as caught:
        next(train_methods(template, None, None, None, seed=0))
    assert str(caught.value) == (
        "epochs must be at least M=5, one for each of the independent networks, got 4 instead: "
        "raise the epochs, or lower M."
    )
