"""Results as Markdown."""

from dataclasses import dataclass, field

import numpy as np

INTRODUCTION = """# Speed

Written by `{command}`; do not edit.

All contestants ran in turn, round by round, in this one run. Ratios are peer / ours, so larger is
better for us: the median over the rounds, and beside it the least and the largest. Seconds from
other runs or machines are not comparable.

- **ours**: `SnapshotEnsembleClassifier`.
- **plain Keras**: `model.fit` with a callback that sets the rate before every batch and keeps the
  weights at the end of every cycle; predictions with the weights of each snapshot, put in by
  `set_weights`, averaged. As Keras compiles by default, which on a machine without accelerator is
  without XLA; with `jit_compile=True` where a row says so.
- **scikeras**: its `KerasClassifier` with the same callback.
- **Ensemble-PyTorch**: `torchensemble.SnapshotEnsembleClassifier`, in an environment and a process
  of its own; batches are slices of tensors in memory, which takes less time than a `DataLoader`.
  It trains in one thread, which is no slower for networks this small, and far faster where other
  processes use the cores; it predicts in one or in as many as PyTorch takes, whichever is faster.
"""


@dataclass(frozen=True)
class Table:
    """Rows of cells under a header, with a line above that says what they are."""

    caption: str
    header: list
    rows: list

    def markdown(self):
        """Return the caption and the table."""
        lines = [self.header, ["---"] * len(self.header), *self.rows]
        body = "\n".join("| " + " | ".join(map(str, cells)) + " |" for cells in lines)
        return f"{self.caption}\n\n{body}" if self.caption else body


@dataclass
class Section:
    """What one part of the suite found.

    Parameters
    ----------
    title : str
        Heading.
    setup : str
        What was measured, and how.
    comparisons : list of Comparison
        Ratios against peers.
    tables : list of Table
        Everything else.
    notes : list of str
        What to know when reading the figures.
    works : list of sections.arithmetic.Work
        How many floating point operations our runs took, and how long.
    """

    title: str
    setup: str
    comparisons: list = field(default_factory=list)
    tables: list = field(default_factory=list)
    notes: list = field(default_factory=list)
    works: list = field(default_factory=list)

    def markdown(self):
        """Return the section with its heading."""
        tables = [comparison_table(self.comparisons)] if self.comparisons else []
        parts = [f"## {self.title}", self.setup]
        parts += [table.markdown() for table in [*tables, *self.tables]]
        if self.notes:
            parts.append("\n".join(f"- {note}" for note in self.notes))
        return "\n\n".join(part for part in parts if part)


def comparison_table(comparisons):
    """Return a table of ratios, the least that is asked for, and the bare medians."""
    rows = []
    for c in comparisons:
        ratio = c.ratio
        goal = "" if c.floor is None else verdict(ratio.median >= c.floor, f"≥ {c.floor:g}")
        medians = [show_seconds(np.median(seconds)) for seconds in (c.ours, c.theirs)]
        rows.append([c.task, c.peer, f"**{show(ratio.median)}**", spread(ratio), goal, *medians])
    header = ["task", "peer", "peer / ours", "spread", "asked for", "ours", "peer"]
    return Table("", header, rows)


def verdict(is_met, goal):
    """Return a goal and whether it is met."""
    return f"{goal}: {'yes' if is_met else '**no**'}"


def spread(ratio):
    """Return the least and the largest ratio of all rounds."""
    return f"{show(ratio.low)} – {show(ratio.high)}"


def show(number):
    """Return a number with three significant digits, without an exponent."""
    if not np.isfinite(number):
        return str(number)
    digits = 2 - int(np.floor(np.log10(abs(number)))) if number else 0
    return f"{number:,.{min(max(digits, 0), 4)}f}"


def show_seconds(seconds):
    """Return seconds in the unit that suits them."""
    for unit, factor in (("s", 1), ("ms", 1e3), ("µs", 1e6)):
        if seconds * factor >= 1 or unit == "µs":
            break
    return f"{show(seconds * factor)} {unit}"
