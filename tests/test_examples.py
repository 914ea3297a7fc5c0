"""Every example runs, with small settings, and shows what it promises."""

import importlib.util
import re
from pathlib import Path

import pytest

EXAMPLES = Path(__file__).parents[1] / "examples"


def load(name):
    spec = importlib.util.spec_from_file_location(f"example_{name}", EXAMPLES / f"{name}.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_every_example_has_a_test():
    tested = {key.removeprefix("test_") for key in globals() if key.startswith("test_")}
    assert {path.stem for path in EXAMPLES.glob("*.py")} <= tested


def test_quick_start(capsys):
    load("quick_start").main(["--M", "2", "--epochs", "8"])
    header, *rows = capsys.readouterr().out.splitlines()
    assert header.split() == ["accuracy", "%", "log-loss"]
    assert [row[:16].strip() for row in rows] == ["single network", "2 snapshots"]
    for row in rows:
        accuracy, loss = map(float, row[16:].split())
        assert 90 < accuracy <= 100
        assert 0 < loss < 0.5


def test_plot_schedule(tmp_path):
    pytest.importorskip("matplotlib")
    path = tmp_path / "schedule.png"
    load("plot_schedule").main([str(path), "--M", "3", "--epochs", "10", "--steps", "7"])
    assert path.read_bytes().startswith(b"\x89PNG")


def test_plot_schedule_marks_a_snapshot_in_the_last_iteration_of_each_cycle(tmp_path):
    pytest.importorskip("matplotlib")
    example = load("plot_schedule")
    schedule = example.CyclicCosineDecay(0.1, n_iterations=11, M=3)
    rate, snapshots = example.plot(schedule, tmp_path / "schedule.svg").axes[0].lines
    assert rate.get_ydata().tolist() == schedule.simulate().tolist()
    assert snapshots.get_xdata().tolist() == [3, 7, 10]


def test_grid_search(capsys):
    load("grid_search").main(["--M", "1", "2", "--alpha-zero", "0.05", "--epochs", "6"])
    *rows, chosen = capsys.readouterr().out.splitlines()
    assert [row.split(" log-loss ")[0].strip() for row in rows] == [
        "M=1, alpha_zero=0.05",
        "M=2, alpha_zero=0.05",
    ]
    losses = [float(re.search(r"log-loss ([\d.]+),", row)[1]) for row in rows]
    assert chosen.startswith(f"chosen: M={1 + losses.index(min(losses))}, alpha_zero=0.05;")
    assert 90 < float(chosen.split()[-1].rstrip("%")) <= 100
