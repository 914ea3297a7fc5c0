"""What ``skensemble predict`` does, step by step."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import Any

import numpy as np

from skensemble._validation import check_choice, must_be
from skensemble.cli._architectures import ModelOptions
from skensemble.cli._console import Output
from skensemble.cli._data import DataOptions, Rows, read_rows_for
from skensemble.cli._errors import OK
from skensemble.cli._labels import class_indices
from skensemble.cli._quiet import import_tensorflow
from skensemble.cli._run_directory import Run
from skensemble.cli._scores import combined, scores_of
from skensemble.cli._tables import COLUMNS, score_row
from skensemble.cli._unseen import warn_about_seen_rows
from skensemble.cli._verdicts import LAST, best_snapshot, best_title
from skensemble.cli._writing import check_new, replace

_OF_FIRST_PROJECT = {-1: "equal", 0: "learned", 1: "relearn"}
_TITLES = {
    "equal": "equal weights",
    "learned": "weights of the run",
    "relearn": "weights learned anew",
}


def weights_named(weights: str | None, optimize: int | None) -> str:
    """Return which weights to use: ``"learned"``, ``"equal"`` or ``"relearn"``.

    Raises
    ------
    ValueError
        If ``--optimize`` is not -1, 0 or 1, or says something else than ``--weights``.
    """
    if optimize is None:
        return weights or "learned"
    fix = "-1 is for equal weights, 0 for those of the run, 1 to learn them anew"
    check_choice("--optimize", optimize, (-1, 0, 1), fix=fix)
    named = _OF_FIRST_PROJECT[optimize]
    if weights not in (None, named):
        must = f"{named}, as --optimize {optimize} says"
        raise ValueError(must_be("--weights", must, weights, "leave one of the two out"))
    return named


class Prediction:
    """One call of ``skensemble predict``.

    Parameters
    ----------
    folder : str
        The run.
    network : ModelOptions
        The network that it must have, as far as that is said.
    which : {"learned", "equal", "relearn"}
        Weights that the labels come from.
    out : Output
        Where to say things.
    """

    def __init__(self, folder: str, network: ModelOptions, which: str, *, out: Output):
        self._run = Run.open(folder, options=network)
        self._which, self._out = which, out

    def run(
        self,
        data: DataOptions,
        *,
        seed: int,
        output: str | None,
        force: bool = False,
        with_proba: bool,
    ) -> int:
        """Predict; the exit code."""
        run, out = self._run, self._out
        if output is not None:
            check_new(f"--output {output}", output, force=force)
        rows = read_rows_for(run, data, labelled=False, seed=seed)
        y = None if rows.y is None else class_indices(rows.y, run.classes)
        if y is not None:
            warn_about_seen_rows(run, data, out)
        import_tensorflow()
        ways = self._ways()
        members = run.estimator().member_predict_proba(rows.X)
        probas = {name: combined(members, weights) for name, weights in ways.items()}
        chosen = probas[self._which]
        labels = run.classes[chosen.argmax(axis=1)]
        if output is not None:
            _write(output, rows, labels, chosen if with_proba else None, run.classes)
            out.say(f"{len(labels)} rows predicted with {_TITLES[self._which]}: {output}")
        scores = None if y is None else self._scores(members, probas, y)
        if scores is not None:
            table = [
                score_row(title, found["accuracy"], found["log_loss"])
                for title, found in scores.items()
            ]
            out.table(f"on {len(labels)} rows of {data.source}", COLUMNS, table)
        elif output is None and not out.as_json:
            for name, label in zip(rows.names, labels.tolist(), strict=True):
                out.say(f"{name}  {label}")
        out.result(self._summary(rows, labels, chosen if with_proba else None, ways, scores))
        return OK

    def _ways(self) -> dict[str, np.ndarray]:
        """Return the weights to show: equal ones, those of the run, and new ones if asked for."""
        run = self._run
        M = run.n_snapshots
        ways = {"equal": np.full(M, 1 / M), "learned": run.weights}
        if self._which == "relearn":
            asked = run.config["estimator"]
            method = asked["weighting"]
            if not isinstance(method, str) or method == "uniform":
                method = "log_loss"
            result, _ = run.learn_weights(
                method, n_last=asked["n_last"], min_weight=asked["min_weight"]
            )
            ways["relearn"] = result.weights
        return ways

    def _scores(
        self, members: np.ndarray, probas: dict[str, np.ndarray], y: np.ndarray
    ) -> dict[str, dict[str, float]]:
        """Accuracy and log-loss of each way to predict."""
        ways = {}
        best = best_snapshot(self._run.scores, len(members))
        if best is not None:
            title = best_title(self._run.weights_source)
            ways[f"single {title} (snapshot {best + 1})"] = members[best]
        ways[LAST] = members[-1]
        ways.update({_TITLES[name]: proba for name, proba in probas.items()})
        found = {}
        for title, proba in ways.items():
            scores = scores_of(proba, y)
            found[title] = {name: scores[name] for name in ("accuracy", "log_loss")}
        return found

    def _summary(
        self,
        rows: Rows,
        labels: np.ndarray,
        proba: np.ndarray | None,
        ways: dict[str, np.ndarray],
        scores: dict[str, dict[str, float]] | None,
    ) -> dict[str, Any]:
        return {
            "run": str(self._run.path),
            "weighting": self._which,
            "weights": ways[self._which],
            "classes": self._run.classes,
            "rows": rows.names,
            "labels": labels,
            "proba": proba,
            "scores": scores,
        }


def _write(
    path: str,
    rows: Rows,
    labels: np.ndarray,
    proba: np.ndarray | None,
    classes: np.ndarray,
) -> None:
    """Write a line per row, all or nothing."""

    def write(partial: Path) -> None:
        with partial.open("w", newline="", encoding="utf-8") as file:
            writer = csv.writer(file)
            columns = [] if proba is None else [f"proba_{label}" for label in classes.tolist()]
            writer.writerow(["row", "label", *columns])
            for i, (name, label) in enumerate(zip(rows.names, labels.tolist(), strict=True)):
                writer.writerow([name, label, *([] if proba is None else proba[i].tolist())])

    replace({Path(path): write})
