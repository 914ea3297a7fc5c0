"""A run: the folder that ``skensemble train`` writes, and that the other commands read."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from skensemble._validation import Described, must_be
from skensemble.cli import _run_files as files
from skensemble.cli._architectures import ModelOptions, check_same_architecture
from skensemble.cli._network_json import network_from
from skensemble.cli._run_files import SavedHoldout
from skensemble.cli._run_schema import check_config
from skensemble.cli._writing import write_json
from skensemble.weighting import WeightingResult


class Run:
    """One training run, read from its folder.

    ``Run.open`` checks the folder and reads ``config.json`` and ``weights.json``; the rest is read
    when it is asked for. Only `network`, `estimator` and `learn_weights` import TensorFlow.

    Parameters
    ----------
    path : Path
        The folder.
    config : dict
        Content of ``config.json``.
    weighting : WeightingResult
        The combination weights, and how they were found.
    scores : dict of str to list, or None
        Holdout scores of the snapshots, of equal and of learned weights (``"name"``,
        ``"log_loss"``, ``"accuracy"``), as ``snapshot_scores_`` of the estimator.
    weights_source : str
        Which rows the weights were learned on, in words.
    earlier_weights : list of dict
        Contents of ``weights.json`` that were replaced, oldest first.
    """

    def __init__(
        self,
        path: Path,
        config: dict[str, Any],
        weighting: WeightingResult,
        scores: dict[str, list[Any]] | None,
        weights_source: str = files.OWN_HOLDOUT,
        earlier_weights: Sequence[dict[str, Any]] = (),
    ):
        self.path = path
        self.config = config
        self.weighting = weighting
        self.scores = scores
        self.weights_source = weights_source
        self.earlier_weights = list(earlier_weights)

    @classmethod
    def open(cls, path: str | Path, *, options: ModelOptions | None = None) -> Run:
        """Open a run.

        Parameters
        ----------
        path : str or Path
            Its folder.
        options : ModelOptions, optional
            The network that it must have, as far as that is said.

        Raises
        ------
        FileNotFoundError
            If there is no such folder, or a file is missing from it: with what was expected and
            what was found.
        ValueError
            If a file is damaged, the run is of a schema that this version does not read, or it is
            of another architecture.
        """
        folder = Path(path)
        if not folder.is_dir():
            fix = "`skensemble train --out FOLDER` makes one"
            must = "the folder of a run"
            raise FileNotFoundError(must_be(f"RUN {path}", must, Described("no folder"), fix))
        if not (folder / files.CONFIG).is_file():
            raise FileNotFoundError(_missing(folder, [files.CONFIG]))
        config = files.read_json(folder / files.CONFIG)
        check_config(folder / files.CONFIG, config)
        missing = [name for name in files.NEEDED if not (folder / name).exists()]
        names = [files.snapshot_name(m + 1) for m in range(config["n_snapshots"])]
        snapshots = folder / files.SNAPSHOTS
        missing += [f"{snapshots.name}/{n}" for n in names if not (snapshots / n).is_file()]
        if missing:
            raise FileNotFoundError(_missing(folder, missing))
        content = files.read_json(folder / files.WEIGHTS)
        weighting, scores = files.weights_from_json(folder / files.WEIGHTS, content)
        if len(weighting.weights) != config["n_snapshots"]:
            must = f"of {config['n_snapshots']} weights, one for each snapshot"
            got = Described(f"one of {len(weighting.weights)}")
            fix = "`skensemble reweight` writes it anew"
            raise ValueError(must_be(f"the file {folder / files.WEIGHTS}", must, got, fix))
        check_same_architecture(folder, config["model"], options)
        source = content.get("source", files.OWN_HOLDOUT)
        return cls(folder, config, weighting, scores, source, content.get("earlier", ()))

    @property
    def n_snapshots(self) -> int:
        """Number of snapshots, M; fewer than were asked for where training was interrupted."""
        return int(self.config["n_snapshots"])

    @property
    def snapshot_paths(self) -> list[Path]:
        """Files of the snapshots, in the order of their cycles."""
        folder = self.path / files.SNAPSHOTS
        return [folder / files.snapshot_name(m + 1) for m in range(self.n_snapshots)]

    @property
    def classes(self) -> np.ndarray:
        """Labels, shape (k,): strings, or numbers of the type they had."""
        classes = self.config["classes"]
        return np.array(classes["labels"], dtype=classes["dtype"])

    @property
    def weights(self) -> np.ndarray:
        """Combination weights, float64 of shape (M,)."""
        return self.weighting.weights

    @cached_property
    def history(self) -> dict[str, list[float]]:
        """What Keras recorded: one value per epoch."""
        return files.read_history(self.path / files.HISTORY)

    @cached_property
    def holdout(self) -> SavedHoldout | None:
        """What the snapshots predict on rows that trained none; None where none were held out."""
        path = self.path / files.HOLDOUT
        return files.read_holdout(path) if path.is_file() else None

    @property
    def row_shape(self) -> tuple[int, ...]:
        """Shape of one row, as the network takes it."""
        return tuple(self.config["row"]["shape"])

    def network(self) -> Any:
        """Build the network, without the weights of a snapshot; a ``keras.Model``, not compiled.

        Raises
        ------
        ValueError
            If it has layers of the user's own that cannot be imported.
        """
        path = self.path / files.NETWORK
        text = path.read_text(encoding="utf-8")
        try:
            return network_from(text, self.config["model"]["name"])
        except Exception as error:  # whatever the classes of layers raise
            fix = "make the code that defines its layers importable, as in training"
            must = "a network that Keras can build"
            got = Described(f"{type(error).__name__}: {str(error).splitlines()[0]}")
            raise ValueError(must_be(f"the file {path}", must, got, fix)) from error

    def estimator(self) -> Any:
        """Return the fitted ``SnapshotEnsembleClassifier``, with the weights of the run.

        Every file of weights is checked against the network before any is loaded.

        Raises
        ------
        ValueError
            If a file of weights is damaged or does not fit, naming the first layer that differs.
        """
        import keras

        from skensemble import SnapshotEnsembleClassifier

        asked = self.config["estimator"]
        loss = None
        if self.config["network"]["from_logits"]:
            single = self.config["network"]["n_units"] == 1
            losses = keras.losses
            kind = losses.BinaryCrossentropy if single else losses.SparseCategoricalCrossentropy
            loss = kind(from_logits=True)
        clf = SnapshotEnsembleClassifier.from_snapshots(
            self.network(),
            [str(path) for path in self.snapshot_paths],
            classes=self.classes,
            weighting=self.weights,
            loss=loss,
            alpha_zero=asked["alpha_zero"],
            epochs=asked["epochs"],
            batch_size=asked["batch_size"],
            random_state=asked["random_state"],
        )
        clf.weighting_, clf.snapshot_scores_ = self.weighting, self.scores
        clf.history_ = self.history
        return clf

    def learn_weights(
        self,
        method: str | Callable[..., float] | Sequence[float] = "log_loss",
        *,
        n_last: int | None = None,
        min_weight: float = 0.0,
        holdout: SavedHoldout | None = None,
    ) -> tuple[WeightingResult, dict[str, list[Any]]]:
        """Find weights anew; neither data nor the network are needed, and nothing is written.

        Parameters
        ----------
        method : str, callable or sequence of M floats
            As ``weighting`` of the estimator.
        n_last : int, optional
            Combine only the last ``n_last`` snapshots.
        min_weight : float
            Drop snapshots of a smaller weight.
        holdout : SavedHoldout, optional
            What to learn on. Default: the holdout of the run.

        Returns
        -------
        result : WeightingResult
            With the certificate and the comparisons.
        scores : dict of str to list
            As ``scores``.

        Raises
        ------
        TypeError, ValueError
            If the run has no holdout, or the method is unknown.
        """
        from skensemble.ensemble._holdout import Holdout
        from skensemble.ensemble._parameters import check_combination
        from skensemble.ensemble._weights import Combination, combine, score_members

        combination = Combination(method, n_last, min_weight)
        check_combination(combination, self.n_snapshots, "method")
        saved = self.holdout if holdout is None else holdout
        if saved is None:
            got = Described(f"one without {files.HOLDOUT}")
            fix = "train with --validation-fraction above 0, or learn weights on --data"
            raise ValueError(must_be(f"RUN {self.path}", "a run with a holdout", got, fix))
        usable = np.isfinite(saved.probas).all(axis=(1, 2))
        if n_last is not None:
            usable[: self.n_snapshots - n_last] = False
        rows = Holdout(None, saved.y, saved.sample_weight)
        result = combine(combination, usable, saved.probas, rows, self.classes)
        return result, score_members(saved.probas, usable, result, rows)

    def save_weights(
        self,
        result: WeightingResult,
        scores: Mapping[str, Any] | None,
        *,
        source: str = files.OWN_HOLDOUT,
    ) -> None:
        """Replace ``weights.json``, all or nothing; it keeps what it replaces.

        Parameters
        ----------
        result : WeightingResult
            The weights.
        scores : mapping or None
            As `learn_weights` returns them.
        source : str
            Which rows they were learned on, in words.
        """
        if len(result.weights) != self.n_snapshots:
            must = f"of shape ({self.n_snapshots},), one for each snapshot"
            got = Described(f"shape {result.weights.shape}")
            raise ValueError(must_be("weights", must, got, "learn them for this run"))
        path = self.path / files.WEIGHTS
        replaced = files.read_json(path)
        earlier = [*replaced.pop("earlier", []), replaced]
        content = {**files.weights_to_json(result, scores), "source": source, "earlier": earlier}
        write_json(path, content)
        self.weighting = result
        self.scores = None if scores is None else {name: list(v) for name, v in scores.items()}
        self.weights_source, self.earlier_weights = source, earlier


def _missing(folder: Path, missing: list[str]) -> str:
    found = sorted(path.name for path in folder.iterdir())
    snapshots = folder / files.SNAPSHOTS
    if snapshots.is_dir():
        found += sorted(f"{snapshots.name}/{path.name}" for path in snapshots.iterdir())
    there = ", ".join(found[:20]) + (", ..." if len(found) > 20 else "")
    must = f"the folder of a run, with {', '.join(missing)}"
    got = Described("a folder without")
    fix = f"it has {there or 'nothing'}; `skensemble train --out FOLDER` makes a run"
    return must_be(f"RUN {folder}", must, got, fix)
