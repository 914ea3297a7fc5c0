"""The usual step schedule, for the baselines of a comparison."""

import keras
import numpy as np

from skensemble.ensemble import SnapshotEnsembleClassifier
from skensemble.schedules import CyclicCosineDecay


class StepDecay(keras.optimizers.schedules.PiecewiseConstantDecay):  # type: ignore[misc]
    """A rate that falls to a tenth after half, and again after three quarters of the iterations.

    That of the single models of Huang et al., ICLR 2017. Snapshots are taken where M cosine cycles
    over as many iterations would end.

    Examples
    --------
    >>> schedule = StepDecay(0.1, n_iterations=8, M=2)
    >>> schedule.simulate().round(4)
    array([0.1  , 0.1  , 0.1  , 0.1  , 0.01 , 0.01 , 0.001, 0.001])
    >>> schedule.cycle_ends
    array([4, 8])
    """

    def __init__(self, alpha_zero: float, n_iterations: int, M: int):
        cycles = CyclicCosineDecay(alpha_zero, n_iterations, M)
        self.alpha_zero = cycles.alpha_zero
        self.n_iterations, self.M = cycles.n_iterations, cycles.M
        self.cycle_ends = cycles.cycle_ends
        self._drops = n_iterations // 2, 3 * n_iterations // 4
        # A boundary is the last iteration before the change.
        super().__init__(
            [drop - 1 for drop in self._drops], [alpha_zero, alpha_zero / 10, alpha_zero / 100]
        )

    def simulate(self) -> np.ndarray:
        """Rates of all iterations, float64 of shape (n_iterations,)."""
        t = np.arange(self.n_iterations)
        rates: np.ndarray = np.array(self.values)[np.searchsorted(self._drops, t, side="right")]
        return rates


class StepSnapshots(SnapshotEnsembleClassifier):
    """Snapshots along `StepDecay`; everything else is that of a snapshot ensemble.

    Same network, initial weights, order of rows and augmentation, for the same ``random_state``.
    Parameters and attributes are those of `SnapshotEnsembleClassifier`. Trains with
    ``engine="keras"``: the other one knows cosine cycles only.
    """

    def _make_schedule(self, n_iterations: int, M: int, offset: int) -> StepDecay:
        return StepDecay(self.alpha_zero, n_iterations, M)
