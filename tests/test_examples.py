"""Every example runs, with small settings, and shows what it promises."""

import importlib.util
import itertools
import re
from pathlib import Path

import keras
import numpy as np
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
    assert header.split() == ["metric", "accuracy", "log_loss"]
    assert [row[:14].strip() for row in rows] == ["single network", "2 snapshots"]
    for row in rows:
        assert re.match(r"^ +0\.9\d{3} +0\.[0-4]\d{3}$", row[14:])


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


# Stands for the folder of images that the user has: stripes in a colour for each class. Some labels
# are wrong, so that nothing is right on all images.
MADE_UP_IMAGES = """
import numpy as np

def load_cifar10(part, per_class=None):
    rng = np.random.default_rng(len(part))
    n = 240 if part == "train" else 40
    y = np.repeat(np.arange(3), n)
    X = rng.integers(0, 150, size=(3 * n, 8, 8, 3), dtype=np.uint8)
    X[np.arange(3 * n), ::2, :, y] += 70
    return X, np.where(rng.random(3 * n) < 0.1, rng.permutation(y), y), ["a", "b", "c"]
"""


def read_tables(text):
    """Rows of each table in Markdown, by the name in their first column."""
    found = []
    for line in text.splitlines():
        name, *cells = [cell.strip() for cell in line.strip("|").split("|")]
        if line.startswith("|  |"):
            found.append({})
        elif line.startswith("| ") and not line.startswith("| ---"):
            found[-1][name] = cells
    return found


def test_cifar10_voting(tmp_path, capsys, monkeypatch):
    (tmp_path / "load.py").write_text(MADE_UP_IMAGES)
    example = load("cifar10_voting")

    def tiny(meta, size):
        inputs = keras.Input(meta["X_shape_"][1:])
        return example.classifier(inputs, example.norm_relu(example.conv(inputs, 8, size)), meta)

    # To trace the real ones would take most of the time.
    monkeypatch.setitem(example.NETWORKS, "pixels", lambda meta: tiny(meta, 1))
    monkeypatch.setitem(example.NETWORKS, "patches", lambda meta: tiny(meta, 3))
    sizes = ["--seeds", "2", "--train", "300", "--holdout", "60", "--epochs", "6", "--M", "2"]
    networks = ["--networks", "pixels", "patches"]
    example.main(["--data-dir", str(tmp_path), *sizes, *networks])
    out = capsys.readouterr().out
    assert out.startswith("seed 0: ")
    scores, from_best, from_equal = (tables := read_tables(out))
    names = ["pixels", "patches", example.BEST, *example.WAYS]
    assert list(scores) == names
    assert [set(names) - set(table) for table in tables[1:]] == [{example.BEST}, {example.EQUAL}]
    for accuracy, loss in scores.values():
        assert 60 < float(accuracy.split()[0]) <= 100
        assert 0 < float(loss.split()[0]) < 14
    for difference in itertools.chain(*from_best.values(), *from_equal.values()):
        assert re.match(r"^[+-]\d+\.\d+ ± \d+\.\d+( better| worse)?$", difference)
    # The middle of an interval is the difference of the means, up to what is not printed.
    best, mean = (float(scores[name][0].split()[0]) for name in (example.BEST, example.EQUAL))
    difference = float(from_best[example.EQUAL][0].split()[0])
    assert difference == pytest.approx(mean - best, abs=0.011)
    weights = [line for line in out.splitlines() if line.startswith("- ")]
    assert len(weights) == 4
    for line in weights:
        assert sum(map(float, re.findall(r"\d\.\d\d", line))) == pytest.approx(1, abs=0.011)


def test_cifar10_voting_has_the_networks_it_names():
    example = load("cifar10_voting")
    meta = {"X_shape_": (1, 32, 32, 3), "n_classes_": 10}
    models = {name: build(meta) for name, build in example.NETWORKS.items()}
    assert all(model.output_shape == (None, 10) for model in models.values())
    # The gates of three widths C: C weights and biases to C / 4 units, and back.
    gates = sum(2 * c * c // 4 + c + c // 4 for c in (32, 64, 128))
    assert models["se_resnext"].count_params() - models["resnext"].count_params() == gates


def test_cifar10_voting_groups_channels_as_keras_does():
    example = load("cifar10_voting")
    inputs = keras.Input((6, 6, 8))
    model = keras.Model(inputs, example.grouped_conv(inputs, 12, strides=2, groups=4))
    layer = keras.layers.Conv2D(12, 3, 2, "same", groups=4, use_bias=False)
    layer.build((None, 6, 6, 8))
    layer.set_weights([np.concatenate(model.get_weights(), axis=-1)])
    X = np.random.default_rng(0).normal(size=(2, 6, 6, 8)).astype(np.float32)
    expected = keras.ops.convert_to_numpy(layer(X))
    np.testing.assert_allclose(model.predict_on_batch(X), expected, atol=1e-5)


def test_cifar10_voting_gives_each_seed_images_of_its_own():
    example = load("cifar10_voting")
    X = np.arange(90, dtype=np.uint8).reshape(90, 1, 1, 1)
    parts = list(example.shares(X, np.arange(90) % 3, 3))
    seen = np.concatenate([np.round(255 * images.ravel()) for images, _ in parts])
    np.testing.assert_array_equal(np.sort(seen), np.arange(90))
    assert all(np.bincount(labels).tolist() == [10, 10, 10] for _, labels in parts)
