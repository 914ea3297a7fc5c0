"""The table of snapshot-ensembles, the first of the earlier projects, with intervals.

For each seed, ``skensemble train`` trains a small Wide ResNet on other images of CIFAR-10, and
``skensemble predict`` scores it on all test images, which nothing is chosen on. The README of that
project has one run, whose weights were picked on the test images:

    single best 92.70%, without optimization 92.77%, with optimization 92.84%

``python benchmarks/snapshot_ensembles_table.py --data FOLDER``, a folder with train/CLASS/NAME.jpg
and test/CLASS/NAME.jpg, or ``--data cifar10``. Runs that are there are not trained again.
"""

import argparse
import contextlib
import io
import json
import shlex
from pathlib import Path

from skensemble.cli import main as skensemble
from skensemble.evaluation import markdown_tables, summarise_runs

# Of snapshot-ensembles: Wide ResNet, M = 5, alpha_zero = 0.1; smaller, for two cores.
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
EQUAL = "equal weights"


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
    """Make Markdown tables of means and paired differences to equal weights."""
    runs = [
        {"seed": seed, "method": NAMES[name], **scores}
        for seed, found in enumerate(results)
        for name, scores in found.items()
    ]
    return markdown_tables(summarise_runs(runs, [NAMES[EQUAL]]), NAMES[EQUAL])


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
