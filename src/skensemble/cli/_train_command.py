"""``skensemble train``: one training run, kept in a run directory."""

import warnings
from shlex import quote
from typing import Annotated, Any, Literal

import typer

from skensemble.cli import _option_groups as cli
from skensemble.cli._console import Output


@cli.command
def train(
    context: typer.Context,
    data: cli.DataOption,
    rows: cli.RowOptions,
    out: Annotated[str, typer.Option("--out", "-o", metavar="DIR", help="Run directory to write.")],
    network: cli.NetworkOptions,
    flags: cli.NetworkFlags,
    training: cli.TrainingOptions,
    lines: cli.Lines,
    force: bool = cli.flag("--force", help="Replace a run that is there."),
    refit: bool = cli.training_option(
        "--refit",
        default=False,
        help="Train again on all rows, those held out included, once the weights are learned.",
    ),
    seed: int = cli.training_option(default=0, help="Determines all that is random."),
    engine: Literal["auto", "fused", "keras"] = cli.training_option(
        default="auto", help="How to train; both give the same result."
    ),
) -> int:
    """Train a network along cosine cycles, and keep the snapshots in a run directory.

    The weights of the snapshots are learned on rows that training never saw. Ctrl-C ends training
    and keeps the cycles that are finished; pressed again, it keeps nothing.

    --M, --nb_epoch, --alpha_zero, --wrn_N, --wrn_k, --dn_depth and --dn_growth_rate are as in
    snapshot-ensembles, an earlier project.
    """
    from skensemble.cli import _estimator_from_options as estimators
    from skensemble.cli._console import import_tensorflow
    from skensemble.cli._row_source import describe_rows, read_rows
    from skensemble.cli._signals import EndSignals
    from skensemble.persistence import RunWriter

    options = estimators.EstimatorOptions(network, training, flags, seed, engine, refit)
    arguments = context.obj["arguments"]
    with EndSignals() as signals, RunWriter(out, force=force) as writer:
        try:
            with lines.logging_to(writer.log_path):
                import_tensorflow()
                estimators.check_options(options)
                found = read_rows(data, rows, seed=seed)
                clf, model, notes = estimators.make_estimator(options, found.X)
                lines.say(" ".join(["skensemble", *map(quote, arguments)]), "dim")
                for note in notes:
                    lines.say(f"note: {note}")
                _announce(clf, model, found, lines)
                _fit(clf, model["name"], found, signals, lines)
                if refit and clf.holdout_ is None:
                    lines.say("note: --refit has nothing to add, as no rows were held out")
                config = writer.write(
                    clf,
                    model=model,
                    data=describe_rows(data, rows, found),
                    command=arguments,
                    interrupted=signals.was_pressed,
                )
                if signals.was_pressed and len(clf.snapshots_) < clf.M:
                    lines.say(f"interrupted: {len(clf.snapshots_)} of {clf.M} cycles are finished")
                _report(clf, lines)
                lines.say(f"run directory: {out}")
            writer.publish()
        except KeyboardInterrupt:
            lines.say("interrupted: nothing is kept")
            raise
        lines.result(
            run=out,
            model=config["model"],
            snapshots=config["n_snapshots"],
            epochs=max((len(values) for values in clf.history_.values()), default=0),
            weights=clf.weights_,
            method=clf.weighting_.method,
            scores=clf.snapshot_scores_,
            **{name: config[name] for name in ("interrupted", "refit", "engine", "timings")},
        )
    return signals.exit_code


def _announce(clf: Any, model: dict[str, Any], rows: Any, lines: Output) -> None:
    import numpy as np

    parameters = ", ".join(f"{k} {v}" for k, v in model["parameters"].items())
    k = len(np.unique(rows.y))
    lines.say(
        f"{model['name']}{f' ({parameters})' if parameters else ''} on {len(rows.X)} rows of {k} "
        f"class{'' if k == 1 else 'es'}: {clf.M} cycles in {clf.epochs} epochs from a rate of "
        f"{clf.alpha_zero:g}, batches of {clf.batch_size or 32}"
    )
    warmup_epochs = getattr(clf, "warmup_epochs", 0)
    if warmup_epochs:
        lines.say(f"first the new head alone, for {warmup_epochs} epochs")


def _fit(clf: Any, name: str, rows: Any, signals: Any, lines: Output) -> None:
    """Train; what a signal ends is said here, and done by the estimator."""
    from skensemble.cli._training_display import FINISHING, TrainingDisplay

    display = TrainingDisplay(lines, clf, network_name=name, n_rows=len(rows.X))
    signals.on_first = display.interrupt
    clf.set_params(callbacks=[display])
    try:
        with warnings.catch_warnings():
            # It is said in the words of the command line.
            warnings.filterwarnings("ignore", message="Training was interrupted")
            clf.fit(rows.X, rows.y)
    finally:
        display.close()
        clf.set_params(callbacks=None)
        signals.on_first = lambda: lines.say_at_once(FINISHING)


def _report(clf: Any, lines: Output) -> None:
    from skensemble.cli._score_lines import COLUMNS, TITLES, say_comparisons, score_row

    result, scores = clf.weighting_, clf.snapshot_scores_
    if scores is not None:
        is_learned = result.method not in ("uniform", "given")
        which = "that the weights were learned on" if is_learned else "held out"
        columns = zip(scores["name"], scores["accuracy"], scores["log_loss"], strict=True)
        rows = [score_row(TITLES.get(name, name), *found) for name, *found in columns]
        lines.table(f"on the {result.n_samples} rows {which}", COLUMNS, rows)
        say_comparisons(lines, result)
    if result.note:
        lines.say(result.note)
    lines.say("weights: " + ", ".join(f"{weight:.3f}" for weight in clf.weights_))
