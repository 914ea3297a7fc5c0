"""skensemble predict."""

import csv
import shutil

import numpy as np
import pytest
from sklearn.metrics import accuracy_score, log_loss

from skensemble.persistence import Run


@pytest.fixture(scope="module")
def members(files, image_run):
    """What each snapshot predicts for the images, and their labels."""
    with np.load(files / "images.npz") as data:
        X, y = data["X"], data["y"]
    return Run.open(image_run).estimator().member_predict_proba(X), y


def test_table_of_snapshot_ensembles(files, image_run, members, json_of):
    found = json_of("predict", image_run, "--data", files / "images.npz")
    probas, y = members
    run = Run.open(image_run)
    best = int(np.argmin(run.scores["log_loss"][:3]))
    ways = {
        f"single best on the holdout (snapshot {best + 1})": probas[best],
        "last snapshot": probas[-1],
        "equal weights": probas.mean(axis=0),
        "weights of the run": np.tensordot(run.weights, probas, axes=1),
    }
    assert list(found["scores"]) == list(ways)
    for name, proba in ways.items():
        scores = found["scores"][name]
        labels = run.classes[proba.argmax(axis=1)]
        assert scores["accuracy"] == pytest.approx(accuracy_score(y, labels))
        assert scores["log_loss"] == pytest.approx(log_loss(y, proba), rel=1e-4)
    assert found["labels"] == labels.tolist()
    assert found["weights"] == run.weights.tolist()


@pytest.mark.parametrize(
    ("option", "value"),
    [("--weights", "equal"), ("--optimize", "-1")],
)
def test_equal_weights(option, value, files, image_run, members, json_of):
    data = ("--data", files / "images.npz", "--proba")
    found = json_of("predict", image_run, *data, option, value)
    assert found["weighting"] == "equal"
    np.testing.assert_allclose(found["proba"], members[0].mean(axis=0), atol=1e-6)


def test_flags_of_snapshot_ensembles(files, image_run, run_main):
    code, out, err = run_main(
        *("predict", image_run, "--data", files / "images.npz", "--optimize", "1"),
        *("--num_tests", "20", "--model", "wrn", "--wrn_N", "1", "--wrn_k", "1"),
        *("--dn_depth", "40", "--dn_growth_rate", "12"),
    )
    assert code == 0
    assert err.startswith(f"warning: {files / 'images.npz'} is what {image_run} was trained on: ")
    assert err.count("\n") == 1
    assert out.startswith(
        "note: --num_tests is without effect: one convex solve replaces restarts\n"
    )
    for name in ("single best on the holdout (snapshot ", "equal weights", "weights learned anew"):
        assert name in out


def test_relearned_weights_are_not_kept(files, image_run, tmp_path, json_of):
    copy = shutil.copytree(image_run, tmp_path / "run")
    run = Run.open(copy)
    equal = run.reweight("uniform")
    run.save_weights(equal.weighting_, equal.snapshot_scores_)
    before = (copy / "weights.json").read_text()
    found = json_of("predict", copy, "--data", files / "images.npz", "--weights", "relearn")
    np.testing.assert_allclose(found["weights"], Run.open(image_run).weights, atol=1e-6)
    assert (copy / "weights.json").read_text() == before


def test_rows_without_labels(files, table_run, tmp_path, run_main):
    """In another order of columns, which the run knows by name."""
    out = tmp_path / "new" / "predictions.csv"
    code, text, err = run_main(
        "predict", table_run, "--data", files / "new.csv", "--output", out, "--proba"
    )
    assert (code, err) == (0, "")
    assert text == f"4 rows predicted with weights of the run: {out}\n"
    with out.open() as file:
        header, *rows = csv.reader(file)
    assert header == ["row", "label", "proba_cat", "proba_dog", "proba_owl"]
    with (files / "table.csv").open() as file:
        X = np.array([row[:3] for row in list(csv.reader(file))[1:5]], np.float32)
    clf = Run.open(table_run).estimator()
    assert [row[0] for row in rows] == ["0", "1", "2", "3"]
    assert [row[1] for row in rows] == clf.predict(X).tolist()
    np.testing.assert_allclose(
        np.array([row[2:] for row in rows], float), clf.predict_proba(X), atol=1e-6
    )
    assert [path.name for path in out.parent.iterdir()] == ["predictions.csv"]


def test_labels_on_the_screen(files, table_run, run_main):
    code, text, err = run_main("predict", table_run, "--data", files / "new.csv", "--limit", "2")
    assert (code, err) == (0, "")
    assert [line.split("  ")[0] for line in text.splitlines()] == ["0", "1"]
    assert {line.split("  ")[1] for line in text.splitlines()} <= {"cat", "dog", "owl"}


def test_images_by_their_names(image_run, tmp_path, json_of):
    from PIL import Image

    for name, level in (("dark", 60), ("light", 220)):
        Image.new("RGB", (8, 8), (level,) * 3).save(tmp_path / f"{name}.png")
    (tmp_path / "broken.png").write_bytes(b"\x89PNG")
    found = json_of("predict", image_run, "--data", tmp_path, "--on-unreadable", "skip")
    assert found["rows"] == ["dark.png", "light.png"]
    assert len(found["labels"]) == 2
    assert found["scores"] is None


def test_a_file_is_replaced_only_by_force(files, table_run, tmp_path, run_main):
    out = tmp_path / "predictions.csv"
    out.write_text("mine")
    arguments = ("predict", table_run, "--data", files / "new.csv", "--output", out)
    assert run_main(*arguments) == (
        2,
        "",
        f"error: --output {out} must be a new file, got one that is there already instead: "
        "--force replaces it.\n",
    )
    assert out.read_text() == "mine"
    assert run_main(*arguments, "--force")[0] == 0
    assert out.read_text().startswith("row,label")


@pytest.mark.parametrize("path", ["/dev/null", "."])
def test_what_is_no_file_stays(path, files, table_run, run_main):
    code, _, err = run_main(
        "predict", table_run, "--data", files / "new.csv", "--output", path, "--force"
    )
    what = "a folder" if path == "." else "a device or a pipe"
    assert (code, err) == (
        2,
        f"error: --output {path} must be a regular file, got {what} instead: choose another "
        "name.\n",
    )
