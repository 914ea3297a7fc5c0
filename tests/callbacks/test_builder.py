"""SnapshotCallbackBuilder, with the calls of the project snapshot-ensembles."""

import os
import re

import keras
import numpy as np
import pytest

from builders import compiled
from skensemble import SnapshotCallbackBuilder, load_snapshots


@pytest.fixture
def in_folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_the_readme_of_snapshot_ensembles(blobs, in_folder, equation_2):
    trainX, trainY = blobs

    M = 5  # number of snapshots
    nb_epoch = T = 6  # number of epochs
    alpha_zero = 0.1  # initial learning rate
    model_prefix = "Model_"

    snapshot = SnapshotCallbackBuilder(T, M, alpha_zero)

    model = compiled(keras.optimizers.SGD(0.1))  # Some model that has been compiled

    callbacks = snapshot.get_callbacks(model_prefix=model_prefix)
    model.fit(trainX, trainY, epochs=nb_epoch, verbose=0, callbacks=callbacks)

    files = [f"Model_-{i}.weights.h5" for i in range(1, M + 1)]
    assert sorted(os.listdir("weights")) == files
    bank = load_snapshots(model, "weights/Model_-*.weights.h5")
    np.testing.assert_array_equal(bank[-1].weights[0], model.get_weights()[0])
    assert [s.iteration for s in callbacks[0].bank] == equation_2(18, M, 0.1)[1]
    np.testing.assert_allclose(callbacks[0].learning_rates, equation_2(18, M, 0.1)[0])


@pytest.mark.parametrize("metric", ["accuracy", "acc"])
def test_a_call_from_an_issue_of_snapshot_ensembles(blobs, in_folder, metric):
    X_train, Y_train = X_test, Y_test = blobs
    nb_epoch, batch_size = 2, 30
    model = compiled(keras.optimizers.SGD(0.01), metrics=[metric])

    snapshot = SnapshotCallbackBuilder(nb_epochs=nb_epoch, nb_snapshots=2, init_lr=0.01)

    model.fit(
        X_train[:5000],
        Y_train[:5000],
        batch_size=batch_size,
        epochs=nb_epoch,
        verbose=0,
        callbacks=[snapshot.get_callbacks()],
        validation_data=(X_test, Y_test),
    )
    names = ["Model-1.weights.h5", "Model-2.weights.h5", "Model-Best.weights.h5"]
    assert sorted(os.listdir("weights")) == names
    assert len(load_snapshots(model, "weights")) == 2


def test_fit_must_train_for_nb_epochs(blobs, in_folder):
    X, y = blobs
    model = compiled(keras.optimizers.SGD(0.1))
    message = (
        "the number of epochs of fit must be 200, over which the cycles are spread, got 1 instead: "
        "build the callback for 1 epochs, or pass epochs=200 to fit."
    )
    with pytest.raises(ValueError, match=f"^{re.escape(message)}$"):
        model.fit(X, y, verbose=0, callbacks=SnapshotCallbackBuilder(200, 5).get_callbacks())
    assert not (in_folder / "weights").exists()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (
            (0, 5),
            "nb_epochs must be an integer of at least 1, got 0 instead: as many as you pass to "
            "fit.",
        ),
        (
            (5, 0),
            "nb_snapshots must be an integer of at least 1, got 0 instead: 5 is the usual choice.",
        ),
        (
            (5, 5, 0.0),
            "init_lr must be a finite number greater than 0, got 0.0 instead: 0.1 is the usual "
            "start for SGD.",
        ),
    ],
)
def test_bad_parameters(arguments, message):
    with pytest.raises(ValueError, match=f"^{re.escape(message)}$"):
        SnapshotCallbackBuilder(*arguments)


def test_other_folders_and_no_best(tmp_path):
    callback = SnapshotCallbackBuilder(2, 2).get_callbacks("Net", folder=tmp_path, monitor=None)[0]
    assert callback.prefix == str(tmp_path / "Net")
    assert callback.monitor is None
