"""The table of the first of the earlier projects, by the command line, with intervals.

For each seed, ``skensemble train`` trains a small Wide ResNet on other images of CIFAR-10, and
``skensemble predict`` scores it on all test images, which nothing is chosen on. The README of that
project has one run, whose weights were picked on the test images:

    single best 92.70%, without optimization 92.77%, with optimization 92.84%

``python benchmarks/first_project.py --data FOLDER``, a folder with train/CLASS/NAME.jpg and
test/CLASS/NAME.jpg, or ``--data cifar10``. Runs that are there are not trained again.
"""

import argparse
import contextlib
import io
import json
import shlex
from pathlib import Path

import numpy as np
from intervals import t_interval

from skensemble.cli import main as skensemble

# Of the first project: Wide ResNet, M = 5, alpha_zero = 0.1; smaller, for two cores.
SETTINGS = shlex.split(
    "--model wrn --wrn_N 1 --wrn_k 2 --M 5 --nb_epoch 20 --alpha_zero 0.1 "
    "--batch-size 64 --augmentation standard --subset train"
)
NAMES = {
    "single best on the holdout": "single best",
    "last snapshot": "last snapshot",
    "equal weights": "equal weights (`--optimize -1`)",
    "weights of the run": "learned weights (`--optimize 0`)",
}
EQUAL, LEARNED = list(NAMES)[2:]


def run(arguments):
    """Run a command; return what it prints."""
    printed = io.StringIO()
    with contextlib.redirect_stdout(printed):
        code = skensemble(arguments)
    if code:
        raise SystemExit(code)
    return printed.getvalue()


def scores(data, folder, seed, n_images):
    """Train unless the run is there, and return accuracy and log-loss by name."""
    where = folder / f"wrn-10-2-seed{seed}"
    if not where.exists():
        sizes = ["--limit", str(n_images), "--seed", str(seed)]
        run(["train", "--data", data, "--out", str(where), "--quiet", *SETTINGS, *sizes])
    found = json.loads(run(["predict", str(where), "--data", data, "--subset", "test", "--json"]))
    # "single best on the holdout (snapshot 4)"
    return {name.partition(" (")[0]: score for name, score in found["scores"].items()}


def table(results):
    """Make a Markdown table of means and paired differences to equal weights."""
    lines = [
        "| | accuracy, % | minus equal weights | log-loss | minus equal weights |",
        "|---|---|---|---|---|",
    ]
    values = {
        name: np.array([[r[name]["accuracy"] * 100, r[name]["log_loss"]] for r in results])
        for name in NAMES
    }
    for name, title in NAMES.items():
        cells = [title]
        for column, digits in ((0, 2), (1, 4)):
            mean, half = t_interval(values[name][:, column])
            cells.append(f"{mean:.{digits}f} ± {half:.{digits}f}")
            mean, half = t_interval(values[name][:, column] - values[EQUAL][:, column])
            cells.append("" if name == EQUAL else f"{mean:+.{digits}f} ± {half:.{digits}f}")
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines)


def main(arguments=None):
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", required=True, help="as --data of skensemble train")
    parser.add_argument("--seeds", type=int, default=5, help="runs (default: 5)")
    parser.add_argument("--images", type=int, default=10_000, help="to train on (default: 10000)")
    parser.add_argument("--runs", type=Path, default=Path("runs"), help="folder for the runs")
    arguments = parser.parse_args(arguments)
    results = [
        scores(arguments.data, arguments.runs, seed, arguments.images)
        for seed in range(arguments.seeds)
    ]
    print(table(results))


if __name__ == "__main__":
    main()
