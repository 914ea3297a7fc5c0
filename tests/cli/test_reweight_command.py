"""skensemble reweight."""

import json
import shutil

import numpy as np
import pytest

from skensemble.cli import main
from skensemble.persistence import Run
from skensemble.weighting import solve_accuracy, solve_log_loss


def reweight(run, *arguments):
    return main(["reweight", str(run), *map(str, arguments)])


def holdout_of(run):
    with np.load(run / "holdout.npz") as holdout:
        return holdout["probas"], holdout["y"]


def stored(run):
    return json.loads((run / "weights.json").read_text())


def test_learned_on_the_holdout_of_the_run(own_run, capsys):
    probas, y = holdout_of(own_run)
    before = stored(own_run)
    assert reweight(own_run, "--method", "accuracy", "--json") == 0
    found = json.loads(capsys.readouterr().out)
    expected = solve_accuracy(probas, y).weights
    np.testing.assert_allclose(found["after"]["weights"], expected)
    assert found["before"] == before["weights"]
    for name, weights in (("before", before["weights"]), ("after", expected)):
        proba = np.tensordot(weights, probas, axes=1)
        scores = found["scores"][name]
        assert scores["accuracy"] == pytest.approx((proba.argmax(axis=1) == y).mean())
        assert scores["log_loss"] == pytest.approx(-np.log(proba[np.arange(30), y]).mean())
    after = stored(own_run)
    np.testing.assert_allclose(after["weights"], expected)
    assert after["method"] == "accuracy"
    assert after["source"] == "the holdout of the run"
    assert [earlier["weights"] for earlier in after["earlier"]] == [before["weights"]]
    np.testing.assert_allclose(Run.open(own_run).weights, expected)


def test_the_same_method_finds_the_same_weights(own_run, capsys):
    before = stored(own_run)["weights"]
    assert reweight(own_run, "--json") == 0
    assert json.loads(capsys.readouterr().out)["after"]["weights"] == pytest.approx(before)


def test_dry_run_writes_nothing(own_run, capsys):
    before = (own_run / "weights.json").read_bytes()
    assert reweight(own_run, "--method", "uniform", "--n-last", 1, "--dry-run") == 0
    assert (own_run / "weights.json").read_bytes() == before
    out = " ".join(capsys.readouterr().out.split())
    assert "│ 0.000 │" in out
    assert "│ 1.000 │" in out
    assert "weights.json is as it was" in out


def test_learned_on_other_rows(own_run, trained, capsys):
    assert reweight(own_run, "--data", trained.other, "--json") == 0
    found = json.loads(capsys.readouterr().out)
    with np.load(trained.other) as rows:
        X, y = rows["X"], np.searchsorted(np.array(list("abcdefghij")), rows["y"])
    probas = Run.open(own_run).estimator().member_predict_proba(X)
    expected = solve_log_loss(probas, y).weights
    np.testing.assert_allclose(found["after"]["weights"], expected, atol=1e-6)
    assert found["after"]["n_samples"] == 150
    assert stored(own_run)["source"] == str(trained.other)
    assert main(["inspect", str(own_run)]) == 0
    out = " ".join(capsys.readouterr().out.split())
    assert f"learned on 150 rows of {trained.other}" in out
    assert "1 earlier weights are kept in weights.json" in out


def test_images_that_cannot_be_read_are_named(image_run, tmp_path, capsys):
    from PIL import Image

    for label, level in (("cat", 60), ("dog", 120), ("owl", 220)):
        (tmp_path / "rows" / label).mkdir(parents=True)
        Image.new("RGB", (8, 8), (level,) * 3).save(tmp_path / "rows" / label / "1.png")
    (tmp_path / "rows" / "cat" / "2.png").write_bytes(b"\x89PNG")
    run = shutil.copytree(image_run, tmp_path / "run")
    data = ["--data", str(tmp_path / "rows"), "--on-unreadable", "skip", "--quiet"]
    for command in ("evaluate", "reweight"):
        assert main([command, str(run), *data]) == 0
        err = capsys.readouterr().err
        assert err.startswith("warning: cat/2.png cannot be read and is left out\n")


def test_equal_weights_are_called_so(trained, capsys):
    assert reweight(trained.run, "--dry-run") == 0
    out = capsys.readouterr().out
    assert "equal weights" in out
    assert "uniform" not in out


def test_given_weights_and_small_ones_dropped(own_run, capsys):
    assert reweight(own_run, "--method", "1,3") == 0
    assert stored(own_run)["weights"] == [0.25, 0.75]
    assert stored(own_run)["method"] == "given"
    assert reweight(own_run, "--method", "1,3", "--min-weight", 0.3) == 0
    assert stored(own_run)["weights"] == [0, 1]
    assert len(stored(own_run)["earlier"]) == 2
    assert "skensemble evaluate" not in capsys.readouterr().out


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--method", "1,x"], "--method must be a name, or numbers with commas, got '1,x' instead"),
        (["--method", "1,2,3"], "error: --method must be of shape (2,), as M=2"),
        (["--method", "log_lose"], "perhaps 'log_loss' is meant"),
        (
            ["--n-last", "3"],
            "error: --n-last must be at most M=2, got 3 instead: None combines all",
        ),
        (["--min-weight", "0.5"], "error: --min-weight must be below 1/M=0.5"),
    ],
    ids=["text", "shape", "name", "n_last", "min_weight"],
)
def test_bad_input_changes_nothing(trained, arguments, message, capsys):
    before = (trained.run / "weights.json").read_bytes()
    assert reweight(trained.run, *arguments) == 2
    assert message in capsys.readouterr().err
    assert (trained.run / "weights.json").read_bytes() == before


def test_rows_without_a_class_teach_nothing(own_run, tmp_path, capsys):
    path = tmp_path / "rows.npz"
    np.savez(path, X=np.zeros((9, 64), "float32"), y=np.array(list("abcdefghi")))
    assert reweight(own_run, "--data", path) == 2
    assert (
        "got no row of ['j'] instead: bring rows of it to learn the weights on, or set "
        "weighting='uniform'." in capsys.readouterr().err
    )
    assert reweight(own_run, "--data", path, "--method", "uniform") == 0


def test_a_run_without_holdout(own_run, capsys):
    (own_run / "holdout.npz").unlink()
    assert reweight(own_run) == 2
    assert capsys.readouterr().err == (
        f"error: RUN {own_run} must be a run with a holdout, got one without holdout.npz instead: "
        "learn weights on labelled rows, or train with a holdout.\n"
    )
    # What learns nothing needs none.
    assert reweight(own_run, "--method", "1,3", "--json") == 0
    captured = capsys.readouterr()
    found = json.loads(captured.out)
    assert (found["after"]["weights"], found["scores"]) == ([0.25, 0.75], None)
    assert stored(own_run)["scores"] is None
    assert reweight(own_run, "--method", "uniform") == 0
    assert stored(own_run)["weights"] == [0.5, 0.5]
    out = capsys.readouterr().out.split("\n")
    assert out[0].strip() == "Weights"
    np.testing.assert_allclose(Run.open(own_run).weights, [0.5, 0.5])
    assert reweight(own_run, "--method", "1,2,3") == 2
