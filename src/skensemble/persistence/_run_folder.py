"""A run: a folder with the snapshots of one training, that can be read without pickles."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from skensemble._validation import Described, must_be
from skensemble.persistence import _run_files as files
from skensemble.persistence._atomic_files import write_json
from skensemble.persistence._network_file import network_from_json
from skensemble.weighting import WeightingResult


def load_run(folder: str | Path) -> Any:
    """Load the ensemble of a run directory.

    Parameters
    ----------
    folder : str or Path
        What ``skensemble train --out FOLDER`` or `save_run` has written.

    Returns
    -------
    SnapshotEnsembleClassifier
        Fitted, with the weights of the run: it predicts, and `reweight` combines its snapshots in
        another way. What is learned anew is not written to the folder.

    Raises
    ------
    FileNotFoundError
        If there is no such folder, or a file is missing from it.
    ValueError
        If a file is damaged, or weights do not fit the network, naming the first layer that
        differs.

    Notes
    -----
    A run has no pickles. Loading it runs code of yours only if the network was built by a function
    of yours and Keras does not know one of its layers: then the module of that function is
    imported.

    Examples
    --------
    >>> import tempfile
    >>> from sklearn.datasets import load_iris
    >>> from skensemble import SnapshotEnsembleClassifier, load_run
    >>> from skensemble.persistence import save_run
    >>> X, y = load_iris(return_X_y=True)
    >>> clf = SnapshotEnsembleClassifier(M=3, epochs=12, random_state=0).fit(X, y)
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     run = save_run(clf, f"{folder}/iris")
    ...     again = load_run(run.path)
    >>> bool(abs(again.predict_proba(X) - clf.predict_proba(X)).max() < 1e-6)
    True
    """
    return Run.open(folder).estimator()


@dataclass(eq=False, repr=False)
class Run:
    """One training run, read from its folder.

    ``Run.open`` checks the folder and reads ``config.json`` and ``weights.json``; the rest is read
    when it is needed. Only `network`, `estimator` and `reweight` import TensorFlow.

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

    path: Path
    config: dict[str, Any]
    weighting: WeightingResult
    scores: dict[str, list[Any]] | None
    weights_source: str = files.OWN_HOLDOUT
    earlier_weights: list[dict[str, Any]] = field(default_factory=list)

    @classmethod
    def open(cls, folder: str | Path) -> "Run":
        """Open a run.

        Raises
        ------
        FileNotFoundError
            If there is no such folder, or a file is missing from it: with what was expected and
            what was found.
        ValueError
            If a file is damaged, or the run is of a schema that this version does not read.
        """
        path = Path(folder)
        if not path.is_dir():
            fix, got = "`skensemble train --out FOLDER` makes one", Described("no folder")
            raise FileNotFoundError(must_be(f"folder {folder}", "the folder of a run", got, fix))
        if not (path / files.CONFIG).is_file():
            raise FileNotFoundError(_missing(path, [files.CONFIG]))
        config = files.read_config(path / files.CONFIG)
        M = config["n_snapshots"]
        missing = [name for name in files.NEEDED if not (path / name).exists()]
        snapshots = map(files.snapshot_name, range(M))
        missing += [name for name in snapshots if not (path / name).is_file()]
        if missing:
            raise FileNotFoundError(_missing(path, missing))
        found = files.read_weights(path / files.WEIGHTS, M)
        scores = None if found.scores is None else found.scores.model_dump()
        return cls(path, config, found.result(), scores, found.source, found.earlier)

    @property
    def n_snapshots(self) -> int:
        """Number of snapshots, M; fewer than were asked for where training was interrupted."""
        return int(self.config["n_snapshots"])

    @property
    def snapshot_paths(self) -> list[Path]:
        """Files of the snapshots, in the order of their cycles."""
        return [self.path / files.snapshot_name(m) for m in range(self.n_snapshots)]

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
    def holdout(self) -> files.SavedHoldout | None:
        """What the snapshots predict on rows that trained none; None where none were held out."""
        path = self.path / files.HOLDOUT
        return files.read_holdout(path) if path.is_file() else None

    @property
    def row_shape(self) -> tuple[int, ...]:
        """Shape of one row, as the network takes it."""
        return tuple(self.config["row"]["shape"])

    @property
    def best_snapshot(self) -> int | None:
        """Position of the snapshot of least log-loss in `scores`; None where there is none."""
        if self.scores is None:
            return None
        losses = np.array(self.scores["log_loss"][: self.n_snapshots], dtype=np.float64)
        return None if np.isnan(losses).all() else int(np.nanargmin(losses))

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
            return network_from_json(text, self.config["model"]["name"])
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

        from skensemble.ensemble import SnapshotEnsembleClassifier
        from skensemble.ensemble._weighing import HoldoutPredictions, Weighed

        losses, loss = keras.losses, None
        network = self.config["network"]
        if network["from_logits"] and network["n_units"] == 1:
            loss = losses.BinaryCrossentropy(from_logits=True)
        elif network["from_logits"]:
            loss = losses.SparseCategoricalCrossentropy(from_logits=True)
        names = ("alpha_zero", "epochs", "batch_size", "random_state")
        clf = SnapshotEnsembleClassifier.from_snapshots(
            self.network(),
            [str(path) for path in self.snapshot_paths],
            classes=self.classes,
            weighting=self.weights,
            loss=loss,
            **{name: self.config["estimator"][name] for name in names},
        )
        holdout, rows, predictions = self.holdout, None, None
        if holdout is not None:
            rows = holdout.rows if len(holdout.rows) else None
            predictions = HoldoutPredictions(holdout.probas, holdout.y, holdout.sample_weight)
        clf._fitted = replace(
            clf._fitted,
            trained=replace(clf._fitted.trained, history=self.history),
            weighed=Weighed(clf.snapshots_, self.weighting, self.scores, predictions),
            holdout=rows,
        )
        return clf

    def reweight(
        self,
        method: str | Callable[..., float] | Sequence[float] = "log_loss",
        *,
        n_last: int | None = None,
        min_weight: float = 0.0,
        X: Any = None,
        y: Any = None,
    ) -> Any:
        """Return the estimator with other weights; nothing is written.

        Parameters
        ----------
        method : str, callable or sequence of M floats
            As ``weighting`` of the estimator.
        n_last : int, optional
            Combine only the last ``n_last`` snapshots.
        min_weight : float
            Drop snapshots of a smaller weight.
        X, y : array-like, optional
            Rows to learn on. Default: the holdout of the run.

        Raises
        ------
        TypeError, ValueError
            If there are no rows to learn on, or the method is unknown.
        """
        from skensemble.ensemble._weighing import learns_weights

        if learns_weights(method) and X is None and self.holdout is None:
            got = Described(f"one without {files.HOLDOUT}")
            fix = "learn weights on labelled rows, or train with a holdout"
            raise ValueError(must_be(f"folder {self.path}", "a run with a holdout", got, fix))
        clf = self.estimator()
        return clf.reweight(X, y, method=method, n_last=n_last, min_weight=min_weight)

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
            The weights: ``weighting_`` of the estimator that `reweight` returns.
        scores : mapping or None
            Its ``snapshot_scores_``.
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
        content = {**asdict(result), "scores": scores, "source": source, "earlier": earlier}
        write_json(path, content)
        self.weighting = result
        self.scores = None if scores is None else {name: list(v) for name, v in scores.items()}
        self.weights_source, self.earlier_weights = source, earlier


def _missing(folder: Path, missing: list[str]) -> str:
    paths = [*sorted(folder.iterdir()), *sorted(folder.glob(f"{files.SNAPSHOTS}/*"))]
    found = [path.relative_to(folder).as_posix() for path in paths]
    there = ", ".join(found[:20]) + (", ..." if len(found) > 20 else "")
    must = f"the folder of a run, with {', '.join(missing)}"
    got = Described("a folder without")
    fix = f"it has {there or 'nothing'}; `skensemble train --out FOLDER` makes a run"
    return must_be(f"folder {folder}", must, got, fix)
