"""skensemble compare."""

import json

import numpy as np
import pytest

from skensemble import SnapshotEnsembleClassifier
from skensemble.cli import main
from skensemble.evaluation import METHODS, summarise_runs
from skensemble.models import mlp

SINGLE, ONE_CYCLE, EQUAL = "single", "one-cycle", "snapshots-equal"
SMALL = ["--epochs", "4", "--snapshots", "2", "--units", "8", "--alpha-zero", "0.05"]
SMALL += ["--normalize", "none", "--batch-size", "16"]


@pytest.fixture(scope="module")
def path(tmp_path_factory, blobs):
    X, y = blobs
    path = tmp_path_factory.mktemp("compare") / "rows.npz"
    np.savez(path, X=X, y=np.array(["c", "b", "a"])[y])
    return path


def test_compares_over_seeds(path, blobs, capsys, tmp_path):
    out = tmp_path / "new" / "results.json"
    arguments = ["compare", "--data", str(path), "--seeds", "2", "--output", str(out), "--json"]
    assert main([*arguments, *SMALL]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found == json.loads(out.read_text())
    runs = found["runs"]
    assert [(run["seed"], run["method"]) for run in runs] == [
        (seed, method) for seed in (0, 1) for method in METHODS
    ]
    assert found["rows"] == {"train": 67, "test": 23}
    settings = found["settings"]
    assert (settings["M"], settings["epochs"], settings["alpha_zero"]) == (2, 4, 0.05)
    assert settings["step_rate"] == 0.05
    # 67 rows in batches of 16 are 5 iterations an epoch, 60 rows are 4.
    for run in runs:
        less = run["method"] in ("snapshots-equal-less", "snapshots-learned")
        assert run["n_iterations"] == (16 if less else 20)
    assert found["summary"] == json.loads(json.dumps(summarise_runs(runs)))

    from sklearn.model_selection import train_test_split

    X, y = blobs
    y = 2 - y  # as their labels are sorted
    rows, test = train_test_split(np.arange(90), test_size=0.25, stratify=y, random_state=1)
    clf = SnapshotEnsembleClassifier(
        mlp,
        model__units=[8],
        M=2,
        epochs=4,
        alpha_zero=0.05,
        batch_size=16,
        weighting="uniform",
        validation_fraction=None,
        random_state=1,
    ).fit(X[rows], y[rows])
    proba = clf.predict_proba(X[test])
    (run,) = (run for run in runs if run["seed"] == 1 and run["method"] == EQUAL)
    assert run["accuracy"] == pytest.approx((proba.argmax(axis=1) == y[test]).mean())
    loss = -np.log(proba[np.arange(23), y[test]]).mean()
    assert run["log_loss"] == pytest.approx(loss, rel=1e-4)


@pytest.fixture
def no_training(monkeypatch):
    """Scores in the place of training."""

    def run(splits, options, n_seeds, step_rate, *, show_progress):
        names = ("accuracy", "log_loss", "calibration_error", "brier")
        runs = [
            {"seed": seed, "method": method, **dict.fromkeys(names, 0.5 + 0.1 * seed)}
            for seed in range(n_seeds)
            for method in METHODS
        ]
        yield {"rows": {"train": 67, "test": 23}, "settings": {"M": 2, "epochs": 4}}, runs

    monkeypatch.setattr("skensemble.cli._compare_command.run_seeds", run)


@pytest.mark.usefixtures("no_training")
def test_for_people(path, capsys):
    assert main(["compare", "--data", str(path), "--against", ONE_CYCLE, "--quiet"]) == 0
    assert capsys.readouterr().out == ""
    assert main(["compare", "--data", str(path), "--against", ONE_CYCLE]) == 0
    out = " ".join(capsys.readouterr().out.split())
    assert out.startswith(f"{path}: 67 rows train, 23 test. 4 epochs for each method, M = 2.")
    assert "mean and 95% interval over 5 seeds" in out
    assert "Minus the one cycle, seed by seed" in out
    for method in METHODS.values():
        assert f"│ {method.title.split(',')[0]}" in out


@pytest.mark.usefixtures("no_training")
def test_for_documents(path, capsys):
    assert main(["compare", "--data", str(path), "--seeds", "2", "--markdown"]) == 0
    out = capsys.readouterr().out
    assert "| single network | 55.00 ± 63.53 | 0.5500 ± 0.6353 | 55.00 ± 63.53 |\n" in out


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--seeds", "1"], "--seeds must be an integer of at least 2, got 1 instead: one has no"),
        (["--step-rate", "0"], "--step-rate must be a finite number greater than 0, got 0.0"),
        (["--snapshots", "5", "--epochs", "4"], "epochs must be at least M=5, one for each of the"),
        (["--weighting", "uniform"], "--weighting must be a way to learn weights, got 'uniform'"),
        (["--weighting", "1,2,1,2,1"], "--weighting must be a way to learn weights, got [1.0"),
        (
            ["--validation-fraction", "none"],
            "--validation-fraction must be a share of the rows, got nothing instead",
        ),
        (
            ["--snapshots", "0"],
            "--snapshots must be an integer of at least 1, got 0 instead",
        ),
        (["--test-size", "1.5"], "error: --test-size must be a share below 1, or a whole number"),
        (["--test-limit", "5"], "--test-limit must be left out without --test-data"),
        (["--data", "nowhere"], "nowhere"),
        (["--against", "nobody"], "nobody"),
    ],
    ids=lambda value: value[0].strip("-") if isinstance(value, list) else "",
)
def test_bad_input(path, arguments, message, capsys):
    given = arguments if "--data" in arguments else ["--data", str(path), *arguments]
    assert main(["compare", "--quiet", *given]) == 2
    assert message in capsys.readouterr().err


def test_a_recipe_with_warm_up_is_another_thing(path, capsys):
    assert main(["compare", "--data", str(path), "--recipe", "inception-v3-transfer"]) == 2
    assert (
        "--recipe must be one of a network without warm-up, got 'inception-v3-transfer' instead"
        in capsys.readouterr().err
    )


def test_results_are_not_overwritten(path, tmp_path, capsys):
    out = tmp_path / "results.json"
    out.write_text("mine")
    assert main(["compare", "--data", str(path), "--output", str(out)]) == 2
    assert (
        f"--output {out} must be a new file, got one that is there already"
        in capsys.readouterr().err
    )
    assert out.read_text() == "mine"


@pytest.mark.usefixtures("no_training")
def test_results_are_replaced_when_told(path, tmp_path):
    out = tmp_path / "results.json"
    out.write_text("mine")
    arguments = ["--data", str(path), "--output", str(out), "--force", "--quiet"]
    assert main(["compare", *arguments]) == 0
    assert json.loads(out.read_text())["summary"][0]["method"] == SINGLE


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("folder", "--output {0} must be a regular file, got a folder instead: choose another"),
        (
            "rows.npz/a.json",
            "--output {0} must be in a folder that can be written to, got one below",
        ),
    ],
)
def test_results_that_cannot_be_written_are_refused_first(name, message, tmp_path, capsys):
    (tmp_path / "folder").mkdir()
    (tmp_path / "rows.npz").write_text("not read")
    out = tmp_path / name
    data = ["--data", str(tmp_path / "rows.npz")]
    assert main(["compare", *data, "--output", str(out), "--force"]) == 2
    assert capsys.readouterr().err.startswith(f"error: {message.format(out)}")
