"""skensemble inspect."""

import json
import subprocess
import sys

import numpy as np
import pytest

from skensemble import CyclicCosineDecay
from skensemble.cli import main


@pytest.fixture(scope="module")
def found(trained):
    code = (
        "import sys\n"
        "from skensemble.cli import main\n"
        "code = main(['inspect', sys.argv[1], '--json'])\n"
        "loaded = {'tensorflow', 'keras', 'scikeras'} & set(sys.modules)\n"
        "assert not loaded, loaded\n"
        "sys.exit(code)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, str(trained.run)], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    return json.loads(done.stdout)


def test_rates_are_those_of_the_schedule(found):
    rates = CyclicCosineDecay(0.05, found["config"]["n_iterations"], M=2).simulate()
    assert sum(cycle["n_iterations"] for cycle in found["cycles"]) == len(rates)
    start = 0
    for cycle in found["cycles"]:
        end = start + cycle["n_iterations"]
        assert cycle["first_rate"] == rates[start:end].max()
        assert cycle["last_rate"] == pytest.approx(rates[start:end].min(), rel=1e-9)
        start = end


def test_snapshots_and_weights(found, trained):
    assert sum(snapshot["weight"] for snapshot in found["snapshots"]) == pytest.approx(1)
    for snapshot in found["snapshots"]:
        path = trained.run / snapshot["file"]
        assert snapshot["size"] == path.stat().st_size
    with np.load(trained.run / "holdout.npz") as holdout:
        probas, y = holdout["probas"], holdout["y"]
    for snapshot, proba in zip(found["snapshots"], probas, strict=True):
        assert snapshot["accuracy"] == pytest.approx((proba.argmax(axis=1) == y).mean())
        loss = -np.log(proba[np.arange(len(y)), y]).mean()
        assert snapshot["log_loss"] == pytest.approx(loss)
    weights = found["weights"]
    assert weights["method"] == "log_loss"
    assert weights["source"] == "the holdout of the run"
    assert weights["n_samples"] == len(y) == 30
    assert [scores["name"] for scores in weights["scores"]] == ["uniform", "learned"]


def test_history_and_files(found, trained):
    history = (trained.run / "history.csv").read_text().splitlines()
    column = history[0].split(",").index("loss")
    losses = [float(line.split(",")[column]) for line in history[1:]]
    assert found["history"]["loss"] == {
        "n_epochs": 8,
        "first": losses[0],
        "last": losses[-1],
        "lowest": min(losses),
        "highest": max(losses),
    }
    assert found["size"] == sum(p.stat().st_size for p in trained.run.rglob("*") if p.is_file())
    assert {"config.json", "weights.json", "log.txt"} <= set(found["files"])


def test_for_people(trained, capsys):
    assert main(["inspect", str(trained.run)]) == 0
    out = " ".join(capsys.readouterr().out.split())
    for words in (
        "run: mlp(units=[16])",
        "rows of shape (64,), 10 classes",
        "300 rows of",
        "2 cycles",
        "keras 3.",
        "│ 0.05 → ",
        "Weights: log_loss, learned on 30 rows of the holdout of the run",
        "History, by epoch",
        "Files: ",
    ):
        assert words in out, words


def test_no_run(tmp_path, capsys):
    assert main(["inspect", str(tmp_path / "nothing")]) == 2
    assert f"RUN {tmp_path / 'nothing'} must be the folder of a run" in capsys.readouterr().err
