"""skensemble export."""

import json

import joblib
import keras
import numpy as np
import pytest

from skensemble.cli import main
from skensemble.persistence import Run, _atomic_files, _exported_files
from skensemble.persistence._exported_files import _WRITERS, KERAS, SAVED_MODEL


def export(run, path, *arguments):
    return main(["export", str(run), str(path), *arguments])


@pytest.fixture(scope="module")
def expected(trained):
    """Rows, and the probabilities of the run's ensemble."""
    with np.load(trained.test) as rows:
        X = rows["X"]
    return X, Run.open(trained.run).estimator().predict_proba(X)


def predict(path, X):
    if path.suffix == ".keras":
        return keras.models.load_model(path).predict(X, verbose=0)
    if path.suffix == ".joblib":
        return joblib.load(path).predict_proba(X)
    if path.suffix == ".onnx":
        session = pytest.importorskip("onnxruntime").InferenceSession(path)
        return session.run(None, {"rows": X})[0]
    import tensorflow as tf

    served = tf.saved_model.load(path)
    return served.serve(X).numpy()


@pytest.mark.parametrize("name", ["e.keras", "served", "e.onnx", "e.joblib"])
def test_computes_what_the_run_computes(trained, expected, tmp_path, name, capfd):
    if name == "e.onnx":
        pytest.importorskip("tf2onnx")
    X, proba = expected
    path = tmp_path / "new" / name
    assert export(trained.run, path, "--json") == 0
    captured = capfd.readouterr()
    found = json.loads(captured.out)
    np.testing.assert_allclose(predict(path, X), proba, atol=1e-5)
    assert found["file"] == str(path)
    assert found["n_snapshots"] == 2
    labels = path.with_name(name + ".classes.json")
    if name == "e.joblib":
        assert not labels.exists()
        assert joblib.load(path).classes_.tolist() == list("abcdefghij")
    else:
        content = json.loads(labels.read_text())
        assert content["classes"] == list("abcdefghij")
        assert content["input"] == {"shape": [None, 64]}
        assert content["snapshots"] == [1, 2]
        assert content["weights"] == pytest.approx(Run.open(trained.run).weights.tolist())
    # Nothing half-written is left.
    there = {path.name for path in (tmp_path / "new").iterdir()}
    assert there == {name, labels.name} - ({labels.name} if name == "e.joblib" else set())


@pytest.fixture
def quick(monkeypatch):
    """Writers that write what is not read."""

    def write_folder(clf, path):
        path.mkdir()
        (path / "saved_model.pb").write_text("new")

    monkeypatch.setitem(_WRITERS, KERAS, lambda clf, path: path.write_text("new"))
    monkeypatch.setitem(_WRITERS, SAVED_MODEL, write_folder)


@pytest.mark.usefixtures("quick")
def test_replaces_only_when_told(trained, tmp_path, capsys):
    path = tmp_path / "e.keras"
    path.write_text("mine")
    assert export(trained.run, path) == 2
    assert (
        f"OUT {path} must be a new file, got one that is there already instead: --force "
        "replaces it." in capsys.readouterr().err
    )
    assert path.read_text() == "mine"
    assert export(trained.run, path, "--force") == 0
    assert path.read_text() == "new"
    labels = tmp_path / "f.keras.classes.json"
    labels.write_text("mine")
    assert export(trained.run, tmp_path / "f.keras") == 2
    assert labels.read_text() == "mine"


@pytest.mark.usefixtures("quick")
def test_replaces_a_saved_model_and_no_other_folder(trained, tmp_path, capsys):
    folder = tmp_path / "folder"
    folder.mkdir()
    (folder / "photo").write_text("mine")
    assert export(trained.run, folder, "--force") == 2
    assert f"OUT {folder} must be a SavedModel, to be replaced by one" in capsys.readouterr().err
    assert (folder / "photo").read_text() == "mine"
    (folder / "saved_model.pb").write_text("old")
    assert export(trained.run, folder, "--force") == 2
    assert (folder / "photo").read_text() == "mine"
    (folder / "photo").unlink()
    (folder / "variables").mkdir()
    assert export(trained.run, folder, "--force") == 0
    assert not (folder / "variables").exists()
    assert (folder / "saved_model.pb").read_text() == "new"
    (tmp_path / "folder.keras").mkdir()
    assert export(trained.run, tmp_path / "folder.keras", "--force") == 2
    assert "must be a regular file, got a folder instead: choose an" in capsys.readouterr().err


def test_format_is_in_the_name(trained, tmp_path, capsys):
    assert export(trained.run, tmp_path / "e.h5") == 2
    assert (
        "must be NAME.keras, NAME.onnx, NAME.joblib, or a folder without a dot for a SavedModel, "
        "got a name that ends in .h5 instead: choose the format by the name."
        in capsys.readouterr().err
    )


def test_onnx_needs_its_packages(trained, tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(_exported_files, "find_spec", lambda name: None)
    assert export(trained.run, tmp_path / "e.onnx") == 2
    assert (
        "ONNX files need onnx, which is not installed: pip install skensemble[export]"
        in capsys.readouterr().err
    )
    assert not list(tmp_path.iterdir())


def test_a_failure_leaves_the_old_file(trained, tmp_path, monkeypatch, capsys):
    path = tmp_path / "e.keras"
    path.write_text("mine")

    def fail(clf, path):
        path.write_text("half")
        raise OSError("no space left")

    monkeypatch.setitem(_WRITERS, KERAS, fail)
    assert export(trained.run, path, "--force") == 2
    assert "no space left" in capsys.readouterr().err
    assert [p.name for p in tmp_path.iterdir()] == ["e.keras"]
    assert path.read_text() == "mine"


@pytest.mark.usefixtures("quick")
@pytest.mark.parametrize("force", [(), ("--force",)])
def test_what_is_no_file_stays(trained, tmp_path, force, capsys):
    link = tmp_path / "e.keras"
    link.symlink_to("/dev/null")
    assert export(trained.run, link, *force) == 2
    assert capsys.readouterr().err == (
        f"error: OUT {link} must be a regular file, got a device or a pipe instead: choose another "
        "name.\n"
    )
    assert link.is_symlink()


@pytest.mark.usefixtures("quick")
def test_a_saved_model_is_no_file(trained, tmp_path, capsys):
    path = tmp_path / "served"
    path.write_text("mine")
    assert export(trained.run, path, "--force") == 2
    assert capsys.readouterr().err == (
        f"error: OUT {path} must be a SavedModel, to be replaced by one, got other files "
        "instead: choose another name, or remove it yourself.\n"
    )
    assert path.read_text() == "mine"


@pytest.mark.usefixtures("quick")
def test_model_and_labels_come_together(trained, tmp_path, monkeypatch, capsys):
    model, labels = tmp_path / "e.keras", tmp_path / "e.keras.classes.json"
    for path in (model, labels):
        path.write_text("mine")

    def fail(content, **options):
        raise OSError("no space left")

    monkeypatch.setattr(_atomic_files, "to_json", fail)
    assert export(trained.run, model, "--force") == 2
    assert "no space left" in capsys.readouterr().err
    assert {path.name: path.read_text() for path in tmp_path.iterdir()} == {
        model.name: "mine",
        labels.name: "mine",
    }
