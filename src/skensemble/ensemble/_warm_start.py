"""Whether a fit can go on from an earlier one."""

from skensemble._validation import Described, must_be
from skensemble._warnings import warn
from skensemble.ensemble._fitted import Fitted


def has_cycles_to_add(earlier: Fitted, M: int, epochs: int) -> bool:
    """Tell whether there are cycles to add to those of an earlier fit; if not, warn."""
    done, epochs_done = len(earlier.snapshots), earlier.trained.n_epochs
    fix = "raise M and epochs to add cycles, or set warm_start=False to start again"
    if done == M:
        warn(
            f"With warm_start=True and M={M}, as before, there is no cycle to add: the "
            "ensemble stays as it is. Raise M and epochs to add cycles."
        )
        return False
    if earlier.is_refit:
        got = Described("one that refit=True has trained on the holdout too")
        raise ValueError(must_be("the ensemble", "one without refit, to go on from it", got, fix))
    if not earlier.snapshots[-1].is_finite:
        got = Described("weights that are not finite")
        raise ValueError(must_be("the last snapshot", "finite, to go on from it", got, fix))
    if done > M:
        raise ValueError(must_be("M", f"at least the {done} cycles trained so far", M, fix))
    if epochs <= epochs_done:
        must = f"more than the {epochs_done} epochs trained so far"
        raise ValueError(must_be("epochs", must, epochs, fix))
    return True
