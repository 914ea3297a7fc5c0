"""``skensemble demo``: the main job on data that scikit-learn ships, compared honestly."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer
from rich.console import Console
from rich.table import Table

from skensemble.cli._options import TracebackOption
from skensemble.cli._quiet import import_tensorflow

if TYPE_CHECKING:
    import numpy as np

M, EPOCHS, UNITS, TEST_SHARE = 5, 30, 64, 0.25
SINGLE, LEARNED = "single network, one cycle", "ensemble, learned weights"


def demo(
    data: Annotated[
        Literal["digits", "breast_cancer", "wine"], typer.Option(help="Which data.")
    ] = "digits",
    seeds: Annotated[int, typer.Option(help="Random splits.")] = 10,
    traceback: TracebackOption = False,
) -> None:
    """Train a snapshot ensemble, and compare it with a single network.

    Both have the same budget, the single network spends it on one cosine cycle. They are compared
    on several random splits, on test rows used for nothing else.
    """
    from skensemble._validation import check_integer

    console = Console()
    n_seeds = check_integer("--seeds", seeds, minimum=2, fix="10 is the default")
    console.print(
        f"[bold]{data}[/]: {n_seeds} random splits, {TEST_SHARE:.0%} of the rows for "
        f"testing. Each network has one hidden layer of {UNITS} and {EPOCHS} epochs; the ensemble "
        f"spends them on M = {M} cycles."
    )
    import_tensorflow()
    scores: dict[str, list[tuple[float, float]]] = {}
    start = time.perf_counter()
    ensembles = []
    for seed in range(n_seeds):
        console.print(f"split {seed + 1} of {n_seeds}", style="dim")
        clf, results = compare(data, seed, verbose=1 if seed == 0 else 0)
        ensembles.append(clf)
        for name, score in results.items():
            scores.setdefault(name, []).append(score)
    console.print(score_table(scores))
    console.print(verdict(scores), highlight=False)
    console.print(weights_line(ensembles[0]), highlight=False)
    console.print(time_line(ensembles, time.perf_counter() - start), highlight=False)


def compare(data: str, seed: int, verbose: int = 0) -> tuple[Any, dict[str, tuple[float, float]]]:
    """Fit the ensemble and the single network on one split.

    Returns
    -------
    ensemble : SnapshotEnsembleClassifier
        Fitted.
    scores : dict of str to (float, float)
        Accuracy and log-loss on the test rows.
    """
    import numpy as np
    from sklearn import datasets
    from sklearn.model_selection import train_test_split
    from sklearn.preprocessing import StandardScaler

    from skensemble import SnapshotEnsembleClassifier

    X, y = getattr(datasets, f"load_{data}")(return_X_y=True)
    X, X_test, y, y_test = train_test_split(
        X, y, test_size=TEST_SHARE, stratify=y, random_state=seed
    )
    scaler = StandardScaler().fit(X)
    X, X_test = scaler.transform(X), scaler.transform(X_test)

    settings = {"model__units": UNITS, "epochs": EPOCHS, "random_state": seed}
    ensemble = SnapshotEnsembleClassifier(M=M, verbose=verbose, **settings).fit(X, y)
    # The single network needs no holdout: it trains on every row.
    single = SnapshotEnsembleClassifier(
        M=1, weighting="uniform", validation_fraction=None, **settings
    ).fit(X, y)

    members = ensemble.member_predict_proba(X_test)
    best = int(np.argmin(ensemble.snapshot_scores_["log_loss"][:M]))
    probas = {
        "best snapshot on the holdout": members[best],
        "last snapshot": members[-1],
        SINGLE: single.predict_proba(X_test),
        "ensemble, equal weights": members.mean(axis=0),
        LEARNED: ensemble.predict_proba(X_test),
    }
    return ensemble, {name: score(proba, y_test) for name, proba in probas.items()}


def score(proba: np.ndarray, y: np.ndarray) -> tuple[float, float]:
    """Accuracy and log-loss (nats); the labels of the demo's data are class indices."""
    from sklearn.metrics import accuracy_score, log_loss

    return float(accuracy_score(y, proba.argmax(axis=1))), float(log_loss(y, proba))


def score_table(scores: dict[str, list[tuple[float, float]]]) -> Table:
    """One row per way to predict."""
    from skensemble.cli._scores import t_interval

    table = Table(title="on the test rows: mean and 95% interval over the splits")
    table.add_column("")
    table.add_column("accuracy %", justify="right")
    table.add_column("log-loss", justify="right")
    for name, values in scores.items():
        accuracy, loss = (t_interval(column) for column in zip(*values, strict=True))
        table.add_row(
            name,
            f"{100 * accuracy[0]:.2f} ± {100 * accuracy[1]:.2f}",
            f"{loss[0]:.4f} ± {loss[1]:.4f}",
        )
    return table


def verdict(scores: dict[str, list[tuple[float, float]]]) -> str:
    """Say what the paired differences to the single network show, wins and losses alike."""
    import numpy as np

    from skensemble.cli._scores import t_interval

    lines = ["Learned weights minus single network, split by split:"]
    both = np.asarray(scores[LEARNED]) - np.asarray(scores[SINGLE])
    for name, difference, sign, scale, unit in (
        ("accuracy", both[:, 0], 1, 100, " points"),
        ("log-loss", both[:, 1], -1, 1, ""),
    ):
        mean, half = t_interval(difference)
        word = "no difference shown"
        if abs(mean) > half:
            word = "the ensemble is better" if mean * sign > 0 else "the single network is better"
        lines.append(f"  {name} {scale * mean:+.4f} ± {scale * half:.4f}{unit}: {word}")
    return "\n".join(lines)


def weights_line(clf: Any) -> str:
    """Show the learned weights of the first split, and how surely they are the best."""
    weights = ", ".join(f"{weight:.3f}" for weight in clf.weights_)
    result = clf.weighting_
    return (
        f"Learned weights on the first split: {weights}\n"
        f"  learned on {result.n_samples} holdout rows in {result.n_iter} iterations; certificate: "
        f"at most {max(result.gap, 1e-15):.0e} nats above the best weights there are"
    )


def time_line(ensembles: list[Any], total: float) -> str:
    """Say where the time of the ensembles went."""
    stages: dict[str, float] = {}
    for clf in ensembles:
        for stage, seconds in clf.timings_.items():
            stages[stage] = stages.get(stage, 0.0) + seconds
    fitting = sum(stages.values())
    shares = ", ".join(f"{stage} {seconds / fitting:.0%}" for stage, seconds in stages.items())
    return (
        f"Time: {total:.0f} s in all, {fitting:.0f} s of it for fitting {len(ensembles)} "
        f"ensembles ({shares})"
    )
