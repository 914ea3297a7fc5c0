"""Values with 95% intervals, and what the interval of a difference shows."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

BETTER, WORSE, NO_DIFFERENCE = "better", "worse", "no difference shown"


@dataclass(frozen=True)
class Interval:
    """A value and its 95% interval.

    Attributes
    ----------
    value, low, high : float
        NaN where there is no value, or too little to tell how sure it is.
    """

    value: float
    low: float
    high: float

    @property
    def half(self) -> float:
        """Half of the interval's width."""
        return (self.high - self.low) / 2


def mean_interval(values: ArrayLike) -> Interval:
    """Mean of independent values, and its 95% t interval.

    For two series of the same seeds or rows, pass their differences: the interval is then paired.

    Parameters
    ----------
    values : array-like of shape (n,)
        Of two values or more; one has no interval.

    Examples
    --------
    >>> found = mean_interval([1, 2, 3, 4, 5])
    >>> found.value, round(found.half, 4)
    (3.0, 1.9632)
    """
    from scipy import stats

    values = np.asarray(values, dtype=np.float64)
    mean, n = float(values.mean()), len(values)
    half = float("nan")
    if n > 1:
        half = float(stats.t.ppf(0.975, n - 1) * values.std(ddof=1) / np.sqrt(n))
    return Interval(mean, mean - half, mean + half)


def proportion_interval(successes: int, n: int) -> Interval:
    """Share of n independent trials, and Wilson's interval."""
    from scipy import stats

    found = stats.binomtest(successes, n).proportion_ci(method="wilson")
    return Interval(successes / n, float(found.low), float(found.high))


def paired_proportion_interval(won: int, lost: int, n: int) -> Interval:
    """Difference of two shares of the same n rows, and the interval of Agresti and Min."""
    from scipy import stats

    # Half a row is added to each of the four ways in which two answers can be right or wrong.
    more = n + 2
    middle = (won - lost) / more
    spread = np.sqrt((won + lost + 1) / more - middle**2) / np.sqrt(more)
    half = float(stats.norm.ppf(0.975) * spread)
    return Interval((won - lost) / n, middle - half, middle + half)


def verdict(difference: Interval, *, higher_is_better: bool) -> str:
    """Say what a difference shows: ``"better"`` or ``"worse"`` where the 95% interval excludes 0.

    Differences that are all the same, as of a few seeds on a few rows, have no interval and show
    nothing.

    Parameters
    ----------
    difference : Interval
        Score of one minus score of another.
    higher_is_better : bool
        Whether a larger score is the better one.

    Examples
    --------
    >>> gain = Interval(0.02, low=0.01, high=0.03)
    >>> verdict(gain, higher_is_better=True), verdict(gain, higher_is_better=False)
    ('better', 'worse')
    >>> verdict(Interval(0.02, low=-0.01, high=0.05), higher_is_better=True)
    'no difference shown'
    """
    excludes_zero = difference.low > 0 or difference.high < 0
    # A width that is rounding error is 0.
    if not (excludes_zero and difference.half > 1e-12 * abs(difference.value)):
        return NO_DIFFERENCE
    return BETTER if (difference.low > 0) == higher_is_better else WORSE
