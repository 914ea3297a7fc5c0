"""The classes that weights can let win against the true one, row by row."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from skensemble.weighting._holdout import Members

_BLOCK = 1 << 19  # bytes of probabilities that are compared at a time
_FAVOUR = 8  # how much more good members count when rivals are put in order


@dataclass(frozen=True, eq=False)
class Rivals:
    """The rows that weights decide, and between what.

    Parameters
    ----------
    always : ndarray of shape (n,), bool
        Rows in which every single member is right, and so is every combination.
    rows : ndarray of shape (n_open,), intp
        Rows in which combinations may be right or wrong, those with most rivals first.
    n_rivals : ndarray of shape (n_open,), intp
        How many rivals they have.
    classes : ndarray of shape (n_open, most rivals), intp
        Their rivals, the likely strongest first. Past ``n_rivals``, no rivals.
    """

    always: NDArray[np.bool_]
    rows: NDArray[np.intp]
    n_rivals: NDArray[np.intp]
    classes: NDArray[np.intp]


def find_rivals(members: Members) -> Rivals:
    """Compare the true class with every other, in every member.

    A class that is behind the true one in all members is behind it in every combination, and
    one that is ahead in all is always ahead: what is left depends on the weights.
    """
    p = members.probas
    small = np.min_scalar_type(p.shape[2])
    y = members.y.astype(small)
    n_members, n_rows, n_classes = p.shape
    rank = np.arange(n_classes, dtype=small)[:, None]
    dtype: type = np.float32 if np.can_cast(p.dtype, np.float32) else np.float64
    own: NDArray[Any] = members.own.astype(dtype)
    skill = members.own.sum(axis=1)
    favour = ((skill / skill.max()) ** _FAVOUR if skill.any() else skill + 1).astype(dtype)
    size = max(1, _BLOCK // (n_members * n_classes * np.dtype(dtype).itemsize))
    always = np.empty(n_rows, dtype=bool)
    found: list[tuple[NDArray[Any], ...]] = []
    for start in range(0, n_rows, size):
        at = slice(start, start + size)
        others: NDArray[Any] = p[:, at].transpose(0, 2, 1).astype(dtype, order="C")
        wins = others > own[:, None, at]
        tied = others == own[:, None, at]
        tied &= rank < y[at]  # the first of equal sums is predicted
        wins |= tied
        open_, ahead = np.bitwise_or.reduce(wins, axis=0), np.bitwise_and.reduce(wins, axis=0)
        always[at] = ~open_.any(axis=0)
        open_ &= ~ahead.any(axis=0)
        n_rivals = np.add.reduce(open_.view(np.uint8), axis=0, dtype=small)
        rows = np.flatnonzero(n_rivals)
        n_rivals = n_rivals[rows]
        strength = (1 + favour @ others.reshape(n_members, -1)).reshape(open_.shape)
        strength *= open_
        strength = strength.T.astype(np.float32, order="C").take(rows, axis=0)
        found.append((start + rows, n_rivals, _strongest(strength, int(n_rivals.max(initial=0)))))
    return _join(always, found)


def _strongest(strength: NDArray[np.float32], n: int) -> NDArray[np.uint32]:
    """The ``n`` strongest classes of each row, in turn, rounding aside.

    Positive floats are ordered as their bits are; with the class in the lowest ones, a sort of
    integers, which is twice as fast as argsort, takes it along.
    """
    n_classes = strength.shape[1]
    low = np.uint32((1 << (n_classes - 1).bit_length()) - 1)
    keys = strength.view(np.uint32)
    keys &= ~low
    keys |= np.arange(n_classes, dtype=np.uint32)
    keys.sort(axis=1)
    strongest: NDArray[np.uint32] = keys[:, : -n - 1 : -1] & low
    return strongest


def _join(always: NDArray[np.bool_], found: list[tuple[NDArray[Any], ...]]) -> Rivals:
    rows = np.concatenate([part for part, _, _ in found])
    n_rivals = np.concatenate([part for _, part, _ in found])
    classes = np.zeros((rows.size, int(n_rivals.max(initial=0))), dtype=np.intp)
    start = 0
    for _, _, part in found:
        classes[start : start + len(part), : part.shape[1]] = part
        start += len(part)
    order = np.argsort(np.iinfo(n_rivals.dtype).max - n_rivals, kind="stable")  # a radix sort
    return Rivals(always, rows[order], n_rivals[order].astype(np.intp), classes[order])
