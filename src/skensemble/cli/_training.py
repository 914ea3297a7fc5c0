"""What ``skensemble train`` does, step by step."""

from __future__ import annotations

import contextlib
import platform
import warnings
from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from shlex import quote
from typing import Any

import numpy as np

from skensemble import __version__
from skensemble.cli._console import Output
from skensemble.cli._data import DataOptions, Rows, describe_data, read_rows
from skensemble.cli._estimators import Prepared, TrainOptions, check_options, make_estimator
from skensemble.cli._interrupt import CtrlC
from skensemble.cli._quiet import import_tensorflow
from skensemble.cli._run_files import SavedHoldout
from skensemble.cli._run_writing import RunWriter
from skensemble.cli._tables import scores_table
from skensemble.exceptions import SnapshotTrainingError

_FINISHING = "finishing: the cycles that are done are kept; press Ctrl-C again to keep nothing"
_STOPPED = "Training was stopped by a callback"


class Training:
    """One call of ``skensemble train``.

    Parameters
    ----------
    options : TrainOptions
        The network and its training.
    data : DataOptions
        The rows.
    refit : bool
        Whether to train a second time, on all rows.
    command : list of str
        The arguments, for ``config.json``.
    out : Output
        Where to say things.
    """

    def __init__(
        self,
        options: TrainOptions,
        data: DataOptions,
        *,
        refit: bool,
        command: list[str],
        out: Output,
    ):
        self._options, self._data, self._refit, self._out = options, data, refit, out
        self._command = command
        self._network = ""

    def run(self, folder: str, *, force: bool) -> int:
        """Train, and write the run; the exit code."""
        out = self._out
        with CtrlC(_raise) as ctrl_c, RunWriter(folder, force=force) as writer, _telling(out):
            with out.logging_to(writer.log_path):
                import_tensorflow()
                check_options(self._options)
                rows = read_rows(self._data, seed=self._options.seed)
                prepared = make_estimator(self._options, rows.X)
                out.say(" ".join(["skensemble", *map(quote, self._command)]), "dim")
                self._announce(prepared, rows)
                clf, holdout = self._fit(prepared, rows, ctrl_c)
                is_refit = self._fit_again(prepared, clf, holdout, rows, ctrl_c)
                config = self._config(prepared, clf, rows)
                config.update(interrupted=ctrl_c.was_pressed, refit=is_refit)
                writer.write(clf, self._network, config, holdout)
                self._report(clf, prepared.estimator.M, ctrl_c.was_pressed, folder)
            writer.publish()
            out.result(_summary(clf, config, folder))
        return ctrl_c.exit_code

    def _announce(self, prepared: Prepared, rows: Rows) -> None:
        out, clf = self._out, prepared.estimator
        for note in prepared.notes:
            out.say(f"note: {note}")
        parameters = ", ".join(f"{k} {v}" for k, v in prepared.model["parameters"].items())
        k = 0 if rows.y is None else len(np.unique(rows.y))
        classes = f" of {k} class{'' if k == 1 else 'es'}" if k else ""
        out.say(
            f"{prepared.model['name']}{f' ({parameters})' if parameters else ''} on "
            f"{len(rows.X)} rows{classes}: {clf.M} cycles in {clf.epochs} epochs from a rate of "
            f"{clf.alpha_zero:g}, batches of {clf.batch_size or 32}"
        )
        warmup_epochs = getattr(clf, "warmup_epochs", 0)
        if warmup_epochs:
            out.say(f"first the new head alone, for {warmup_epochs} epochs")

    def _fit(
        self, prepared: Prepared, rows: Rows, ctrl_c: CtrlC
    ) -> tuple[Any, SavedHoldout | None]:
        """Train, and compute what the snapshots predict on the holdout."""
        watch = self._watch(prepared)

        def stop() -> None:
            if watch.n_finished == 0:
                self._out.say_at_once("interrupted before the end of the first cycle")
                raise KeyboardInterrupt
            watch.stop()
            self._finish()

        ctrl_c.on_first = stop
        clf = prepared.estimator.set_params(callbacks=[watch])
        try:
            with warnings.catch_warnings():
                # Nobody but the watch stops it, and what that means is said in our own words.
                warnings.filterwarnings("ignore", message=_STOPPED)
                clf.fit(rows.X, rows.y)
        finally:
            watch.close()
            clf.set_params(callbacks=None)
        self._network = watch.network
        return clf, _holdout_of(clf, rows)

    def _fit_again(
        self,
        prepared: Prepared,
        first: Any,
        holdout: SavedHoldout | None,
        rows: Rows,
        ctrl_c: CtrlC,
    ) -> bool:
        """Train on all rows, each snapshot with the weight of its cycle; whether that was done.

        What the first training has reached is kept until the second one is through.
        """
        if not self._refit or ctrl_c.was_pressed:
            return False
        out = self._out
        if holdout is None:
            out.say("note: --refit has nothing to add, as no rows were held out")
            return False
        from sklearn.base import clone

        watch = self._watch(prepared)
        second = clone(first).set_params(
            weighting=first.weights_, validation_fraction=None, n_last=None, callbacks=[watch]
        )
        out.say(f"second training, on all {len(rows.X)} rows")
        try:
            ctrl_c.on_first = _raise
            second.fit(rows.X, rows.y)
        except KeyboardInterrupt:
            out.say("interrupted: the snapshots of the first training are kept")
            return False
        except SnapshotTrainingError as error:
            out.warn(f"{error} The snapshots of the first training are kept.")
            return False
        finally:
            ctrl_c.on_first = self._finish
            watch.close()
        unknown = float("nan")
        same = np.array_equal(second.weights_, first.weights_)
        first.weighting_ = (
            first.weighting_
            if same
            else replace(first.weighting_, weights=second.weights_, loss=unknown, gap=unknown)
        )
        first.weights_ = first.weighting_.weights
        first.snapshots_, first.history_ = second.snapshots_, second.history_
        return True

    def _finish(self) -> None:
        self._out.say_at_once(_FINISHING)

    def _watch(self, prepared: Prepared) -> Any:
        from skensemble.cli._watch import TrainingWatch

        clf = prepared.estimator
        return TrainingWatch(
            self._out, alpha_zero=clf.alpha_zero, M=clf.M, model=prepared.model["name"]
        )

    def _report(self, clf: Any, M: int, was_pressed: bool, folder: str) -> None:
        out = self._out
        n = len(clf.snapshots_)
        if was_pressed and n < M:
            out.say(f"interrupted: {n} of {M} cycles are finished")
        if clf.snapshot_scores_ is not None:
            scores_table(out, clf.weighting_, clf.snapshot_scores_)
        if clf.weighting_.note:
            out.say(clf.weighting_.note)
        weights = ", ".join(f"{weight:.3f}" for weight in clf.weights_)
        out.say(f"weights: {weights}")
        out.say(f"run directory: {folder}")

    def _config(self, prepared: Prepared, clf: Any, rows: Rows) -> dict[str, Any]:
        """Return the content of ``config.json``."""
        import keras
        import tensorflow as tf

        params = clf.get_params(deep=False)
        hidden = ("model", "callbacks")
        classes = clf.classes_
        layer = clf._output_layer
        return {
            "created": datetime.now(UTC).isoformat(timespec="seconds"),
            "command": self._command,
            "versions": {
                "skensemble": __version__,
                "python": platform.python_version(),
                "keras": keras.__version__,
                "tensorflow": tf.__version__,
            },
            "model": prepared.model,
            "estimator": {
                name: value
                for name, value in params.items()
                if name not in hidden and not name.startswith("model__")
            },
            "data": describe_data(self._data, rows),
            "classes": {"labels": classes.tolist(), "dtype": classes.dtype.str},
            "row": {"shape": list(rows.X.shape[1:]), "dtype": str(rows.X.dtype)},
            "network": {
                "n_weights": int(sum(array.size for array in clf.snapshots_[0].weights)),
                "from_logits": bool(layer.from_logits),
                "n_units": int(layer.n_units),
            },
            "n_snapshots": len(clf.snapshots_),
            "n_iterations": len(clf.learning_rates_),
            "cycle_ends": [int(snapshot.iteration) for snapshot in clf.snapshots_],
            "engine": clf.engine_,
            "timings": {name: round(value, 3) for name, value in clf.timings_.items()},
        }


def _raise() -> None:
    raise KeyboardInterrupt


@contextlib.contextmanager
def _telling(out: Output) -> Iterator[None]:
    """Say it where Ctrl-C ends all."""
    try:
        yield
    except KeyboardInterrupt:
        out.say("interrupted: nothing is kept")
        raise


def _holdout_of(clf: Any, rows: Rows) -> SavedHoldout | None:
    """What the snapshots predict on the rows that ``fit`` held out."""
    from skensemble.ensemble._holdout import split_holdout

    if clf.validation_fraction is None:
        return None
    y = clf.target_encoder_.transform(rows.y)
    _, held_out = split_holdout(y, clf.validation_fraction, clf._seeds[2])
    if held_out is None:
        return None
    y = y[held_out]
    weight = None if clf._class_weights is None else clf._class_weights[y]
    return SavedHoldout(clf.member_predict_proba(rows.X[held_out]), y, weight, held_out)


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
        "interrupted": config["interrupted"],
        "refit": config["refit"],
        "engine": config["engine"],
        "timings": config["timings"],
    }
