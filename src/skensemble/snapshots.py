"""Snapshots: M sets of weights of one architecture."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, overload

import numpy as np

from skensemble._validation import Described, must_be

__all__ = ["Snapshot", "SnapshotBank"]


def _frozen(array: Any) -> np.ndarray:
    if type(array) is np.ndarray and array.flags.owndata and not array.flags.writeable:
        return array
    frozen: np.ndarray = np.array(array)  # a copy, because the original may be trained further
    frozen.setflags(write=False)
    return frozen


@dataclass(frozen=True, eq=False)
class Snapshot:
    """The weights of the network at the end of one learning-rate cycle.

    Parameters
    ----------
    weights : sequence of ndarray
        In the order of ``keras.Model.get_weights()``; stored as read-only copies.
    cycle : int
        Number of the cycle, from 1.
    iteration : int
        Number of optimizer steps from the start of the first cycle to this snapshot, which holds
        the result of steps 0 to ``iteration - 1``.
    scores : mapping of str to float, optional
        Scores of the snapshot alone on the holdout (``"log_loss"``, ``"accuracy"``); empty without
        a holdout.
    """

    weights: list[np.ndarray]
    cycle: int
    iteration: int
    scores: Mapping[str, float] = field(default_factory=dict)

    def __post_init__(self) -> None:
        object.__setattr__(self, "weights", [_frozen(array) for array in self.weights])

    def __setstate__(self, state: dict[str, Any]) -> None:
        # Unpickled arrays come back writeable.
        for array in state["weights"]:
            array.setflags(write=False)
        self.__dict__.update(state)

    @property
    def is_finite(self) -> bool:
        """Whether every weight is a finite number."""
        return all(bool(np.isfinite(array).all()) for array in self.weights)

    @property
    def nbytes(self) -> int:
        """Size of the weights, in bytes."""
        return sum(array.nbytes for array in self.weights)

    def __repr__(self) -> str:
        scores = "".join(f", {name}={value:.4f}" for name, value in self.scores.items())
        n_weights = sum(array.size for array in self.weights)
        place = f"cycle={self.cycle}, iteration={self.iteration}"
        return f"Snapshot({place}, n_weights={n_weights}{scores})"


class SnapshotBank(Sequence[Snapshot]):
    """The snapshots of one training run, in the order of their cycles; immutable.

    Parameters
    ----------
    snapshots : iterable of Snapshot
        All of the same architecture, at least one.
    paths : sequence of str
        Path of each variable of the network (``"dense/kernel"``), in the order of the weights.

    Raises
    ------
    ValueError
        If there is no snapshot, or two of them differ in the shape of a weight.

    Examples
    --------
    >>> import numpy as np
    >>> from skensemble import Snapshot, SnapshotBank
    >>> bank = SnapshotBank(
    ...     [Snapshot([np.full((2, 1), m)], cycle=m, iteration=10 * m) for m in (1, 2, 3)],
    ...     paths=["dense/kernel"],
    ... )
    >>> len(bank), [snapshot.iteration for snapshot in bank]
    (3, [10, 20, 30])
    >>> bank[-1].weights[0].ravel()
    array([3, 3])
    >>> bank[-2:]
    SnapshotBank(2 snapshots of 2 weights, cycles 2 to 3)
    """

    def __init__(self, snapshots: Iterable[Snapshot], paths: Sequence[str]):
        self._snapshots = tuple(snapshots)
        self._paths = tuple(paths)
        if not self._snapshots:
            fix = "train for at least one cycle"
            raise ValueError(must_be("snapshots", "at least one snapshot", [], fix))
        for snapshot in self._snapshots:
            self._check_shapes(snapshot)

    def _check_shapes(self, snapshot: Snapshot) -> None:
        fix = "all snapshots must come from one architecture"
        what = f"snapshot {snapshot.cycle}"
        for path, shape, array in zip(self._paths, self.shapes, snapshot.weights, strict=False):
            if array.shape != shape:
                got = Described(f"shape {array.shape}")
                raise ValueError(must_be(f"{path} of {what}", f"of shape {shape}", got, fix))
        if not len(snapshot.weights) == len(self.shapes) == len(self._paths):
            must = f"a list of {len(self._paths)} arrays, one for each variable"
            got = Described(f"{len(snapshot.weights)} arrays")
            raise ValueError(must_be(what, must, got, fix))

    @property
    def paths(self) -> tuple[str, ...]:
        """Path of each variable of the network, in the order of the weights."""
        return self._paths

    @property
    def shapes(self) -> list[tuple[int, ...]]:
        """Shape of each weight array."""
        return [array.shape for array in self._snapshots[0].weights]

    @property
    def nbytes(self) -> int:
        """Size of all weights of all snapshots, in bytes."""
        return sum(snapshot.nbytes for snapshot in self._snapshots)

    def with_scores(self, scores: Sequence[Mapping[str, float]]) -> SnapshotBank:
        """Return the same bank, each snapshot with its holdout scores."""
        pairs = zip(self._snapshots, scores, strict=True)
        scored = (replace(snapshot, scores=dict(score)) for snapshot, score in pairs)
        return SnapshotBank(scored, self._paths)

    def check_fits(self, paths: Sequence[str], shapes: Sequence[tuple[int, ...]]) -> None:
        """Raise unless a network with these variables can take the weights.

        Parameters
        ----------
        paths : sequence of str
            Path of each variable of the network.
        shapes : sequence of tuple of int
            Shape of each variable.

        Raises
        ------
        ValueError
            Naming the first variable that differs.
        """
        fix = "build the network that the snapshots were trained with"
        for path, theirs, mine in zip(paths, shapes, self.shapes, strict=False):
            if tuple(theirs) != mine:
                what = f"variable {path} of the network"
                must = f"of shape {mine}, as in the snapshots"
                raise ValueError(must_be(what, must, Described(f"shape {tuple(theirs)}"), fix))
        if len(shapes) != len(self.shapes):
            must = f"one of {len(self.shapes)} variables, as in the snapshots"
            raise ValueError(must_be("the network", must, Described(f"one of {len(shapes)}"), fix))

    def __getstate__(self) -> dict[str, Any]:
        # Each array once: joblib would write frozen weights, which snapshots share, every time.
        arrays = {id(array): array for snapshot in self for array in snapshot.weights}
        index = {key: i for i, key in enumerate(arrays)}
        snapshots = [
            {**vars(snapshot), "weights": [index[id(array)] for array in snapshot.weights]}
            for snapshot in self
        ]
        return {"arrays": list(arrays.values()), "snapshots": snapshots, "paths": self._paths}

    def __setstate__(self, state: dict[str, Any]) -> None:
        arrays = state["arrays"]
        snapshots = [Snapshot.__new__(Snapshot) for _ in state["snapshots"]]
        for snapshot, found in zip(snapshots, state["snapshots"], strict=True):
            snapshot.__setstate__({**found, "weights": [arrays[i] for i in found["weights"]]})
        self._snapshots, self._paths = tuple(snapshots), state["paths"]

    def __add__(self, later: SnapshotBank) -> SnapshotBank:
        return SnapshotBank([*self, *later], self._paths)

    def __len__(self) -> int:
        return len(self._snapshots)

    @overload
    def __getitem__(self, index: int) -> Snapshot: ...
    @overload
    def __getitem__(self, index: slice) -> SnapshotBank: ...
    def __getitem__(self, index: int | slice) -> Snapshot | SnapshotBank:
        if isinstance(index, slice):
            return SnapshotBank(self._snapshots[index], self._paths)
        return self._snapshots[index]

    def __repr__(self) -> str:
        first, last = self._snapshots[0], self._snapshots[-1]
        n_weights = sum(array.size for array in first.weights)
        if len(self) == 1:
            return f"SnapshotBank(1 snapshot of {n_weights} weights, cycle {first.cycle})"
        cycles = f"cycles {first.cycle} to {last.cycle}"
        return f"SnapshotBank({len(self)} snapshots of {n_weights} weights, {cycles})"
