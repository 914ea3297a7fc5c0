"""How good an ensemble is, and whether it is worth its training: tables with 95% intervals."""

from skensemble.evaluation._data_frames import ComparisonTables, compare, evaluate
from skensemble.evaluation._equal_compute import (
    METHODS,
    Method,
    MethodRun,
    check_comparable,
    score_methods,
    train_methods,
)
from skensemble.evaluation._intervals import (
    Interval,
    mean_interval,
    row_differences,
    row_scores,
    verdict,
)
from skensemble.evaluation._metrics import (
    METRICS,
    Metric,
    calibration_error,
    combine_members,
    score_probabilities,
)
from skensemble.evaluation._resampling import (
    Split,
    check_train_size,
    draw_rows,
    draw_splits,
    single_labels,
)
from skensemble.evaluation._score_tables import (
    markdown_tables,
    score_predictions,
    score_tables,
    summarise_runs,
    summary_tables,
)

__all__ = [
    "METHODS",
    "METRICS",
    "ComparisonTables",
    "Interval",
    "Method",
    "MethodRun",
    "Metric",
    "Split",
    "calibration_error",
    "check_comparable",
    "check_train_size",
    "combine_members",
    "compare",
    "draw_rows",
    "draw_splits",
    "evaluate",
    "markdown_tables",
    "mean_interval",
    "row_differences",
    "row_scores",
    "score_methods",
    "score_predictions",
    "score_probabilities",
    "score_tables",
    "single_labels",
    "summarise_runs",
    "summary_tables",
    "train_methods",
    "verdict",
]
