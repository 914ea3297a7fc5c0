"""Stopping at the end of every cycle inside ``model.fit``."""

import math
from collections.abc import Callable, Iterable

from skensemble._validation import Described, must_be
from skensemble.backends import END_OF_DATA


class SteppedTraining:
    """Replaces the training function of a model in ``fit``, so that it stops after each cycle.

    Keras calls the graph once for ``steps_per_execution`` batches. If a cycle or an epoch ends
    inside such a call, its batches are done one by one; all other calls are unchanged.

    ``on_cycle_end`` is called with the number of the cycle, from 1, and the iterations done.
    Without ``steps_per_epoch``, training stops after the last cycle.
    """

    def __init__(
        self,
        model,
        rate,
        cycle_ends: Iterable[int],
        steps_per_epoch: int | None,
        on_cycle_end: Callable[[int, int], None],
    ):
        self.n_done = 0
        self._model, self.rate, self._take = model, rate, on_cycle_end
        self._ends = [int(end) for end in cycle_ends]
        self._n_taken = 0
        self._steps = steps_per_epoch
        self._epoch_end: float = math.inf
        self._has_begun = False
        self._one: Callable | None = None
        self._history = _history(model)
        self._own_function = model.train_function
        # A new trace of the training step, because the old one contains the old rate.
        model.make_train_function(force=True)
        self._many = model.train_function
        self._function = self._execute
        model.train_function = self._function
        rate.hold_while(self._is_running)

    def _is_running(self) -> bool:
        """Whether the same ``fit`` is still running, as far as the model shows."""
        model = self._model
        return model.train_function is self._function and _history(model) is self._history

    def begin_epoch(self) -> None:
        """Read the iterations done: the data may have ended the last epoch early."""
        self.n_done = self.rate.n_done
        if self._steps is not None:
            self._epoch_end = self.n_done + self._steps

    def close(self) -> None:
        """Restore the learning rate and the training function of the model."""
        self.rate.restore()
        if self._model.train_function is self._function:
            self._model.train_function = self._own_function

    @property
    def _next_end(self) -> float:
        return self._ends[self._n_taken] if self._n_taken < len(self._ends) else math.inf

    @property
    def _next_stop(self) -> float:
        return min(self._next_end, self._epoch_end)

    def _execute(self, iterator):
        if _history(self._model) is not self._history:
            # An exception ended the training of this object, and another one has begun.
            self.close()
            return self._model.train_function(iterator)
        try:
            return self._advance(iterator)
        except END_OF_DATA:
            self.rate.set_back(self.n_done)
            raise
        except BaseException:
            self.close()
            raise

    def _advance(self, iterator):
        at_once = self._model.steps_per_execution
        if at_once > 1 and self.n_done + at_once > self._next_stop:
            self.n_done = self.rate.n_done  # the call before may have found fewer batches
        if self.n_done + at_once > self._next_stop:
            n_steps = int(min(at_once, self._epoch_end - self.n_done))
            return self._step_by_step(iterator, n_steps)
        before = self.n_done
        logs = self._many(iterator)
        self.n_done += at_once
        if not self._has_begun or self.n_done == self._next_end:
            self._has_begun = True
            # Fewer than at_once if the data ended.
            self.n_done = self._counted(range(before + 1, self.n_done + 1))
            self._reach()
        return logs

    def _step_by_step(self, iterator, n_steps: int):
        logs = None
        for _ in range(n_steps):
            try:
                logs = self._step(iterator)
            except END_OF_DATA:
                if logs is None:
                    raise
                self.rate.set_back(self.n_done)
                break
            self.n_done += 1
            if not self._has_begun or self.n_done == self._next_end:
                self._has_begun = True
                self._counted([self.n_done])
                self._reach()
            if self._model.stop_training:
                break
        return logs

    def _step(self, iterator):
        """Train on one batch; Keras reads ``steps_per_execution`` while it traces."""
        model, at_once = self._model, self._model.steps_per_execution
        model.steps_per_execution = 1
        try:
            if self._one is None:
                model.make_train_function(force=True)
                self._one, model.train_function = model.train_function, self._function
            return self._one(iterator)
        finally:
            model.steps_per_execution = at_once

    def _counted(self, allowed) -> int:
        """Read the iterations done from the optimizer."""
        n_done = self.rate.n_done
        if n_done not in allowed:
            what = "the optimizer of the model"
            got = Described(f"{n_done} steps after {allowed[-1]} batches")
            fix = "SnapshotCallback cannot follow a train_step that does otherwise"
            raise RuntimeError(must_be(what, "one that takes one step per batch", got, fix))
        return n_done

    def _reach(self) -> None:
        if self.n_done != self._next_end:
            return
        self._n_taken += 1
        self._take(self._n_taken, self.n_done)
        if self._steps is None and self._n_taken == len(self._ends):
            self._model.stop_training = True


def _history(model):
    """Return the History object, which Keras makes anew in every ``fit``."""
    return getattr(model, "history", None)
