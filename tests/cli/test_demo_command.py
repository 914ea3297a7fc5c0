"""skensemble demo."""

import re

import pytest

from skensemble.cli import main
from skensemble.cli._demo_command import LEARNED, SINGLE, verdict_lines
from skensemble.evaluation import summarise_runs


def test_trains_and_compares(capfd):
    assert main(["demo", "--data", "wine", "--seeds", "2"]) == 0
    out = " ".join(capfd.readouterr().out.split())
    assert out.count("rate 0.1 →") == 5  # the progress of one ensemble of five cycles
    for name in (
        "best snapshot on the holdout",
        "last snapshot",
        SINGLE,
        "ensemble, equal weights",
        LEARNED,
    ):
        assert re.search(rf"{name} │ +[\d.]+ ± [\d.]+ │ +[\d.]+ ± [\d.]+ │", out), name
    weights = re.search(r"Learned weights on the first split: ((?:[\d.]+(?:, )?){5})", out)
    assert sum(map(float, weights[1].split(","))) == pytest.approx(1, abs=0.003)
    assert re.search(r"certificate: at most \de-\d+ nats", out)
    assert re.search(r"Time: \d+ s in all, .*train \d+%", out)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (
            ["demo", "--data", "iris"],
            "error: Invalid value for '--data': 'iris' is not one of 'digits', "
            "'breast_cancer', 'wine'\nskensemble demo --help lists what there is.\n",
        ),
        (
            ["demo", "--seeds", "two"],
            "error: Invalid value for '--seeds': Input should be a valid integer, unable to parse "
            "string as an integer\nskensemble demo --help lists what there is.\n",
        ),
        (
            ["demo", "--seeds", "1"],
            "error: --seeds must be an integer of at least 2, got 1 instead: 10 is the default.\n",
        ),
    ],
)
def test_arguments_that_are_not_understood(arguments, message, capsys):
    assert main(arguments) == 2
    assert capsys.readouterr() == ("", message)


def test_interrupted(monkeypatch):
    def interrupt(*args, **kwargs):
        raise KeyboardInterrupt

    monkeypatch.setattr("skensemble.cli._demo_command.train_both", interrupt)
    assert main(["demo"]) == 130


@pytest.mark.parametrize(
    ("difference", "words"),
    [
        (0.0, ["no difference shown"] * 2),
        (0.1, ["the ensemble is better", "the single network is better"]),
        (-0.1, ["the single network is better", "the ensemble is better"]),
    ],
)
def test_verdict_reports_losses_as_well_as_wins(difference, words):
    names = ("accuracy", "log_loss")
    single = [(0.9, 0.3), (0.8, 0.4), (0.85, 0.35)]
    noise = (-0.001, 0.0, 0.001)
    learned = [
        [score + difference + e for score in scores]
        for scores, e in zip(single, noise, strict=True)
    ]
    both = {SINGLE: single, LEARNED: learned}
    runs = [
        {"seed": seed, "method": name, **dict(zip(names, values, strict=True))}
        for name, splits in both.items()
        for seed, values in enumerate(splits)
    ]
    lines = verdict_lines(summarise_runs(runs, [SINGLE])).splitlines()[1:]
    assert [line.split(": ")[1] for line in lines] == words
    if difference:
        assert lines[0].startswith(f"  accuracy % {100 * difference:+.2f} ± 0.25: ")
