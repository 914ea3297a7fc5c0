"""Which epoch is the best by a value that Keras reports."""

import re

from skensemble._validation import check_choice, must_be
from skensemble._warnings import warn

_RISES = re.compile(
    r"acc|auc|precision|recall|f1|fbeta|iou|io_u|r2_score|similarity|sensitivity|specificity"
)
_FALLS = re.compile(r"loss|error|entropy|hinge|divergence|poisson|(^|_)(mse|mae|mape|msle|rmse)$")


class BestValue:
    """Tells which epoch of a training is the best so far; ``"auto"`` is the validation accuracy."""

    def __init__(self, monitor: str, mode: str):
        if not isinstance(monitor, str) or not monitor:
            must = "the name of a value that Keras reports"
            raise TypeError(must_be("monitor", must, monitor, "'val_loss' or 'val_accuracy', say"))
        check_choice("mode", mode, ("auto", "min", "max"), fix="'auto' goes by the name")
        self._monitor = monitor
        self._name = "val_accuracy" if monitor == "auto" else monitor
        rises, falls = (bool(pattern.search(self._name)) for pattern in (_RISES, _FALLS))
        if mode == "auto" and rises == falls:
            fix = "the name does not tell which values are better"
            raise ValueError(must_be("mode", f"'min' or 'max' for monitor={monitor!r}", mode, fix))
        self._sign = 1 if mode == "max" or (mode == "auto" and rises) else -1
        self._best: float | None = None
        self._reported: dict[str, None] = {}
        self._was_reported = False

    def improves(self, logs) -> bool:
        self._reported.update(dict.fromkeys(logs))
        accuracy = re.fullmatch(r"(val_)?acc(uracy)?", self._name)
        names = [self._name]
        if accuracy:
            names = [f"{accuracy[1] or ''}{end}" for end in ("accuracy", "acc")]
        if self._monitor == "auto":
            # Keras names a metric that is given as an object after its class.
            alike = [name for name in logs if re.fullmatch(r"val_.*accuracy", name)]
            names += alike if len(alike) == 1 else []
        value = next((logs[name] for name in names if name in logs), None)
        if value is None:
            return False
        self._was_reported = True
        value = self._sign * float(value)
        if value != value or (self._best is not None and value <= self._best):
            return False
        self._best = value
        return True

    def warn_if_never_reported(self) -> None:
        validates = any(name.startswith("val_") for name in self._reported)
        is_expected = validates if self._monitor == "auto" else bool(self._reported)
        if self._was_reported or not is_expected:
            return
        warn(
            f"monitor={self._monitor!r} was to find the best weights, and {self._name!r} was never "
            f"reported, so there is no file of the best. Keras reported: "
            f"{', '.join(map(repr, self._reported))}. Monitor one of these, or compile with the "
            "metric and pass validation data to fit."
        )
