"""The cyclic cosine learning rate."""

import math

import keras
import numpy as np
from keras import ops

from skensemble._validation import check_integer, check_real, must_be

__all__ = ["CyclicCosineDecay"]


def cosine_cycles(step, alpha_zero, short, n_long, offset):
    """Learning rate of iteration ``step`` of the optimizer, a scalar tensor.

    All arguments may be tensors. ``n_long`` cycles of ``short + 1`` iterations come first, then
    cycles of ``short`` iterations; the first one starts at iteration ``offset``.
    """
    t = ops.cast(step, "int32") - offset
    n_in_long = n_long * (short + 1)
    in_long = t < n_in_long
    length = ops.cast(ops.where(in_long, short + 1, short), "int32")
    position = ops.where(in_long, t, t - n_in_long) % length
    # (cos(πt/L) + 1) / 2 = sin²(π(L − t) / 2L), without the cancellation that would leave the
    # smallest rates at the end of a cycle with few correct digits in float32.
    left = ops.cast(length - position, "float32") / ops.cast(length, "float32")
    return alpha_zero * ops.square(ops.sin(0.5 * math.pi * left))


@keras.saving.register_keras_serializable(package="skensemble")
class CyclicCosineDecay(keras.optimizers.schedules.LearningRateSchedule):
    r"""Cosine annealing from ``alpha_zero`` to almost 0, restarted M times.

    In iteration :math:`t = 0, 1, \dots` of a cycle of length :math:`L` the rate is

    .. math:: \alpha(t) = \frac{\alpha_0}{2} \left(\cos\frac{\pi t}{L} + 1\right),

    equation 2 of [1]_ with its 1-based :math:`t - 1` written as a 0-based :math:`t`. The rate
    starts at ``alpha_zero``, falls, and jumps back at the start of the next cycle; it is computed
    inside the graph, at every iteration.

    When M divides ``n_iterations``, every cycle has ``n_iterations / M`` iterations, as in the
    paper. Otherwise the first ``n_iterations % M`` cycles are one iteration longer than the rest:
    there are always exactly M cycles.

    Parameters
    ----------
    alpha_zero : float
        Learning rate at the start of every cycle, greater than 0.
    n_iterations : int
        Number of optimizer steps (mini-batches) in all cycles together.
    M : int
        Number of cycles, at most ``n_iterations``.
    offset : int, default=0
        Iteration of the optimizer at which the first cycle starts; not 0 for an optimizer that has
        already taken steps.

    Raises
    ------
    TypeError, ValueError
        If a parameter is out of its range, or M is larger than ``n_iterations``.

    See Also
    --------
    SnapshotEnsembleClassifier : Trains along this schedule, with a snapshot after every cycle.

    References
    ----------
    .. [1] G. Huang, Y. Li, G. Pleiss, Z. Liu, J. E. Hopcroft, K. Q. Weinberger, "Snapshot
       Ensembles: Train 1, Get M for Free", ICLR 2017, equation 2.

    Examples
    --------
    >>> from skensemble import CyclicCosineDecay
    >>> schedule = CyclicCosineDecay(alpha_zero=0.1, n_iterations=8, M=2)
    >>> schedule.simulate().round(4)
    array([0.1   , 0.0854, 0.05  , 0.0146, 0.1   , 0.0854, 0.05  , 0.0146])
    >>> schedule.cycle_ends
    array([4, 8])

    It is an ordinary Keras schedule:

    >>> import keras
    >>> optimizer = keras.optimizers.SGD(schedule, momentum=0.9)
    """

    def __init__(self, alpha_zero: float, n_iterations: int, M: int, offset: int = 0):
        fix = "0.1 is the usual start for SGD"
        self.alpha_zero = check_real("alpha_zero", alpha_zero, positive=True, fix=fix)
        fix = "it is epochs × batches per epoch"
        self.n_iterations = check_integer("n_iterations", n_iterations, minimum=1, fix=fix)
        self.M = check_integer("M", M, minimum=1, fix="5 is the usual choice")
        self.offset = check_integer("offset", offset, minimum=0, fix="0 starts with a new cycle")
        if self.n_iterations < self.M:
            must = f"at most the number of iterations, {self.n_iterations}"
            fix = "lower M, train for more epochs, or use smaller batches"
            raise ValueError(must_be("M", must, self.M, fix))

    @property
    def cycle_ends(self) -> np.ndarray:
        """Iterations done at the end of each cycle, int64 of shape (M,), counted from 0."""
        _, short, n_long, _ = self.as_numbers()
        cycles = np.arange(1, self.M + 1)
        return cycles * short + np.minimum(cycles, n_long)

    def __call__(self, step):
        """Learning rate of iteration ``step`` of the optimizer, a scalar tensor."""
        return cosine_cycles(step, *self.as_numbers())

    def as_numbers(self) -> tuple[float, int, int, int]:
        """Arguments of `cosine_cycles` after ``step``."""
        short, n_long = divmod(self.n_iterations, self.M)
        return self.alpha_zero, short, n_long, self.offset

    def simulate(self) -> np.ndarray:
        """Rates of all iterations, to see the schedule before training.

        Returns
        -------
        ndarray of shape (n_iterations,), float64
            One learning rate per iteration, in the order of training.
        """
        ends = self.cycle_ends
        lengths = np.diff(ends, prepend=0)
        left = np.repeat(ends, lengths) - np.arange(self.n_iterations)
        return self.alpha_zero * np.sin(0.5 * np.pi * left / np.repeat(lengths, lengths)) ** 2

    def get_config(self) -> dict:
        """Constructor arguments, from which Keras restores the schedule."""
        return {name: getattr(self, name) for name in ("alpha_zero", "n_iterations", "M", "offset")}

    def __repr__(self) -> str:
        arguments = ", ".join(f"{name}={value!r}" for name, value in self.get_config().items())
        return f"CyclicCosineDecay({arguments})"
