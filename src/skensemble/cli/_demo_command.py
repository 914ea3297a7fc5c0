"""``skensemble demo``: an ensemble and a single network on data that scikit-learn ships."""

import time
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any, Literal

from skensemble.cli._option_groups import PlainLines, command, option

M, EPOCHS, UNITS, TEST_SHARE = 5, 30, 64, 0.25
SINGLE, LEARNED = "single network, one cycle", "ensemble, learned weights"


@command
def demo(
    lines: PlainLines,
    data: Literal["digits", "breast_cancer", "wine"] = option(default="digits", help="Which data."),
    seeds: int = option(default=10, help="Random splits."),
) -> None:
    """Train a snapshot ensemble, and compare it with a single network.

    Both have the same budget, the single network spends it on one cosine cycle. They are compared
    on several random splits, on test rows used for nothing else.
    """
    from skensemble._validation import check_integer
    from skensemble.cli._console import import_tensorflow
    from skensemble.evaluation import summarise_runs, summary_tables

    check_integer("--seeds", seeds, minimum=2, fix="10 is the default")
    lines.say(
        f"{data}: {seeds} random splits, {TEST_SHARE:.0%} of the rows for testing. Each "
        f"network has one hidden layer of {UNITS} and {EPOCHS} epochs; the ensemble spends "
        f"them on M = {M} cycles."
    )
    import_tensorflow()
    runs: list[dict[str, Any]] = []
    start = time.perf_counter()
    weightings, stages = [], Counter[str]()
    for seed in range(seeds):
        lines.say(f"split {seed + 1} of {seeds}", "dim")
        clf, scores = train_both(data, seed, verbose=1 if seed == 0 else 0)
        weightings.append(clf.weighting_)
        stages.update(clf.timings_)
        runs.extend({"seed": seed, "method": name, **values} for name, values in scores.items())
    summary = summarise_runs(runs, [SINGLE])
    title, columns, rows = next(summary_tables(summary, SINGLE))
    lines.table(title.replace("seeds", "splits"), columns, rows)
    lines.say(verdict_lines(summary))
    first = weightings[0]
    weights = ", ".join(f"{weight:.3f}" for weight in first.weights)
    lines.say(
        f"Learned weights on the first split: {weights}\n"
        f"  learned on {first.n_samples} holdout rows in {first.n_iter} iterations; "
        f"certificate: at most {max(first.gap, 1e-15):.0e} nats above the best weights there "
        "are"
    )
    total = time.perf_counter() - start
    fitting = sum(stages.values())
    shares = ", ".join(f"{stage} {seconds / fitting:.0%}" for stage, seconds in stages.items())
    lines.say(
        f"Time: {total:.0f} s in all, {fitting:.0f} s of it for fitting {seeds} ensembles "
        f"({shares})"
    )


def train_both(data: str, seed: int, verbose: int) -> tuple[Any, dict[str, dict[str, float]]]:
    from sklearn import datasets
    from sklearn.model_selection import train_test_split
    from sklearn.preprocessing import StandardScaler

    from skensemble import SnapshotEnsembleClassifier
    from skensemble.cli._score_lines import accuracy_and_log_loss

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
    losses = ensemble.snapshot_scores_["log_loss"][:M]
    probas = {
        "best snapshot on the holdout": members[losses.index(min(losses))],
        "last snapshot": members[-1],
        SINGLE: single.predict_proba(X_test),
        "ensemble, equal weights": members.mean(axis=0),
        LEARNED: ensemble.predict_proba(X_test),
    }
    scores = {name: accuracy_and_log_loss(proba, y_test) for name, proba in probas.items()}
    return ensemble, scores


def verdict_lines(summary: Sequence[Mapping[str, Any]]) -> str:
    from skensemble.evaluation import METRICS

    words = {"better": "the ensemble is better", "worse": "the single network is better"}
    learned = next(entry for entry in summary if entry["method"] == LEARNED)
    lines = ["Learned weights minus single network, split by split:"]
    for metric in METRICS[:2]:
        found = learned["differences"][SINGLE][metric.name]
        difference = metric.show(found["mean"], found["half"], sign=True)
        word = found["verdict"]
        lines.append(f"  {metric.title} {difference}: {words.get(word, word)}")
    return "\n".join(lines)
