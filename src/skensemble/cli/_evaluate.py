"""``skensemble evaluate``: how good a run is on rows that it has not seen."""

from __future__ import annotations

from skensemble.cli import _options as options
from skensemble.cli._console import output
from skensemble.cli._data import DataOptions
from skensemble.cli._quiet import import_tensorflow
from skensemble.cli._run_directory import Run
from skensemble.cli._unseen import members_on, warn_about_seen_rows
from skensemble.cli._verdicts import best_snapshot, judge, tables, ways_to_predict


def evaluate(
    run: options.RunArgument,
    data: options.DataOption,
    target: options.TargetOption = None,
    subset: options.SubsetOption = None,
    image_size: options.ImageSizeOption = None,
    on_unreadable: options.OnUnreadableOption = "raise",
    limit: options.LimitOption = None,
    json: options.JsonOption = False,
    quiet: options.QuietOption = False,
    traceback: options.TracebackOption = False,
) -> None:
    """Judge a run on labelled rows: single networks, equal weights, and its own.

    The rows must not be those that the run was trained on, holdout
    included, nor any that chose something about it.
    """
    with output(as_json=json, quiet=quiet) as out:
        opened = Run.open(run)
        asked = DataOptions(data, target, subset, image_size, on_unreadable, limit)
        warn_about_seen_rows(opened, asked, out)
        import_tensorflow()
        members, y = members_on(opened, asked)
        best = best_snapshot(opened.scores, opened.n_snapshots)
        found = {
            "run": str(opened.path),
            "data": data,
            "best_snapshot": None if best is None else best + 1,
            "weights": opened.weights,
            **judge(ways_to_predict(members, opened.weights, best, opened.weights_source), y),
        }
        for table in tables(found):
            out.table(*table)
        out.result(found)
