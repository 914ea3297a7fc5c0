"""skensemble train: the run that it leaves."""

import csv
import json
import shutil
import sys

import keras
import numpy as np
import pytest
from sklearn.metrics import log_loss

from skensemble import SnapshotEnsembleClassifier, load_snapshots
from skensemble.models.transfer import _backbone, _transfer_network
from skensemble.models.transfer._backbone import Application
from skensemble.persistence import Run

TRAIN = ("--M", "3", "--nb_epoch", "6", "--alpha-zero", "0.05", "--validation-fraction", "0.25")
TRAIN += ("--normalize", "none")
ONE = ("--M", "1", "--epochs", "1", "--normalize", "none")


def table_of(files):
    """Features and labels of ``table.csv``, read by Python's own reader."""
    with (files / "table.csv").open() as file:
        header, *rows = csv.reader(file)
    assert header == ["a", "b", "c", "kind"]
    return np.array([row[:3] for row in rows], np.float32), np.array([row[3] for row in rows])


@pytest.fixture(scope="module")
def in_python(files):
    """The same training without the command line."""
    settings = {"alpha_zero": 0.05, "validation_fraction": 0.25, "random_state": 0}
    clf = SnapshotEnsembleClassifier(M=3, epochs=6, **settings)
    return clf.fit(*table_of(files))


def test_is_the_training_of_python(files, table_run, in_python):
    clf = Run.open(table_run).estimator()
    X, _ = table_of(files)
    np.testing.assert_allclose(clf.predict_proba(X), in_python.predict_proba(X), atol=1e-4)
    np.testing.assert_allclose(clf.weights_, in_python.weights_, atol=1e-3)
    assert clf.classes_.tolist() == ["cat", "dog", "owl"]
    assert clf.weighting_.comparisons[0].against == "uniform"


def test_refit_trains_on_all_rows_with_the_weights_of_before(files, tmp_path, run_main, in_python):
    out = tmp_path / "run"
    data = ["--data", files / "table.csv", "--target", "kind", "--out", out]
    code, text, _ = run_main("train", *data, *TRAIN, "--refit")
    assert code == 0
    assert "second training, on all 120 rows\n" in text
    run = Run.open(out)
    X, y = table_of(files)
    expected = SnapshotEnsembleClassifier(**in_python.get_params(deep=False))
    expected.set_params(weighting=in_python.weights_, validation_fraction=None).fit(X, y)
    np.testing.assert_allclose(
        run.estimator().predict_proba(X), expected.predict_proba(X), atol=1e-4
    )
    # The holdout is from the first training, for which it was unseen.
    members = in_python.member_predict_proba(X[run.holdout.rows])
    np.testing.assert_allclose(run.holdout.probas, members, atol=1e-4)
    assert run.config["refit"] is True


def test_files_of_a_run(image_run):
    names = sorted(path.relative_to(image_run).as_posix() for path in image_run.rglob("*"))
    assert names == [
        "config.json",
        "history.csv",
        "holdout.npz",
        "log.txt",
        "network.json",
        "snapshots",
        "snapshots/snapshot_01.weights.h5",
        "snapshots/snapshot_02.weights.h5",
        "snapshots/snapshot_03.weights.h5",
        "weights.json",
    ]
    assert not list(image_run.parent.glob("*.partial"))


def test_configuration(files, image_run):
    config = json.loads((image_run / "config.json").read_text())
    assert config["schema"] == 1
    assert config["command"][:3] == ["train", "--data", str(files / "images.npz")]
    assert config["versions"]["keras"] == keras.__version__
    assert config["model"]["name"] == "wrn"
    assert config["model"]["parameters"] == {"depth": 10, "width": 1}
    X = np.load(files / "images.npz")["X"].astype(float)
    np.testing.assert_allclose(config["model"]["mean"], X.mean(axis=(0, 1, 2)))
    np.testing.assert_allclose(config["model"]["std"], X.std(axis=(0, 1, 2)))
    estimator = config["estimator"]
    assert (estimator["M"], estimator["epochs"], estimator["alpha_zero"]) == (3, 6, 0.05)
    assert config["classes"] == {"labels": ["cat", "dog", "owl"], "dtype": "<U3"}
    assert config["row"] == {"shape": [8, 8, 3], "dtype": "uint8"}
    assert config["n_snapshots"] == 3
    assert config["cycle_ends"] == [12, 24, 36]  # 90 rows in batches of 16, 2 epochs a cycle
    assert config["interrupted"] is False


def test_holdout_is_what_the_weights_were_learned_on(files, image_run):
    run = Run.open(image_run)
    with np.load(files / "images.npz") as data:
        X, y = data["X"], data["y"]
    assert len(run.holdout.rows) == 30
    np.testing.assert_array_equal(run.classes[run.holdout.y], y[run.holdout.rows])
    losses = [log_loss(run.holdout.y, proba, labels=[0, 1, 2]) for proba in run.holdout.probas]
    np.testing.assert_allclose(losses, run.scores["log_loss"][:3], rtol=1e-6)
    again = run.reweight("log_loss")
    np.testing.assert_allclose(again.weights_, run.weights, atol=1e-6)
    assert again.snapshot_scores_["name"] == run.scores["name"]
    members = run.estimator().member_predict_proba(X[run.holdout.rows])
    np.testing.assert_allclose(members, run.holdout.probas, atol=1e-6)


def test_keras_reads_the_snapshots(image_run):
    run = Run.open(image_run)
    network = run.network()
    bank = load_snapshots(network, image_run / "snapshots")
    network.load_weights(image_run / "snapshots" / "snapshot_02.weights.h5")
    for array, expected in zip(network.get_weights(), bank[1].weights, strict=True):
        np.testing.assert_array_equal(array, expected)


def test_history_and_log(image_run):
    run = Run.open(image_run)
    assert list(run.history) == ["loss"]
    assert len(run.history["loss"]) == 6
    log = (image_run / "log.txt").read_text()
    assert log.startswith("skensemble train --data ")
    assert "wrn (depth 10, width 1) on 120 rows of 3 classes: 3 cycles in 6 epochs" in log
    last = run.history["loss"][-1]
    assert f"cycle 3/3  epoch 6/6  loss {last:.4f}\n" in log
    assert "learned weights" in log


def test_json_is_one_object(files, tmp_path, run_main):
    out = tmp_path / "run"
    data = ["--data", files / "table.csv", "--target", "kind", "--out", out]
    code, text, err = run_main("train", *data, *TRAIN, "--json", "--weighting", "uniform")
    assert code == 0
    found = json.loads(text)
    assert text.count("\n") == 1
    assert found["run"] == str(out)
    assert found["weights"] == [1 / 3] * 3
    assert found["method"] == "uniform"
    assert (found["snapshots"], found["epochs"], found["interrupted"]) == (3, 6, False)
    assert found["scores"]["name"][-1] == "uniform"
    assert "cycle 3/3  epoch 6/6" in err


def test_quiet_and_warnings_on_one_line(files, tmp_path, run_main):
    X, y = table_of(files)
    y[5] = "yak"  # the only one of its kind
    np.savez(tmp_path / "rare.npz", X=X, y=y)
    out = tmp_path / "run"
    code, text, err = run_main(
        *("train", "--data", tmp_path / "rare.npz", "--out", out, *ONE),
        *("--epochs", "12", "--alpha-zero", "0.02", "--quiet"),
    )
    assert (code, text) == (0, "")
    assert err == (
        "warning: A holdout of 12 of the 120 rows cannot have a row of label 'yak', whose only row "
        "is needed to train on, so the snapshots get equal weights. Bring more rows of it, or pass "
        "X_val and y_val, to learn the weights.\n"
    )
    log = (out / "log.txt").read_text()
    assert err in log
    assert "cycle 1/1  epoch 12/12" in log
    run = Run.open(out)
    assert run.holdout is None
    assert run.scores is None


def test_a_builder_of_ones_own(files, tmp_path, run_main, json_of, monkeypatch):
    code = """
import keras

@keras.saving.register_keras_serializable(package="test_train")
class Doubled(keras.layers.Layer):
    def call(self, x):
        return 2 * x

def build(meta, units=4):
    x = inputs = keras.Input(meta["X_shape_"][1:])
    for layer in (Doubled(), keras.layers.Dense(units, "relu"), keras.layers.Dense(3, "softmax")):
        x = layer(x)
    return keras.Model(inputs, x)
"""
    (tmp_path / "own.py").write_text(code)
    monkeypatch.chdir(tmp_path)
    data = ["--data", files / "table.csv", "--target", "kind"]
    found = json_of(
        *("train", *data, "--out", "run", "--model", "own.py:build", "--set", "model__units=5"),
        *ONE,
    )
    assert found["model"]["name"] == f"{tmp_path / 'own.py'}:build"
    run = Run.open("run")
    # As in a new process, where Keras does not know the layer.
    del keras.saving.get_custom_objects()["test_train>Doubled"]
    del sys.modules["skensemble_model_own"]
    assert run.network().count_params() == (3 + 1) * 5 + (5 + 1) * 3
    assert json_of("predict", "run", *data)["scores"]


def test_limit_takes_every_class(files, tmp_path, json_of):
    data = ["--data", files / "table.csv", "--target", "kind", "--limit", "30"]
    json_of("train", *data, "--out", tmp_path / "run", *ONE)
    run = Run.open(tmp_path / "run")
    assert run.config["data"]["n_rows"] == 30
    assert run.config["data"]["limit"] == 30


def test_augmentation(files, tmp_path, json_of):
    json_of(
        *("train", "--data", files / "images.npz", "--out", tmp_path / "run", *ONE),
        *("--model", "mlp", "--units", "8", "--augmentation", "cutout,standard"),
    )
    run = Run.open(tmp_path / "run")
    assert run.config["estimator"]["augmentation"] == "Sequential(standard_cutout)"


def test_another_run_is_replaced_only_by_force(table_run, tmp_path, files, run_main):
    out = tmp_path / "run"
    shutil.copytree(table_run, out)
    before = (out / "config.json").read_text()
    # At once, before the data are read.
    code, text, err = run_main("train", "--data", "no.npz", "--out", out)
    assert (code, text) == (2, "")
    assert err == (
        f"error: --out {out} must be a folder that does not exist yet, got a run instead: --force "
        "replaces it.\n"
    )
    # A training that fails leaves what is there.
    assert run_main("train", "--data", "no.npz", "--out", out, "--force")[0] == 2
    assert (out / "config.json").read_text() == before
    data = ["--data", files / "table.csv", "--target", "kind", "--out", out]
    assert run_main("train", *data, *ONE, "--force")[0] == 0
    assert Run.open(out).n_snapshots == 1
    assert [path.name for path in tmp_path.iterdir()] == ["run"]


def test_folders_that_are_no_run_stay(tmp_path, run_main):
    out = tmp_path / "thesis"
    out.mkdir()
    (out / "chapter.txt").write_text("1")
    code, _, err = run_main("train", "--data", "no.npz", "--out", out, "--force")
    assert code == 2
    assert err == (
        f"error: --out {out} must be a folder that does not exist yet, got files that are no run "
        "instead: choose another name; only runs are ever replaced.\n"
    )
    assert (out / "chapter.txt").read_text() == "1"
    code, _, err = run_main("train", "--data", "no.npz", "--out", out / "chapter.txt", "--force")
    assert code == 2
    assert err.endswith(
        "must be a folder that does not exist yet, got a file instead: choose another name.\n"
    )


def test_a_training_that_was_killed(tmp_path, run_main):
    partial = tmp_path / "run.partial"
    partial.mkdir()
    for name in ("log.txt", "training.lock"):
        (partial / name).write_text("")
    arguments = ("train", "--data", tmp_path / "no.npz", "--out", tmp_path / "run")
    code, _, err = run_main(*arguments)
    assert code == 2
    assert err == (
        f"error: --out {tmp_path / 'run'} must be a folder that no training is writing, got one "
        "with run.partial beside it, which a killed training left instead: --force removes that.\n"
    )
    assert "no.npz" in run_main(*arguments, "--force")[2]
    assert not partial.exists()


RESNEXT = ("--depth", "11", "--cardinality", "1", "--width", "4")


@pytest.mark.parametrize(
    ("recipe", "smaller", "name", "loss"),
    [
        ("wrn-28-10", ("--depth", "10", "--width", "1"), "wide_resnet_10_1", None),
        ("densenet-bc-160-24", ("--depth", "10", "--growth-rate", "4"), "densenet_bc_10_4", None),
        ("resnext-29-8x64d", RESNEXT, "resnext_11_1x4d", None),
        ("se-resnext-29-4x64d-focal", RESNEXT, "se_resnext_11_1x4d", "focal"),
    ],
)
def test_nets_of_keras_ensemble_cifar10(recipe, smaller, name, loss, files, tmp_path, run_main):
    """One command each; the fifth is `test_a_backbone`."""
    out = tmp_path / "run"
    # For this engine, TensorFlow prepares a network faster.
    tiny = ("--epochs", "2", "--M", "2", "--batch-size", "30", "--engine", "keras")
    tiny += ("--validation-fraction", "0.25")
    train = ("train", "--data", files / "images.npz", "--recipe", recipe, *smaller, *tiny)
    code, _, err = run_main(*train, "--out", out)
    assert code == 0, err
    run = Run.open(out)
    clf = run.estimator()
    assert run.config["model"]["recipe"] == recipe
    assert clf.model_.name == name
    assert (loss is None) == (run.config["estimator"]["loss"] is None)
    np.testing.assert_allclose(run.config["model"]["mean"], (125.3, 123.0, 113.9))
    with np.load(files / "images.npz") as file:
        members = clf.member_predict_proba(file["X"][run.holdout.rows])
    np.testing.assert_allclose(members, run.holdout.probas, atol=1e-5)


def test_a_backbone(files, tmp_path, run_main, monkeypatch):
    """A small one in the place of those that Keras brings along."""

    def build(**_):
        layers = [keras.layers.Conv2D(4, 3, activation="relu") for _ in range(2)]
        return keras.Sequential([keras.Input((8, 8, 3)), *layers])

    tiny = Application("Tiny", build, lambda pixels: pixels / 127.5 - 1, 8)
    for module in (_backbone, _transfer_network):
        monkeypatch.setattr(module, "find_application", lambda name: tiny)
    out = tmp_path / "run"
    code, text, err = run_main(
        *("train", "--data", files / "images.npz", "--recipe", "inception-v3-transfer"),
        *("--set", "backbone=Tiny", "--set", "weights=None", "--set", "image_size=None"),
        *("--set", "unfreeze_from=1", "--set", "warmup_epochs=2", "--set", "head_units=8"),
        *("--epochs", "4", "--M", "2", "--alpha-zero", "0.05", "--batch-size", "16", "--out", out),
    )
    assert code == 0, err
    assert "transfer (backbone Tiny, image_size None, head_units 8, unfreeze_from 1) on " in text
    assert "\nfirst the new head alone, for 2 epochs\ncycle 1/2" in text
    run = Run.open(out)
    (frozen, *_, first), (same, *_, last) = (s.weights for s in run.estimator().snapshots_)
    np.testing.assert_array_equal(frozen, same)
    assert not np.array_equal(first, last)
    code, text, _ = run_main("predict", out, "--data", files / "images.npz", "--json")
    with np.load(files / "images.npz") as file:
        labels = run.estimator().predict(file["X"])
    assert json.loads(text)["labels"] == labels.tolist()


def test_failing_leaves_no_folder(tmp_path, run_main):
    assert run_main("train", "--data", "no.npz", "--out", tmp_path / "a" / "b" / "run")[0] == 2
    assert list(tmp_path.iterdir()) == []
