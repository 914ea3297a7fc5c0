"""Contestants that take turns, and how many times faster one is than another."""

import time
from dataclasses import dataclass

import numpy as np


class Timed:
    """A call that tells how many seconds it took.

    Parameters
    ----------
    run : callable
        What to time; takes no argument.
    repeats : int, default=1
        How often to run it in one turn. The seconds are those of one run.

    Attributes
    ----------
    result : object
        What the last run returned.
    """

    def __init__(self, run, repeats=1):
        self.run = run
        self.repeats = repeats
        self.result = None

    def __call__(self):
        """Take a turn, and return the seconds of one run."""
        start = time.perf_counter()
        for _ in range(self.repeats):
            self.result = self.run()
        return (time.perf_counter() - start) / self.repeats


def warm(run, turn_seconds=0.2, most=2000):
    """Run twice, and return a `Timed` that repeats short runs until a turn is long enough."""
    run()
    took = Timed(run)()
    return Timed(run, repeats=int(np.clip(turn_seconds / took, 1, most)))


def take_turns(contestants, rounds):
    """Let every contestant run once in each round, in their order.

    Parameters
    ----------
    contestants : dict of str to callable
        Each returns the seconds that it took.
    rounds : int
        Number of turns of each.

    Returns
    -------
    dict of str to list of float
        Seconds of each contestant in each round.
    """
    seconds = {name: [] for name in contestants}
    for _ in range(rounds):
        for name, contestant in contestants.items():
            seconds[name].append(contestant())
    return seconds


@dataclass(frozen=True)
class Ratio:
    """Median, least and largest quotient of two contestants over the rounds."""

    median: float
    low: float
    high: float

    @classmethod
    def of(cls, numerator, denominator):
        """Divide what was measured in the same round."""
        quotients = np.divide(numerator, denominator)
        return cls(float(np.median(quotients)), float(quotients.min()), float(quotients.max()))


@dataclass(frozen=True)
class Comparison:
    """Ours beside one peer, on one task.

    Parameters
    ----------
    task, peer : str
        What was done, and who else did it.
    ours, theirs : list of float
        Seconds in each round.
    floor : float or None, default=None
        The least ratio theirs / ours that the project asks for.
    """

    task: str
    peer: str
    ours: list
    theirs: list
    floor: float | None = None

    @property
    def ratio(self):
        """How many times as long the peer takes."""
        return Ratio.of(self.theirs, self.ours)


def compare(task, seconds, ours, floors):
    """Compare ``ours`` with every peer in ``floors`` that was measured."""
    return [
        Comparison(task, peer, seconds[ours], seconds[peer], floor)
        for peer, floor in floors.items()
        if peer in seconds and ours in seconds
    ]
