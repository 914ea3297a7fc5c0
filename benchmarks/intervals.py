"""Means over paired runs, with their intervals."""

import numpy as np
from scipy import stats


def t_interval(values):
    """Mean of the values that are not NaN, and half its 95% t interval."""
    values = np.asarray(values)[~np.isnan(values)]
    half = stats.t.ppf(0.975, len(values) - 1) * values.std(ddof=1) / np.sqrt(len(values))
    return values.mean(), half
