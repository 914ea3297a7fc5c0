"""``skensemble demo``: the main job on data that scikit-learn ships, compared honestly."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from typing import Annotated, Any, Literal

import typer

from skensemble.cli._options import TracebackOption
from skensemble.cli._quiet import import_tensorflow

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
    from skensemble.cli._console import output
    from skensemble.cli._scores import METRICS

    n_seeds = check_integer("--seeds", seeds, minimum=2, fix="10 is the default")
    with output() as out:
        out.say(
            f"{data}: {n_seeds} random splits, {TEST_SHARE:.0%} of the rows for testing. Each "
            f"network has one hidden layer of {UNITS} and {EPOCHS} epochs; the ensemble spends "
            f"them on M = {M} cycles."
        )
        import_tensorflow()
        scores: dict[str, list[dict[str, float]]] = {}
        start = time.perf_counter()
        ensembles = []
        for seed in range(n_seeds):
            out.say(f"split {seed + 1} of {n_seeds}", "dim")
            clf, results = compare(data, seed, verbose=1 if seed == 0 else 0)
            ensembles.append(clf)
            for name, found in results.items():
                scores.setdefault(name, []).append(found)
        title = "on the test rows: mean and 95% interval over the splits"
        out.table(title, ["", *(metric.title for metric in METRICS[:2])], score_rows(scores))
        out.say(verdict(scores))
        out.say(weights_line(ensembles[0]))
        out.say(time_line(ensembles, time.perf_counter() - start))


def compare(data: str, seed: int, verbose: int = 0) -> tuple[Any, dict[str, dict[str, float]]]:
    """Fit the ensemble and the single network on one split.

    Returns
    -------
    ensemble : SnapshotEnsembleClassifier
        Fitted.
    scores : dict of str to dict
        Scores on the test rows, of each way to predict.
    """
    import numpy as np
    from sklearn import datasets
    from sklearn.model_selection import train_test_split
    from sklearn.preprocessing import StandardScaler

    from skensemble import SnapshotEnsembleClassifier
    from skensemble.cli._scores import scores_of

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
    return ensemble, {name: scores_of(proba, y_test) for name, proba in probas.items()}


def score_rows(scores: Mapping[str, Sequence[Mapping[str, float]]]) -> list[list[str]]:
    """One row of text per way to predict: mean and interval of each score over the splits."""
    from skensemble.cli._scores import METRICS, t_interval

    return [
        [name, *(m.show(*t_interval([split[m.name] for split in values])) for m in METRICS[:2])]
        for name, values in scores.items()
    ]


def verdict(scores: Mapping[str, Sequence[Mapping[str, float]]]) -> str:
    """Say what the paired differences to the single network show, wins and losses alike."""
    from skensemble.cli import _scores

    words = {"better": "the ensemble is better", "worse": "the single network is better"}
    lines = ["Learned weights minus single network, split by split:"]
    for metric in _scores.METRICS[:2]:
        learned, single = ([split[metric.name] for split in scores[n]] for n in (LEARNED, SINGLE))
        mean, half = _scores.paired(learned, single)
        word = _scores.verdict(metric, mean, half)
        difference = metric.show(mean, half, sign=True)
        lines.append(f"  {metric.title} {difference}: {words.get(word, word)}")
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
