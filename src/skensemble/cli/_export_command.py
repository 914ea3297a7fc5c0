"""``skensemble export``: the ensemble of a run as one file, for use elsewhere."""

from pathlib import Path
from typing import Annotated

import typer

from skensemble.cli._option_groups import JsonLines, RunArgument, command, flag


@command
def export(
    run: RunArgument,
    lines: JsonLines,
    out: Annotated[
        Path,
        typer.Argument(
            metavar="OUT",
            help="What to write: NAME.keras, NAME.onnx, NAME.joblib, or a folder without a dot for "
            "a SavedModel.",
            show_default=False,
        ),
    ],
    force: bool = flag("--force", help="Replace what is there."),
) -> None:
    """Write the weighted ensemble of a run as one file.

    Keras, TensorFlow Serving or onnxruntime compute class probabilities
    from it. The labels of the columns go beside it, into OUT.classes.json.
    A .joblib file is the estimator itself, labels included.
    """
    from skensemble.cli._console import import_tensorflow
    from skensemble.persistence import Run, check_export, export_ensemble

    opened = Run.open(run)
    kind, labels = check_export(out, force=force)
    import_tensorflow()
    clf = opened.estimator()
    export_ensemble(clf, out, force=force)
    files = [out, *out.rglob("*")]
    size = sum(file.stat().st_size for file in files if file.is_file())
    n_used = int((clf.weights_ > 0).sum())
    lines.say(f"{out}: {n_used} of {opened.n_snapshots} snapshots, {size / 1e6:.1f} MB")
    if labels is not None:
        lines.say(f"{labels}: the labels of its {len(clf.classes_)} columns")
    lines.result(file=str(out), format=kind, labels=labels, n_snapshots=n_used, size=size)
