"""The arguments of ``python benchmarks/speed``."""

import argparse
from pathlib import Path

PAGE = Path(__file__).resolve().parents[2] / "docs" / "speed_results.md"
# Name of each part, and the function of the package ``sections`` that measures it.
SECTIONS = {
    "fit": "fits:digits",
    "dropout": "fits:dropout",
    "letter": "fits:letter",
    "cnn": "fits:cnn",
    "grid": "grid:search",
    "predict": "prediction:mlp",
    "predict-cnn": "prediction:cnn",
    "memory": "memory:peak",
    "many-fits": "memory:many_fits",
    "members": "members:ten_over_five",
    "imports": "imports:statements",
    "growth": "growth:series",
}


def parse_arguments(description):
    """Read the command line."""
    parts = f"these parts: {', '.join(SECTIONS)}"
    parser = argparse.ArgumentParser(prog="python benchmarks/speed", description=description)
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.add_argument("--data-dir", help="folder with load.py; without it: scikit-learn's data")
    parser.add_argument("--only", nargs="+", choices=SECTIONS, metavar="NAME", help=parts)
    parser.add_argument("--rounds", type=int, default=5, help="turns of each contestant")
    parser.add_argument("--quick", action="store_true", help="tiny, to see that all of it runs")
    parser.add_argument("--no-torch", action="store_true", help="leave Ensemble-PyTorch out")
    parser.add_argument("--limit", type=float, default=120, help="seconds that a fit may take")
    parser.add_argument("--output", type=Path, help=f"page; for a full run {PAGE.name} in docs")
    parser.add_argument("--json", type=Path, help="file for the bare seconds of all rounds")
    return parser.parse_args()


def describe(arguments):
    """Return the command, without the paths of this machine."""
    parts = ["python benchmarks/speed"]
    parts += ["--data-dir DIR"] if arguments.data_dir else []
    parts += ["--only", *arguments.only] if arguments.only else []
    parts += [f"--rounds {arguments.rounds}"] if arguments.rounds != 5 else []
    parts += [
        f"--{name}" for name in ("quick", "no-torch") if vars(arguments)[name.replace("-", "_")]
    ]
    return " ".join(parts)
