"""The methods of a comparison at equal compute, by name."""

from typing import NamedTuple

SINGLE = "single"
NO_CYCLE = "no-cycle"
ONE_CYCLE = "one-cycle"
EQUAL = "snapshots-equal"
EQUAL_LESS = "snapshots-equal-less"
LEARNED = "snapshots-learned"
INDEPENDENT = "independent"


class Method(NamedTuple):
    """What a method is called, and what it does with its epochs."""

    title: str
    meaning: str


METHODS = {
    SINGLE: Method("single network", "step schedule; the network at its end"),
    NO_CYCLE: Method(
        "no cycle", "the same training; mean of the network at the moments of the snapshots"
    ),
    ONE_CYCLE: Method("one cycle", "one cosine cycle; the network at its end"),
    EQUAL: Method("snapshots, equal", "M cosine cycles; mean of the networks at their ends"),
    EQUAL_LESS: Method("snapshots, equal, less holdout", "the same, trained without the holdout"),
    LEARNED: Method("snapshots, learned", "these networks, with weights learned on the holdout"),
    INDEPENDENT: Method(
        "independent networks",
        "M networks, each one cosine cycle over an M-th of the epochs; mean",
    ),
}
