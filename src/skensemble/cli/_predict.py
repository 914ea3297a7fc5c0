"""``skensemble predict``: labels and probabilities for new rows."""

from __future__ import annotations

from typing import Annotated, Literal

import typer

from skensemble.cli import _options as options


def predict(
    run: options.RunArgument,
    data: options.DataOption,
    output: Annotated[
        str | None,
        typer.Option(
            "--output", "-o", metavar="FILE.csv", help="Write a line per row: its name and label."
        ),
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="Replace --output.")] = False,
    proba: Annotated[
        bool, typer.Option("--proba", help="With the probability of every class.")
    ] = False,
    weights: Annotated[
        Literal["learned", "equal", "relearn"] | None,
        typer.Option(
            help="learned: those of the run (default). equal: the same for every snapshot. "
            "relearn: found anew on the holdout of the run, for this call only.",
            rich_help_panel="Weights",
        ),
    ] = None,
    optimize: Annotated[
        int | None,
        typer.Option(
            metavar="-1|0|1",
            help="The same in the first project's numbers: -1 equal, 0 learned, 1 relearn.",
            rich_help_panel="Weights",
        ),
    ] = None,
    num_tests: Annotated[
        int | None,
        typer.Option(
            "--num_tests",
            help="Restarts of the first project's optimizer. Accepted and without effect: the "
            "problem is convex, and one solve finds its optimum.",
            rich_help_panel="Weights",
        ),
    ] = None,
    target: options.TargetOption = None,
    subset: options.SubsetOption = None,
    image_size: options.ImageSizeOption = None,
    on_unreadable: options.OnUnreadableOption = "raise",
    limit: options.LimitOption = None,
    seed: Annotated[
        int, typer.Option(help="Determines the rows of --limit.", rich_help_panel="Data")
    ] = 0,
    model: Annotated[
        str | None,
        typer.Option(
            metavar="NAME",
            help="What the run must be; not needed, as the run knows its network.",
            rich_help_panel="Network",
        ),
    ] = None,
    wrn_N: options.WrnNOption = None,
    wrn_k: options.WrnKOption = None,
    dn_depth: options.DnDepthOption = None,
    dn_growth_rate: options.DnGrowthRateOption = None,
    as_json: options.JsonOption = False,
    quiet: options.QuietOption = False,
    traceback: options.TracebackOption = False,
) -> int:
    """Predict with the ensemble of a run.

    Rows may come without labels. Where there are labels, the table of the first project follows:
    the snapshot that was best on the holdout, equal weights, learned weights.
    """
    from skensemble.cli._architectures import ModelOptions
    from skensemble.cli._console import output as lines_of
    from skensemble.cli._data import DataOptions
    from skensemble.cli._prediction import Prediction, weights_named

    network = ModelOptions(
        model=model,
        wrn_N=wrn_N,
        wrn_k=wrn_k,
        dn_depth=dn_depth,
        dn_growth_rate=dn_growth_rate,
    )
    rows = DataOptions(data, target, subset, image_size, on_unreadable, limit)
    with lines_of(as_json=as_json, quiet=quiet) as lines:
        which = weights_named(weights, optimize)
        if num_tests is not None:
            lines.say("note: --num_tests is without effect: one convex solve replaces restarts")
        prediction = Prediction(run, network, which, out=lines)
        return prediction.run(rows, seed=seed, output=output, force=force, with_proba=proba)
