"""skensemble evaluate, and where its rows come from."""

import json
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from skensemble.cli import main
from skensemble.cli._console import Output
from skensemble.cli._evaluate_command import EQUAL, IN_USE, LAST, predictions
from skensemble.cli._row_source import warn_about_seen_rows
from skensemble.cli._score_lines import best_title
from skensemble.persistence import OWN_HOLDOUT, Run

BEST = best_title(OWN_HOLDOUT)


@pytest.fixture(scope="module")
def members(trained):
    """What Keras predicts with the weights in each file, (2, 150, 10), and the true classes."""
    run = Run.open(trained.run)
    network = run.network()
    with np.load(trained.test) as rows:
        X, y = rows["X"], rows["y"]
    probas = []
    for path in run.snapshot_paths:
        network.load_weights(path)
        probas.append(network.predict(X, verbose=0))
    return np.array(probas), np.searchsorted(np.array(list("abcdefghij")), y)


@pytest.fixture(scope="module")
def found(trained):
    import contextlib
    import io

    out = io.StringIO()
    with contextlib.redirect_stdout(out):
        assert main(["evaluate", str(trained.run), "--data", str(trained.test), "--json"]) == 0
    return json.loads(out.getvalue())


def test_scores_by_hand(found, members, trained):
    probas, y = members
    weights = Run.open(trained.run).weights
    with np.load(trained.run / "holdout.npz") as holdout:
        true = holdout["probas"][:, np.arange(30), holdout["y"]]
    best = int((-np.log(true)).mean(axis=1).argmin())
    expected = {
        LAST: probas[-1],
        BEST: probas[best],
        EQUAL: probas.mean(axis=0),
        IN_USE: np.tensordot(weights, probas, axes=1),
    }
    assert found["best_snapshot"] == best + 1
    assert found["n_rows"] == 150
    assert list(found["scores"]) == list(expected)
    for name, proba in expected.items():
        scores = found["scores"][name]
        accuracy = (proba.argmax(axis=1) == y).mean()
        loss = -np.log(proba[np.arange(150), y]).mean()
        assert scores["accuracy"]["value"] == pytest.approx(accuracy)
        assert scores["log_loss"]["value"] == pytest.approx(loss, rel=1e-5)
        assert scores["accuracy"]["low"] < accuracy < scores["accuracy"]["high"]


def test_differences_are_to_the_weights_of_the_run(found):
    assert list(found["differences"]) == [LAST, BEST, EQUAL]
    for name, differences in found["differences"].items():
        for metric in ("accuracy", "log_loss", "brier"):
            value = (
                found["scores"][IN_USE][metric]["value"] - found["scores"][name][metric]["value"]
            )
            assert differences[metric]["value"] == pytest.approx(value, abs=1e-12)


def test_for_people(trained, capsys):
    assert main(["evaluate", str(trained.run), "--data", str(trained.test)]) == 0
    captured = capsys.readouterr()
    out = " ".join(captured.out.split())
    for words in ("On 150 rows", LAST, BEST, EQUAL, IN_USE, "ECE %", f"minus {EQUAL}"):
        assert words in out, words
    assert captured.err == ""


def test_rows_of_training_are_told(trained, capsys):
    assert main(["evaluate", str(trained.run), "--data", str(trained.train), "--json"]) == 0
    captured = capsys.readouterr()
    assert json.loads(captured.out)["n_rows"] == 300
    assert captured.err.startswith(
        f"warning: {trained.train} is what {trained.run} was trained on: of rows that have trained "
        "a network it knows more than of any others. Bring rows that it has not seen.\n"
    )


@pytest.mark.parametrize(
    ("source", "trained_on", "subset", "trained_subset", "warned"),
    [
        ("a.npz", "a.npz", None, None, True),
        ("a.npz", "./x/../a.npz", None, None, True),
        ("a.npz", "b.npz", None, None, False),
        ("a.npz", "a.npz", "test", "train", False),
        ("a.npz", "a.npz", "test", None, True),
        ("cifar10", "cifar10", None, None, False),
        ("cifar10", "cifar10", "train", None, True),
        ("cifar10", "cifar10", None, "all", True),
        ("cifar10", "cifar100", "train", None, False),
    ],
)
def test_what_looks_like_training_rows(source, trained_on, subset, trained_subset, warned, capsys):
    data = {"source": trained_on, "subset": trained_subset}
    run = Run(Path("run"), {"data": data}, None, None)
    warn_about_seen_rows(run, source, subset, Output())
    assert bool(capsys.readouterr().err) == warned


@pytest.mark.parametrize(
    ("source", "subset", "chosen_by", "warned"),
    [
        ("a.npz", None, "a.npz", True),
        ("./x/../a.npz", None, "a.npz", True),
        ("a.npz", "test", "a.npz", True),
        ("a.npz", "test", "a.npz (test)", True),
        ("a.npz", "test", "a.npz (train)", False),
        ("b.npz", None, "a.npz", False),
        ("cifar10", None, "cifar10 (test)", True),
        ("cifar10", "train", "cifar10 (test)", False),
        ("fold", "test", "fold/test", True),
        ("fold/test", None, "fold/test", True),
        ("fold", "train", "fold/test", False),
        ("a.npz", None, OWN_HOLDOUT, False),
    ],
)
def test_what_looks_like_rows_that_chose_the_weights(
    source, subset, chosen_by, warned, tmp_path, monkeypatch, capsys
):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "fold").mkdir()
    data = {"source": "elsewhere.npz", "subset": None}
    known = chosen_by if chosen_by.startswith(("cifar", "the ")) else f"{tmp_path}/{chosen_by}"
    run = Run(Path("run"), {"data": data}, None, None, known)
    warn_about_seen_rows(run, source, subset, Output())
    line = (
        f"warning: {source} is what the weights of run come from: on these rows they do better "
        "than on any others. Bring rows that have chosen nothing about it.\n"
    )
    assert capsys.readouterr().err == (line if warned else "")


def test_training_rows_in_a_folder(tmp_path, monkeypatch, capsys):
    """Named with --subset or by their path, absolute or not."""
    (tmp_path / "fold" / "train").mkdir(parents=True)
    monkeypatch.chdir(tmp_path)
    data = {"source": str(tmp_path / "fold"), "subset": "train"}
    run = Run(Path("run"), {"data": data}, None, None)
    warn_about_seen_rows(run, "fold/train", None, Output())
    assert capsys.readouterr().err.startswith("warning: fold/train is what run was trained on: ")


def test_rows_that_chose_the_weights_are_told(own_run, trained, capsys):
    assert main(["reweight", str(own_run), "--data", str(trained.test), "--quiet"]) == 0
    for command in ("evaluate", "predict"):
        assert main([command, str(own_run), "--data", str(trained.test), "--json"]) == 0
        captured = capsys.readouterr()
        assert captured.err.startswith(f"warning: {trained.test} is what the weights of {own_run} ")
        names = " ".join(json.loads(captured.out)["scores"])
        assert "best on the rows of reweight" in names
        assert "holdout" not in names


def test_predicting_rows_of_training_is_told(trained, capsys):
    assert main(["predict", str(trained.run), "--data", str(trained.train), "--json"]) == 0
    assert capsys.readouterr().err.startswith(f"warning: {trained.train} is what {trained.run} was")


def test_labels_of_other_data(trained, tmp_path, capsys):
    np.savez(tmp_path / "rows.npz", X=np.zeros((2, 64), "float32"), y=np.array(["a", "z"]))
    assert main(["evaluate", str(trained.run), "--data", str(tmp_path / "rows.npz")]) == 2
    assert "--data must be labels that training has seen" in capsys.readouterr().err


def test_a_snapshot_that_diverged_is_left_out():
    members = np.array([[[0.2, 0.8]], [[np.nan, np.nan]], [[0.6, 0.4]]])
    run = SimpleNamespace(best_snapshot=None, weights=np.array([0.25, 0.0, 0.75]))
    ways = predictions(run, members)
    assert list(ways) == [LAST, EQUAL, IN_USE]
    np.testing.assert_allclose(ways[EQUAL], [[0.4, 0.6]])
    np.testing.assert_allclose(ways[IN_USE], [[0.5, 0.5]])
