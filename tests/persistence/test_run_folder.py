"""Run directories: what they hold, what is read, and what is refused."""

import json
import pickle
import re
from pathlib import Path

import keras
import numpy as np
import pytest
from sklearn.datasets import load_iris

from skensemble import SnapshotEnsembleClassifier, load_run, weighting
from skensemble.persistence import Run, save_run
from skensemble.weighting import find_weights


def test_a_run_is_the_estimator_again(saved):
    clf = load_run(saved.run.path)
    np.testing.assert_allclose(
        clf.member_predict_proba(saved.X), saved.clf.member_predict_proba(saved.X), atol=1e-6
    )
    np.testing.assert_array_equal(clf.weights_, saved.clf.weights_)
    assert clf.predict(saved.X).tolist() == saved.clf.predict(saved.X).tolist()
    assert clf.classes_.tolist() == ["cat", "dog", "owl"]
    assert clf.snapshot_scores_ == saved.clf.snapshot_scores_
    assert clf.history_ == saved.clf.history_
    np.testing.assert_array_equal(clf.holdout_, saved.clf.holdout_)
    assert clf.weighting_.comparisons == saved.clf.weighting_.comparisons
    assert (clf.weighting_.gap, clf.weighting_.method) == (saved.clf.weighting_.gap, "log_loss")


def test_files_of_a_run_saved_from_python(saved):
    folder = saved.run.path
    assert sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*")) == [
        "config.json",
        "history.csv",
        "holdout.npz",
        "network.json",
        "snapshots",
        *(f"snapshots/snapshot_0{m}.weights.h5" for m in (1, 2, 3)),
        "weights.json",
    ]
    config = json.loads((folder / "config.json").read_text())
    assert config["model"]["name"] == "skensemble.models._mlp:mlp"
    assert config["model"]["parameters"] == {"units": [8]}
    assert config["estimator"]["M"] == 3
    assert (config["interrupted"], config["refit"]) == (False, False)
    assert config["row"] == {"shape": [4], "dtype": "float32"}


def test_the_holdout_is_what_the_weights_were_learned_on(saved):
    holdout = saved.run.holdout
    np.testing.assert_array_equal(saved.run.classes[holdout.y], saved.y[holdout.rows])
    members = saved.clf.member_predict_proba(saved.X[holdout.rows])
    np.testing.assert_allclose(holdout.probas, members, atol=1e-6)
    losses = -np.log(holdout.probas[:, np.arange(len(holdout.y)), holdout.y]).mean(axis=1)
    np.testing.assert_allclose(losses, saved.run.scores["log_loss"][:3], rtol=1e-6)
    assert saved.run.best_snapshot == losses.argmin()


def test_parameters_that_no_file_can_have(saved, tmp_path, blobs):
    """A generator, and a function that builds the network, from which it cannot be imported."""

    def build(meta):
        return keras.Sequential(
            [keras.Input((4,)), keras.layers.Dense(meta["n_classes_"], activation="softmax")]
        )

    clf = SnapshotEnsembleClassifier(
        build, M=1, epochs=1, random_state=np.random.RandomState(0), weighting="uniform"
    ).fit(*blobs)
    run = save_run(clf, tmp_path / "run")
    assert run.config["estimator"]["random_state"] is None
    assert run.config["model"]["name"].endswith("<locals>.build")
    np.testing.assert_allclose(
        load_run(run.path).predict_proba(blobs[0]), clf.predict_proba(blobs[0]), atol=1e-6
    )


def test_a_pickle_has_no_holdout(saved, tmp_path):
    clf = pickle.loads(pickle.dumps(saved.clf))
    assert save_run(clf, tmp_path / "run").holdout is None
    np.testing.assert_array_equal(load_run(tmp_path / "run").weights_, saved.clf.weights_)


def test_the_best_snapshot_needs_a_finite_loss(copy):
    nan, run = float("nan"), Run.open(copy)
    for losses, best in (([nan] * 3, None), ([nan, 0.5, 0.4, 0.1], 2)):
        run.scores = {"log_loss": losses}
        assert run.best_snapshot == best
    run.scores = None
    assert run.best_snapshot is None


def change(path, **values):
    """Change entries of a JSON file; None removes one."""
    content = {**json.loads(path.read_text()), **values}
    path.write_text(json.dumps({k: v for k, v in content.items() if v is not None}))


def refused(folder, kind, message):
    """Opening the run raises, with the whole message."""
    with pytest.raises(kind, match=f"^{re.escape(message)}$"):
        Run.open(folder)


def test_no_folder(tmp_path):
    message = (
        f"folder {tmp_path / 'no'} must be the folder of a run, got no folder instead: "
        "`skensemble train --out FOLDER` makes one."
    )
    refused(tmp_path / "no", FileNotFoundError, message)


def test_another_folder(tmp_path):
    (tmp_path / "a.txt").write_text("")
    message = (
        f"folder {tmp_path} must be the folder of a run, with config.json, got a folder without "
        "instead: it has a.txt; `skensemble train --out FOLDER` makes a run."
    )
    refused(tmp_path, FileNotFoundError, message)


def test_missing_files_are_named(copy):
    (copy / "weights.json").unlink()
    (copy / "snapshots" / "snapshot_02.weights.h5").unlink()
    message = (
        f"folder {copy} must be the folder of a run, with weights.json, "
        "snapshots/snapshot_02.weights.h5, got a folder without instead: it has config.json, "
        "history.csv, holdout.npz, network.json, snapshots, "
        "snapshots/snapshot_01.weights.h5, snapshots/snapshot_03.weights.h5; `skensemble train "
        "--out FOLDER` makes a run."
    )
    refused(copy, FileNotFoundError, message)


def test_another_schema(copy):
    change(copy / "config.json", schema=2)
    message = (
        f"schema in {copy / 'config.json'} must be 1, got 2 instead: train again, or use the "
        "version of skensemble that wrote it."
    )
    refused(copy, ValueError, message)


def test_a_configuration_that_lacks_something(copy):
    change(copy / "config.json", classes=None, row=None)
    message = (
        f"the file {copy / 'config.json'} must be a configuration of a run, got one without "
        "classes, row instead: bring back the file as it was written."
    )
    refused(copy, ValueError, message)


_AS_WRITTEN = "train again, or bring back the file as it was written"


@pytest.mark.parametrize("name", ["config.json", "weights.json"])
def test_damaged_json(name, copy):
    (copy / name).write_text("{")
    message = (
        f"the file {copy / name} must be JSON, got Expecting property name enclosed in double "
        f"quotes: line 1 column 2 (char 1) instead: {_AS_WRITTEN}."
    )
    refused(copy, ValueError, message)


def test_damaged_weights(copy):
    change(copy / "weights.json", loss=None)
    message = (
        f"the file {copy / 'weights.json'} must be a file of combination weights, got one without "
        "loss instead: bring back the file as it was written."
    )
    refused(copy, ValueError, message)
    change(copy / "weights.json", loss="low")
    message = (
        f"the file {copy / 'weights.json'} must be a file of combination weights, got one where "
        "loss is 'low' instead: bring back the file as it was written."
    )
    refused(copy, ValueError, message)
    change(copy / "weights.json", loss=0.5, weights=[0.5, 0.5])
    message = (
        f"the file {copy / 'weights.json'} must be of 3 weights, one for each snapshot, got one of "
        "2 instead: `skensemble reweight` writes it anew."
    )
    refused(copy, ValueError, message)


def test_damaged_tables(copy):
    (copy / "history.csv").write_text("epoch,loss\n1,low\n")
    (copy / "holdout.npz").write_bytes(b"PK")
    run = Run.open(copy)
    with pytest.raises(ValueError, match="history.csv must be a table of numbers, a line per ep"):
        run.history
    with pytest.raises(ValueError, match="holdout.npz must be a file of NumPy arrays, got "):
        run.holdout


def test_weights_of_another_network(copy):
    name = "snapshots/snapshot_02.weights.h5"
    network = keras.Sequential([keras.Input((4,)), keras.layers.Dense(3)])
    network.save_weights(copy / name)
    first = next(layer.name for layer in Run.open(copy).network().layers if layer.weights)
    message = (
        f"layer '{first}' in {copy / name} must be 1 variable of shape (4, 8), got 2 variables of "
        "shapes (4, 3), (3,) instead: build the network that the snapshots were trained with."
    )
    with pytest.raises(ValueError, match=f"^{re.escape(message)}$"):
        load_run(copy)


def test_a_network_that_cannot_be_built(copy):
    content = (copy / "network.json").read_text()
    (copy / "network.json").write_text(content.replace('"Dense"', '"Dance"'))
    with pytest.raises(
        ValueError,
        match=re.escape(f"the file {copy / 'network.json'} must be a network that Keras can build"),
    ):
        Run.open(copy).network()


def test_new_weights_keep_the_old_ones(copy):
    run = Run.open(copy)
    before = run.weights
    assert (run.weights_source, run.earlier_weights) == ("the holdout of the run", [])
    clf = run.reweight("uniform")
    run.save_weights(clf.weighting_, clf.snapshot_scores_, source="rows of mine")
    again = Run.open(copy)
    np.testing.assert_array_equal(again.weights, [1 / 3] * 3)
    assert again.weights_source == "rows of mine"
    assert again.weighting.method == "uniform"
    assert again.scores["name"][-1] == "uniform"
    assert [found["method"] for found in again.earlier_weights] == ["log_loss"]
    assert again.earlier_weights[0]["weights"] == before.tolist()
    again.save_weights(clf.weighting_, None)
    assert [found["method"] for found in Run.open(copy).earlier_weights] == ["log_loss", "uniform"]
    assert Run.open(copy).scores is None


def test_weights_of_another_run(copy):
    run = Run.open(copy)
    given = weighting.evaluate_weights([1, 1], run.holdout.probas[:2], run.holdout.y, method="x")
    with pytest.raises(
        ValueError,
        match=re.escape("weights must be of shape (3,), one for each snapshot, got shape (2,) "),
    ):
        run.save_weights(given, None)


def test_weights_are_learned_anew(saved):
    held = saved.run.holdout
    before = saved.run.weights
    clf = saved.run.reweight("accuracy", n_last=2)
    expected = find_weights("accuracy", held.probas[1:], held.y, classes=saved.run.classes)
    np.testing.assert_allclose(clf.weights_, [0, *expected.weights])
    assert clf.snapshot_scores_["name"] == [
        *("snapshot 1", "snapshot 2", "snapshot 3"),
        *("uniform", "learned"),
    ]
    np.testing.assert_array_equal(Run.open(saved.run.path).weights, before)
    # On other rows, which need not be those of the holdout.
    clf = saved.run.reweight("log_loss", X=saved.X, y=saved.y)
    members = saved.clf.member_predict_proba(saved.X)
    expected = find_weights("log_loss", members, np.searchsorted(saved.run.classes, saved.y))
    np.testing.assert_allclose(clf.weights_, expected.weights, atol=1e-4)


def test_nothing_to_learn_on(copy):
    (copy / "holdout.npz").unlink()
    message = (
        f"folder {copy} must be a run with a holdout, got one without holdout.npz instead: learn "
        "weights on labelled rows, or train with a holdout."
    )
    with pytest.raises(ValueError, match=f"^{re.escape(message)}$"):
        Run.open(copy).reweight("log_loss")
    np.testing.assert_allclose(Run.open(copy).reweight([1, 0, 3]).weights_, [0.25, 0, 0.75])
    assert Run.open(copy).reweight("uniform").snapshot_scores_ is None


def test_numbers_that_json_lacks(copy):
    change(copy / "weights.json", gap="inf")
    run = Run.open(copy)
    assert run.weighting.gap == float("inf")
    run.save_weights(run.weighting, {"name": ["a"], "log_loss": [float("nan")], "accuracy": [1.0]})
    text = (copy / "weights.json").read_text()
    assert "NaN" not in text
    assert "Infinity" not in text
    scores = Run.open(copy).scores
    assert np.isnan(scores["log_loss"][0])


def refused_config(copy, got):
    message = (
        f"the file {copy / 'config.json'} must be a configuration of a run, got one {got} instead: "
        "bring back the file as it was written."
    )
    refused(copy, ValueError, message)


@pytest.mark.parametrize(
    ("key", "value", "got"),
    [
        ("estimator.alpha_zero", None, "without estimator.alpha_zero"),
        ("estimator.alpha_zero", "a", "where estimator.alpha_zero is 'a'"),
        ("estimator.epochs", True, "where estimator.epochs is True"),
        ("n_snapshots", "3", "where n_snapshots is '3'"),
        ("network.from_logits", 0, "where network.from_logits is 0"),
        ("row", [], "where row is []"),
        ("classes.dtype", "zz", "where classes.dtype is 'zz', not that of its labels"),
        ("classes.dtype", "<i8", "where classes.dtype is '<i8', not that of its labels"),
    ],
)
def test_a_configuration_of_other_types(key, value, got, copy):
    path = copy / "config.json"
    part, _, last = key.rpartition(".")
    if part:
        content = json.loads(path.read_text())[part]
        content[last] = value
        if value is None:
            del content[last]
        change(path, **{part: content})
    else:
        change(path, **{key: value})
    refused_config(copy, got)


@pytest.mark.parametrize(
    ("text", "got"),
    [
        ("", "one that does not start with the column epoch"),
        ("loss\n0.1\n", "one that does not start with the column epoch"),
        ("epoch,loss\n1,0.5\n2\n", "one of lines of different lengths"),
        ("epoch,loss\n1,low\n", "could not convert string to float: 'low'"),
    ],
)
def test_a_damaged_history(text, got, copy):
    (copy / "history.csv").write_text(text)
    message = (
        f"the file {copy / 'history.csv'} must be a table of numbers, a line per epoch, got {got} "
        f"instead: {_AS_WRITTEN}."
    )
    with pytest.raises(ValueError, match=f"^{re.escape(message)}$"):
        Run.open(copy).history


def test_a_holdout_that_is_cut_off(copy):
    path = copy / "holdout.npz"
    whole = path.read_bytes()
    start = f"the file {path} must be a file of NumPy arrays, got "
    damaged = bytearray(whole)
    damaged[60:90] = bytes(30)
    for content in (whole[:200], bytes(damaged), b""):
        path.write_bytes(content)
        with pytest.raises(ValueError, match=f"^{re.escape(start)}.* instead: {_AS_WRITTEN}.$"):
            Run.open(copy).holdout


def test_a_holdout_of_other_shapes(copy):
    np.savez(copy / "holdout.npz", probas=np.ones((3, 4, 2)), y=np.zeros(5, int), rows=np.arange(4))
    message = (
        f"the file {copy / 'holdout.npz'} must be probabilities (M, n, k) of n labelled rows, got "
        f"probas of shape (3, 4, 2) and y of shape (5,) instead: {_AS_WRITTEN}."
    )
    with pytest.raises(ValueError, match=f"^{re.escape(message)}$"):
        Run.open(copy).holdout


def test_a_run_that_the_first_version_wrote():
    """On scikit-learn's iris, with --refit; the probabilities are what that version predicted."""
    run = Run.open(Path(__file__).parent / "run_of_schema_1")
    clf = run.estimator()
    expected = [
        [0.9573482, 0.0283435, 0.0143083],
        [0.9107637, 0.0610353, 0.0282010],
        [0.2561001, 0.5120881, 0.2318118],
        [0.1925079, 0.5195588, 0.2879333],
        [0.0024068, 0.1520665, 0.8455267],
    ]
    X = load_iris().data[::30]
    np.testing.assert_allclose(clf.predict_proba(X), expected, atol=1e-5)
    assert clf.predict(X).tolist() == ["setosa"] * 2 + ["versicolor"] * 2 + ["virginica"]
    assert run.config["refit"] is True
    assert len(run.history["loss"]) == 10
    # The holdout is that of the first training, on which the weights were learned.
    assert clf.holdout_.tolist() == run.holdout.rows.tolist()
    np.testing.assert_allclose(run.reweight("log_loss").weights_, run.weights, atol=1e-4)
