"""Sequential quadratic programming for mixture proportions, on rows in blocks.

Each block is small enough for BLAS to multiply without threads. OpenBLAS starts threads for a
product of a matrix and a vector of 9216 numbers or more. They gain little, and on a busy machine
each product waits some milliseconds until all of them have run: a thousand products of 30,000 rows
took 0.9 s instead of 0.07 s. A stack of blocks is multiplied one block after the other, so that the
sums do not depend on the number of threads either.
"""

import numpy as np
from scipy.linalg import solve_triangular
from scipy.optimize import nnls

from skensemble.weighting._member_predictions import FloatArray

_BLOCK = 9000
# Proximal terms, relative to the diagonal of H: identical snapshots leave H singular. They change
# the way to the optimum, not the optimum; a larger one is tried where rounding spoils a direction.
_RIDGES = (1e-10, 1e-7, 1e-4, 1e-1)
_ARMIJO = 1e-4
_MOST_LOSS = 0.9
_SMALLEST_STEP = 2.0**-50


def in_blocks(array: FloatArray, n_members: int, fill: float) -> FloatArray:
    """Cut the last axis, the rows, into B blocks of b rows, the last one filled up.

    From values of shape (n,) or (M, n) to (B, b) or (B, M, b).
    """
    *members, n = array.shape
    n_blocks = -(-n * n_members // _BLOCK)
    size = -(-n // n_blocks)
    if n_blocks * size > n:
        filler = np.full((*members, n_blocks * size - n), fill)
        array = np.concatenate([array, filler], axis=-1)
    blocks = array.reshape(*members, n_blocks, size)
    return np.ascontiguousarray(np.moveaxis(blocks, -2, 0))


def dot(first: FloatArray, second: FloatArray) -> float:
    """Sum of the products of two arrays of shape (B, b)."""
    return float((first[:, None] @ second[..., None]).sum())


def minimise(
    rows: FloatArray,
    share: FloatArray,
    *,
    tol: float,
    max_iter: int,
    start: FloatArray | None = None,
) -> tuple[FloatArray, float, int]:
    """Sequential quadratic programming; returns w, its gap, and the iterations.

    The simplex is left out: phi(w) = -sum_n share_n log (q w)_n + sum_m w_m - 1 over w >= 0 has
    its minimum where w sums to 1, and dividing by the sum never raises phi.

    ``rows`` is q in B blocks of b rows, (B, M, b), and ``share`` (B, b), of sum 1; rows of share 0
    do not count. ``start`` has the sum 1; equal weights are the default.
    """
    n_members = rows.shape[1]
    w = np.full(n_members, 1 / n_members) if start is None else start
    root = np.sqrt(share)
    n_iter = 0
    while True:
        mixture = w @ rows
        a = rows * (root / mixture)[:, None]
        # mean_n q_nm / (q w)_n, minus the gradient of the loss
        ratio = (a @ root[..., None]).sum(axis=(0, 2))
        gap = max(float(ratio.max()) - 1.0, 0.0)
        if gap <= tol or n_iter == max_iter:
            return w, gap, n_iter
        hessian, gradient = (a @ a.swapaxes(1, 2)).sum(axis=0), 1.0 - ratio
        for ridge in _RIDGES:
            direction = _direction(w, hessian, gradient, ridge)
            step = _line_search(share, (direction @ rows) / mixture, float(direction.sum()))
            if step > 0:
                break
        else:  # nothing left to gain in float64
            return w, gap, n_iter
        w = np.maximum(w + step * direction, 0.0)
        w /= w.sum()
        n_iter += 1


def _direction(
    w: FloatArray, hessian: FloatArray, gradient: FloatArray, ridge: float
) -> FloatArray:
    """Minimise d'Hd / 2 + gradient'd subject to w + d >= 0.

    In scaled weights v = c w, with h = H / cc' + ridge I = LL' and slope = gradient / c, that is
    min |L'x - (L'v - L^-1 slope)| over x = c (w + d) >= 0. Where the minimum without the bounds
    does not obey them, NNLS says which x are 0. Solving again for the others, in x - v, keeps the
    digits that x loses when the step is small, and with them the last decimals of the gap. Members
    that matter have H_mm >= 1: c magnifies no others.
    """
    c = np.sqrt(np.maximum(np.diag(hessian), 1.0))
    h = hessian / np.outer(c, c) + ridge * np.eye(len(c))
    slope, v = gradient / c, c * w
    move = np.linalg.solve(h, -slope)
    if (v + move > 0).all():
        return np.asarray(move / c)
    factor = np.linalg.cholesky(h)
    target = factor.T @ v - solve_triangular(factor, slope, lower=True)
    try:
        x, _ = nnls(factor.T, target, maxiter=100 * len(c))
    except RuntimeError:  # out of iterations: no direction at this ridge
        return np.zeros_like(w)
    free = x > 0
    move = -v
    move[free] = np.linalg.solve(
        h[np.ix_(free, free)], h[np.ix_(free, ~free)] @ v[~free] - slope[free]
    )
    if np.any(v + move < 0):
        move = x - v
    return np.where(free, move / c, -w)


def _line_search(share: FloatArray, relative: FloatArray, total: float) -> float:
    """Shorten the step until phi falls enough (Armijo's rule); 0 if it never does.

    With r = (q d) / (q w) ("relative"), phi(w + step d) - phi(w) = step sum_m d_m
    - sum_n share_n log(1 + step r_n): log1p keeps its digits next to the optimum, where phi no
    longer changes. No row may lose more than 9/10 of its mixture at once, because Newton's method
    comes down to a small weight in one step, but up to one only by doubling it every time.
    """
    slope = total - dot(share, relative)
    step = _MOST_LOSS / max(-float(relative.min()), _MOST_LOSS)
    while step >= _SMALLEST_STEP:
        change = step * total - dot(share, np.log1p(step * relative))
        if change <= _ARMIJO * step * slope < 0:
            return step
        step /= 2
    return 0.0
