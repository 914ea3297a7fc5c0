"""Run: what it reads, and what it refuses."""

import json
import re
import shutil

import numpy as np
import pytest

from skensemble import weighting
from skensemble.cli._architectures import ModelOptions
from skensemble.cli._run_directory import Run
from skensemble.weighting import find_weights


@pytest.fixture
def copy(image_run, tmp_path):
    """A run that may be changed."""
    return shutil.copytree(image_run, tmp_path / "run")


def change(path, **values):
    """Change entries of a JSON file; None removes one."""
    content = {**json.loads(path.read_text()), **values}
    path.write_text(json.dumps({k: v for k, v in content.items() if v is not None}))


def refused(folder, kind, message, **options):
    """Opening the run raises, with the whole message."""
    with pytest.raises(kind, match=f"^{re.escape(message)}$"):
        Run.open(folder, options=ModelOptions(**options) if options else None)


def test_no_folder(tmp_path):
    message = (
        f"RUN {tmp_path / 'no'} must be the folder of a run, got no folder instead: "
        "`skensemble train --out FOLDER` makes one."
    )
    refused(tmp_path / "no", FileNotFoundError, message)


def test_another_folder(tmp_path):
    (tmp_path / "a.txt").write_text("")
    message = (
        f"RUN {tmp_path} must be the folder of a run, with config.json, got a folder without "
        "instead: it has a.txt; `skensemble train --out FOLDER` makes a run."
    )
    refused(tmp_path, FileNotFoundError, message)


def test_missing_files_are_named(copy):
    (copy / "weights.json").unlink()
    (copy / "snapshots" / "snapshot_02.weights.h5").unlink()
    message = (
        f"RUN {copy} must be the folder of a run, with weights.json, "
        "snapshots/snapshot_02.weights.h5, got a folder without instead: it has config.json, "
        "history.csv, holdout.npz, log.txt, network.json, snapshots, "
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
        "classes, row instead: bring back the file as `skensemble train` wrote it."
    )
    refused(copy, ValueError, message)


_AS_WRITTEN = "train again, or bring back the file as `skensemble train` wrote it"


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
        f"the file {copy / 'weights.json'} must be a file of combination weights, got one where "
        f"'loss' is missing or of no use instead: {_AS_WRITTEN}."
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


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"model": "dn"}, "RUN {0} must be a run of --model dn, got one of --model wrn"),
        ({"wrn_N": 2}, "depth of the network of {0} must be 16, got 10"),
        ({"model": "wrn", "wrn_k": 4}, "width of the network of {0} must be 4, got 1"),
        ({"growth_rate": 12}, "growth_rate of the network of {0} must be 12, got None"),
    ],
)
def test_another_architecture(options, message, image_run):
    fix = "leave the option out, or give the run that was trained so"
    refused(image_run, ValueError, f"{message.format(image_run)} instead: {fix}.", **options)


def test_the_same_architecture(image_run):
    asked = ModelOptions(model="wrn", wrn_N=1, wrn_k=1, dn_depth=40, dn_growth_rate=12)
    assert Run.open(image_run, options=asked).n_snapshots == 3


def test_weights_of_another_network(copy, table_run):
    name = "snapshots/snapshot_02.weights.h5"
    shutil.copy(table_run / name, copy / name)
    message = (
        f"layer 'stem_conv' in {copy / name} must be 1 variable of shape (3, 3, 3, 16), got no "
        "layers/conv2d among its 5 layers instead: build the network that the snapshots were "
        "trained with."
    )
    with pytest.raises(ValueError, match=f"^{re.escape(message)}$"):
        Run.open(copy).estimator()


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
    result, scores = run.learn_weights("uniform")
    run.save_weights(result, scores, source="rows of mine")
    again = Run.open(copy)
    np.testing.assert_array_equal(again.weights, [1 / 3] * 3)
    assert again.weights_source == "rows of mine"
    assert again.weighting.method == "uniform"
    assert again.scores["name"][-1] == "uniform"
    assert [found["method"] for found in again.earlier_weights] == ["log_loss"]
    assert again.earlier_weights[0]["weights"] == before.tolist()
    again.save_weights(result, None)
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


def test_weights_are_learned_anew(image_run):
    run = Run.open(image_run)
    held = run.holdout
    result, scores = run.learn_weights("accuracy", n_last=2)
    expected = find_weights("accuracy", held.probas[1:], held.y, classes=run.classes)
    np.testing.assert_allclose(result.weights, [0, *expected.weights])
    assert scores["name"] == ["snapshot 1", "snapshot 2", "snapshot 3", "uniform", "learned"]


def test_nothing_to_learn_on(copy):
    (copy / "holdout.npz").unlink()
    message = (
        f"RUN {copy} must be a run with a holdout, got one without holdout.npz instead: train with "
        "--validation-fraction above 0, or learn weights on --data."
    )
    with pytest.raises(ValueError, match=f"^{re.escape(message)}$"):
        Run.open(copy).learn_weights()


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
        "bring back the file as `skensemble train` wrote it."
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
