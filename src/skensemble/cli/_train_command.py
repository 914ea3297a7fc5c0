"""``skensemble train``: one training run, kept in a run directory."""

from __future__ import annotations

import contextlib
import warnings
from collections.abc import Iterator, Mapping
from shlex import quote
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from skensemble.cli._option_groups import (
    ConsoleOptions,
    DataOption,
    NetworkOptions,
    RowOptions,
    TrainingOptions,
    command,
)
from skensemble.cli._snapshot_ensembles_flags import NetworkFlags

if TYPE_CHECKING:
    from skensemble.cli._console import Output
    from skensemble.cli._estimator_from_options import Prepared
    from skensemble.cli._row_source import Rows
    from skensemble.cli._signals import EndSignals

_FINISHING = "finishing: the cycles that are done are kept; press Ctrl-C again to keep nothing"


@command
def train(
    context: typer.Context,
    data: DataOption,
    rows: RowOptions,
    out: Annotated[str, typer.Option("--out", "-o", metavar="DIR", help="Run directory to write.")],
    network: NetworkOptions,
    flags: NetworkFlags,
    training: TrainingOptions,
    console: ConsoleOptions,
    force: Annotated[bool, typer.Option("--force", help="Replace a run that is there.")] = False,
    refit: Annotated[
        bool,
        typer.Option(
            "--refit",
            help="Train again on all rows, those held out included, once the weights are learned.",
            rich_help_panel="Training",
        ),
    ] = False,
    seed: Annotated[
        int, typer.Option(help="Determines all that is random.", rich_help_panel="Training")
    ] = 0,
    engine: Annotated[
        Literal["auto", "fused", "keras"],
        typer.Option(help="How to train; both give the same result.", rich_help_panel="Training"),
    ] = "auto",
) -> int:
    """Train a network along cosine cycles, and keep the snapshots in a run directory.

    The weights of the snapshots are learned on rows that training never saw. Ctrl-C ends training
    and keeps the cycles that are finished; pressed again, it keeps nothing.

    --M, --nb_epoch, --alpha_zero, --wrn_N, --wrn_k, --dn_depth and --dn_growth_rate are as in
    snapshot-ensembles, an earlier project.
    """
    from skensemble.cli._estimator_from_options import (
        EstimatorOptions,
        check_options,
        make_estimator,
    )
    from skensemble.cli._quiet import import_tensorflow
    from skensemble.cli._row_source import describe_rows, read_rows
    from skensemble.cli._signals import EndSignals
    from skensemble.persistence import RunWriter

    options = EstimatorOptions(network, training, flags, seed, engine, refit)
    arguments = context.obj["arguments"]
    with (
        console.open() as lines,
        EndSignals(_interrupt) as signals,
        RunWriter(out, force=force) as writer,
        _saying_that_nothing_is_kept(lines),
    ):
        with lines.logging_to(writer.log_path):
            import_tensorflow()
            check_options(options)
            found = read_rows(data, rows, seed=seed)
            prepared = make_estimator(options, found.X)
            lines.say(" ".join(["skensemble", *map(quote, arguments)]), "dim")
            _announce(prepared, found, lines)
            clf = _fit(prepared, found, signals, lines)
            if refit and clf.holdout_ is None:
                lines.say("note: --refit has nothing to add, as no rows were held out")
            config = writer.write(
                clf,
                model=prepared.model,
                data=describe_rows(data, rows, found),
                command=arguments,
                interrupted=signals.was_pressed,
            )
            _report(clf, prepared.estimator.M, signals.was_pressed, out, lines)
        writer.publish()
        lines.result(_summary(clf, config, out))
    return signals.exit_code


def _interrupt() -> None:
    raise KeyboardInterrupt


@contextlib.contextmanager
def _saying_that_nothing_is_kept(lines: Output) -> Iterator[None]:
    try:
        yield
    except KeyboardInterrupt:
        lines.say("interrupted: nothing is kept")
        raise


def _announce(prepared: Prepared, rows: Rows, lines: Output) -> None:
    import numpy as np

    clf = prepared.estimator
    for note in prepared.notes:
        lines.say(f"note: {note}")
    parameters = ", ".join(f"{k} {v}" for k, v in prepared.model["parameters"].items())
    k = 0 if rows.y is None else len(np.unique(rows.y))
    classes = f" of {k} class{'' if k == 1 else 'es'}" if k else ""
    lines.say(
        f"{prepared.model['name']}{f' ({parameters})' if parameters else ''} on "
        f"{len(rows.X)} rows{classes}: {clf.M} cycles in {clf.epochs} epochs from a rate of "
        f"{clf.alpha_zero:g}, batches of {clf.batch_size or 32}"
    )
    warmup_epochs = getattr(clf, "warmup_epochs", 0)
    if warmup_epochs:
        lines.say(f"first the new head alone, for {warmup_epochs} epochs")


def _fit(prepared: Prepared, rows: Rows, signals: EndSignals, lines: Output) -> Any:
    """Train; what a signal ends is said here, and done by the estimator."""
    from skensemble.cli._training_display import TrainingDisplay

    clf = prepared.estimator
    display = TrainingDisplay(
        lines,
        alpha_zero=clf.alpha_zero,
        M=clf.M,
        network_name=prepared.model["name"],
        n_rows=len(rows.X),
    )

    def stop() -> None:
        if display.n_trainings > 1:
            lines.say_at_once("interrupted: the snapshots of the first training are kept")
        elif display.n_finished:
            lines.say_at_once(_FINISHING)
        else:
            lines.say_at_once("interrupted before the end of the first cycle")
        raise KeyboardInterrupt

    signals.on_first = stop
    clf.set_params(callbacks=[display])
    try:
        with warnings.catch_warnings():
            # It is said in the words of the command line.
            warnings.filterwarnings("ignore", message="Training was interrupted")
            clf.fit(rows.X, rows.y)
    finally:
        display.close()
        clf.set_params(callbacks=None)
        signals.on_first = lambda: lines.say_at_once(_FINISHING)
    return clf


def _report(clf: Any, M: int, was_pressed: bool, folder: str, lines: Output) -> None:
    from skensemble.cli._score_lines import scores_table

    n = len(clf.snapshots_)
    if was_pressed and n < M:
        lines.say(f"interrupted: {n} of {M} cycles are finished")
    if clf.snapshot_scores_ is not None:
        scores_table(lines, clf.weighting_, clf.snapshot_scores_)
    if clf.weighting_.note:
        lines.say(clf.weighting_.note)
    weights = ", ".join(f"{weight:.3f}" for weight in clf.weights_)
    lines.say(f"weights: {weights}")
    lines.say(f"run directory: {folder}")


def _summary(clf: Any, config: Mapping[str, Any], folder: str) -> dict[str, Any]:
    """Return what ``--json`` prints."""
    return {
        "run": folder,
        "model": config["model"],
        "snapshots": config["n_snapshots"],
        "epochs": max((len(values) for values in clf.history_.values()), default=0),
        "weights": clf.weights_,
        "method": clf.weighting_.method,
        "scores": clf.snapshot_scores_,
        **{name: config[name] for name in ("interrupted", "refit", "engine", "timings")},
    }
