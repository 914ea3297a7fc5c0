"""The table that a fitted ensemble adds to its HTML representation."""

from collections.abc import Mapping, Sequence
from html import escape

import numpy as np


def ensemble_table(weights: np.ndarray, scores: Mapping[str, Sequence] | None) -> str:
    """Write M, and each snapshot with its weight and holdout scores."""
    M = len(weights)
    rows = [[f"snapshot {m + 1}", f"{weight:.3f}"] for m, weight in enumerate(weights)]
    head = ["", "weight"]
    if scores is not None:
        combined = scores["name"][M:]
        # After a second training that was stopped sooner, there are fewer snapshots than scores.
        rows += [
            [name, "equal" if name == "uniform" else "–" if "snapshot" in name else "as above"]
            for name in combined
        ]
        for row, loss, accuracy in zip(rows, scores["log_loss"], scores["accuracy"], strict=True):
            row += [f"{loss:.4f}", f"{accuracy:.4f}"]
        head += ["holdout log-loss", "holdout accuracy"]
    return (
        '<div class="estimator-table"><details open>'
        f"<summary>Snapshot ensemble, M = {M}</summary>"
        '<table class="parameters-table"><tbody>'
        f"<tr>{_cells(head, 'th')}</tr>"
        + "".join(f'<tr class="default">{_cells(row, "td")}</tr>' for row in rows)
        + "</tbody></table></details></div>"
    )


def _cells(values: Sequence[str], tag: str) -> str:
    return "".join(f"<{tag}>{escape(value)}</{tag}>" for value in values)
