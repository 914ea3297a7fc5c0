"""Files of snapshots: names, content, no partial files, no overwriting."""

import copy
import os
import re
import warnings

import keras
import numpy as np
import pytest

from builders import compiled
from skensemble import SnapshotCallback, load_snapshots
from skensemble.exceptions import SnapshotTrainingError

pytestmark = [
    # Keras warns about files without the state of an optimizer.
    pytest.mark.filterwarnings("ignore:Skipping variable loading for optimizer:UserWarning"),
    pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning"),
]

ARGUMENTS = {"batch_size": 1, "epochs": 2, "shuffle": False, "verbose": 0}


def test_files_hold_the_snapshots(revealing, tmp_path):
    network = revealing(4, keras.optimizers.SGD(0.1, momentum=0.0))
    callback = SnapshotCallback(3, 0.1, prefix=tmp_path / "new" / "folder" / "Net")
    network.model.fit(network.X, network.y, callbacks=callback, **ARGUMENTS)
    names = [f"Net-{i}.weights.h5" for i in (1, 2, 3)]
    folder = tmp_path / "new" / "folder"
    assert sorted(os.listdir(folder)) == names
    assert callback.paths == [str(folder / name) for name in names]
    network.check(callback.bank, 3, 8)
    last = network.weight
    network.model.load_weights(callback.paths[0])  # Keras reads them too
    np.testing.assert_array_equal(network.weight, callback.bank[0].weights[0].ravel())
    assert not np.array_equal(network.weight, last)
    assert (folder / names[0]).stat().st_mode == (
        tmp_path / "new"
    ).stat().st_mode & 0o666 | 0o100000


@pytest.mark.parametrize("name", ["Net-9.weights.h5", "Net-Best.weights.h5"])
def test_files_that_exist_are_an_error_before_training(revealing, tmp_path, name):
    network = revealing(4)
    (tmp_path / name).write_text("precious")
    (tmp_path / "Net-a.weights.h5").write_text("another's")
    (tmp_path / "Nets-1.weights.h5").write_text("another's")
    prefix = str(tmp_path / "Net")
    message = (
        f"prefix must be one that no snapshot file has yet, got {prefix!r} instead: there are "
        f"{tmp_path / name}; choose another prefix, move the files, or pass overwrite=True to "
        "remove them when training starts."
    )
    with pytest.raises(FileExistsError, match=f"^{re.escape(message)}$"):
        network.model.fit(
            network.X, network.y, callbacks=SnapshotCallback(2, prefix=prefix), **ARGUMENTS
        )
    assert not network.weight.any()
    assert (tmp_path / name).read_text() == "precious"
    callback = SnapshotCallback(2, prefix=prefix, overwrite=True)
    network.model.fit(network.X, network.y, callbacks=callback, **ARGUMENTS)
    assert sorted(os.listdir(tmp_path)) == [
        "Net-1.weights.h5",
        "Net-2.weights.h5",
        "Net-a.weights.h5",
        "Nets-1.weights.h5",
    ]


def test_a_second_fit_does_not_overwrite_either(revealing, tmp_path):
    network = revealing(4)
    callback = SnapshotCallback(2, prefix=tmp_path / "Net")
    network.model.fit(network.X, network.y, callbacks=callback, **ARGUMENTS)
    with pytest.raises(FileExistsError, match="Net-1.weights.h5, .*Net-2.weights.h5; choose"):
        network.model.fit(network.X, network.y, callbacks=callback, **ARGUMENTS)


def test_files_stay_if_fit_cannot_start(revealing, tmp_path):
    network = revealing(4)
    (tmp_path / "Net-1.weights.h5").write_text("precious")
    callback = SnapshotCallback(9, prefix=tmp_path / "Net", overwrite=True)
    with pytest.raises(ValueError, match="^M must be at most"):
        network.model.fit(network.X, network.y, callbacks=callback, **ARGUMENTS)
    assert (tmp_path / "Net-1.weights.h5").read_text() == "precious"


def test_no_partial_file_is_left(revealing, tmp_path, monkeypatch):
    network = revealing(4)
    write = keras.saving.save_weights

    def disk_full(model, path, **kwargs):
        write(model, path, **kwargs)
        with open(path, "r+b") as file:
            file.truncate(100)
        raise OSError("No space left on device")

    monkeypatch.setattr(keras.saving, "save_weights", disk_full)
    callback = SnapshotCallback(2, prefix=tmp_path / "Net")
    with pytest.raises(OSError, match="^No space left on device$"):
        network.model.fit(network.X, network.y, callbacks=callback, **ARGUMENTS)
    assert os.listdir(tmp_path) == []
    assert callback.paths == []
    assert "_get_current_learning_rate" not in vars(network.model.optimizer)


def test_a_folder_that_is_a_file(revealing, tmp_path):
    network = revealing(4)
    (tmp_path / "weights").write_text("")
    callback = SnapshotCallback(2, prefix=tmp_path / "weights" / "Net")
    with pytest.raises(OSError, match="weights"):
        network.model.fit(network.X, network.y, callbacks=callback, **ARGUMENTS)
    assert not network.weight.any()


class Scripted(keras.callbacks.Callback):
    """Reports given values after the epochs."""

    def __init__(self, name, values):
        super().__init__()
        self.name, self.values, self.weights = name, iter(values), []

    def on_epoch_end(self, epoch, logs=None):
        logs[self.name] = next(self.values)
        self.weights.append(self.model.get_weights()[0])


@pytest.mark.parametrize(
    ("name", "monitor", "mode", "values", "best"),
    [
        ("val_loss", "val_loss", "auto", [3.0, 1.0, 2.0, 1.0], 1),
        ("val_accuracy", "val_acc", "auto", [0.5, np.nan, 0.9, 0.7], 2),
        ("mine", "mine", "max", [np.nan, 2.0, 3.0, 3.0], 2),
        ("val_acc", "auto", "auto", [0.5, 0.4, 0.6, 0.6], 2),
        ("val_sparse_categorical_accuracy", "auto", "auto", [0.5, 0.4, 0.6, 0.6], 2),
    ],
)
def test_best(revealing, tmp_path, name, monitor, mode, values, best):
    network = revealing(4)
    scripted = Scripted(name, values)
    callback = SnapshotCallback(2, prefix=tmp_path / "Net", monitor=monitor, mode=mode)
    network.model.fit(
        network.X, network.y, callbacks=[scripted, callback], **{**ARGUMENTS, "epochs": 4}
    )
    assert sorted(os.listdir(tmp_path)) == [f"Net-{i}.weights.h5" for i in (1, 2, "Best")]
    network.model.load_weights(tmp_path / "Net-Best.weights.h5")
    np.testing.assert_array_equal(network.model.get_weights()[0], scripted.weights[best])


def test_best_is_judged_by_keras_on_validation_data(blobs, tmp_path):
    X, y = blobs
    model = compiled(keras.optimizers.SGD(0.1), metrics=["accuracy"])
    callback = SnapshotCallback(2, 0.1, prefix=tmp_path / "Net", monitor="auto")
    history = model.fit(X, y, epochs=4, verbose=0, validation_data=(X, y), callbacks=callback)
    model.load_weights(tmp_path / "Net-Best.weights.h5")
    best = max(history.history["val_accuracy"])
    assert model.evaluate(X, y, verbose=0)[1] == pytest.approx(best)


def test_a_value_that_is_never_reported(revealing, tmp_path):
    network = revealing(4)
    message = (
        "monitor='val_loss' was to find the best weights, and 'val_loss' was never reported, so "
        "there is no file of the best. Keras reported: 'loss'. Monitor one of these, or compile "
        "with the metric and pass validation data to fit."
    )
    callback = SnapshotCallback(2, prefix=tmp_path / "Net", monitor="val_loss")
    with pytest.warns(UserWarning, match=f"^{re.escape(message)}$"):
        network.model.fit(network.X, network.y, callbacks=callback, **ARGUMENTS)
    assert sorted(os.listdir(tmp_path)) == ["Net-1.weights.h5", "Net-2.weights.h5"]


@pytest.mark.parametrize("validated", [False, True])
def test_the_automatic_best_needs_validation_data(revealing, tmp_path, validated):
    network = revealing(4)
    callback = SnapshotCallback(2, prefix=tmp_path / "Net", monitor="auto")
    data = {"validation_data": (network.X, network.y)} if validated else {}
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        network.model.fit(network.X, network.y, callbacks=callback, **data, **ARGUMENTS)
    said = [str(warning.message) for warning in caught if "monitor" in str(warning.message)]
    assert bool(said) == validated
    if validated:
        assert "'val_accuracy' was never reported" in said[0]
        assert "Keras reported: 'loss', 'val_loss'." in said[0]
    assert sorted(os.listdir(tmp_path)) == ["Net-1.weights.h5", "Net-2.weights.h5"]


def test_a_copy_of_a_used_callback_points_to_its_files(revealing, tmp_path):
    network = revealing(4)
    callback = SnapshotCallback(2, prefix=tmp_path / "Net")
    network.model.fit(network.X, network.y, callbacks=callback, **ARGUMENTS)
    message = (
        "This copy of SnapshotCallback has no model to read the snapshots with: use "
        "load_snapshots(model, callback.paths)."
    )
    other = copy.deepcopy(callback)
    with pytest.raises(SnapshotTrainingError, match=f"^{re.escape(message)}$"):
        other.bank
    assert len(load_snapshots(network.model, other.paths)) == 2
