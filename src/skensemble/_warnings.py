"""Warnings that point at the user's own line."""

import sys
import warnings

# Between the user and a warning of ours.
_PACKAGES = ("joblib", "keras", "skensemble", "sklearn")


def warn(message: str, category: type[Warning] = UserWarning) -> None:
    """Warn about the line of the user's that led here."""
    frame, level = sys._getframe(1), 2
    while frame.f_back and str(frame.f_globals.get("__name__")).partition(".")[0] in _PACKAGES:
        frame, level = frame.f_back, level + 1
    warnings.warn(message, category, stacklevel=level)
