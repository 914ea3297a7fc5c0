"""What the runs of a comparison show."""

import numpy as np
import pytest
from scipy import stats

from skensemble.evaluation import METRICS, markdown_tables, summarise_runs, summary_tables

SINGLE, NO_CYCLE, ONE_CYCLE, LEARNED = "single", "no-cycle", "one-cycle", "snapshots-learned"


def run_of(seed, method, accuracy, loss):
    scores = {"accuracy": accuracy, "log_loss": loss, "calibration_error": 0.05, "brier": 0.2}
    return {"seed": seed, "method": method, **scores}


@pytest.fixture
def runs():
    """Three seeds: no cycle is better in accuracy by 0.02 to 0.03 and worse in log-loss."""
    found = []
    for seed, level in enumerate([0.8, 0.7, 0.9]):
        found += [
            run_of(seed, SINGLE, level, 0.5),
            run_of(seed, NO_CYCLE, level + [0.02, 0.03, 0.025][seed], 0.6 + 0.001 * seed),
            run_of(seed, ONE_CYCLE, level + [0.2, -0.2, 0.0][seed], 0.5),
        ]
    return found


def test_means_and_paired_differences(runs):
    summary = {entry["method"]: entry for entry in summarise_runs(runs)}
    assert list(summary) == [SINGLE, NO_CYCLE, ONE_CYCLE]
    values = np.array([0.82, 0.73, 0.925])
    interval = stats.ttest_1samp(values, 0).confidence_interval()
    found = summary[NO_CYCLE]["scores"]["accuracy"]
    assert found["mean"] == pytest.approx(values.mean())
    assert found["mean"] - found["half"] == pytest.approx(interval.low)
    interval = stats.ttest_rel(values, [0.8, 0.7, 0.9]).confidence_interval()
    found = summary[NO_CYCLE]["differences"][SINGLE]["accuracy"]
    assert found["mean"] - found["half"] == pytest.approx(interval.low)
    assert found["mean"] + found["half"] == pytest.approx(interval.high)
    # The means' own intervals overlap: only the pairs show the difference.
    assert found["verdict"] == "better"
    assert summary[NO_CYCLE]["differences"][SINGLE]["log_loss"]["verdict"] == "worse"
    found = summary[ONE_CYCLE]["differences"][SINGLE]["accuracy"]
    assert found["verdict"] == "no difference shown"
    assert summary[SINGLE]["differences"][ONE_CYCLE]["accuracy"]["mean"] == -found["mean"]


def test_tables_say_what_is_shown(runs):
    scores, differences = summary_tables(summarise_runs(runs), SINGLE)
    assert scores[0] == "On the test rows: mean and 95% interval over 3 seeds"
    assert scores[1] == ["", "accuracy %", "log-loss", "ECE %"]
    assert [row[0] for row in scores[2]] == ["single network", "no cycle", "one cycle"]
    assert scores[2][0][2] == "0.5000 ± 0.0000"
    assert differences[0].startswith("Minus the single network, seed by seed")
    assert differences[2] == [
        ["no cycle", "+2.50 ± 1.24 better", "+0.1010 ± 0.0025 worse", "+0.00 ± 0.00"],
        ["one cycle", "+0.00 ± 49.68", "+0.0000 ± 0.0000", "+0.00 ± 0.00"],
    ]


def test_a_run_that_diverged_is_not_averaged_away(runs):
    runs.append(run_of(0, LEARNED, 0.9, 0.4))
    runs.append(run_of(1, LEARNED, np.nan, np.nan))
    runs.append(run_of(2, LEARNED, 0.9, 0.4))
    for run in runs:
        if np.isnan(run["accuracy"]):
            run.update({metric.name: np.nan for metric in METRICS})
    summary = summarise_runs(runs)
    assert summary[-1]["n_diverged"] == 1
    scores, differences = summary_tables(summary, SINGLE)
    assert scores[2][-1] == ["snapshots, learned", *["diverged in 1 of 3"] * 3]
    assert differences[2][-1] == ["snapshots, learned", *["diverged"] * 3]


def test_markdown(runs):
    lines = markdown_tables(summarise_runs(runs), ONE_CYCLE).splitlines()
    assert lines[2] == "|  | accuracy % | log-loss | ECE % |"
    assert lines[3] == "| --- | ---: | ---: | ---: |"
    assert lines[5].startswith("| no cycle | 82.50 ± ")
    assert lines[8].startswith("Minus the one cycle, seed by seed")
    assert [line.split(" | ")[0] for line in lines[12:]] == ["| single network", "| no cycle"]
