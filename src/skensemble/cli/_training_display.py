"""Following a training run from the command line; imports Keras."""

from typing import Any

import keras
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn

from skensemble.cli._console import Output
from skensemble.persistence import network_to_json
from skensemble.schedules import CyclicCosineDecay

FINISHING = "finishing: the cycles that are done are kept; press Ctrl-C again to keep nothing"


class TrainingDisplay(keras.callbacks.Callback):  # type: ignore[misc]  # mypy does not read Keras
    """Shows how far training is; with ``refit``, that of two trainings."""

    def __init__(self, out: Output, clf: Any, *, network_name: str, n_rows: int):
        super().__init__()
        self._out, self._alpha_zero, self._M = out, clf.alpha_zero, clf.M
        self._network_name, self._n_rows = network_name, n_rows
        self._n_trainings = self._n_reported = 0
        self._progress: Any = None
        self._ends: list[int] = []
        self._may_end, self._is_interrupted = True, False

    def interrupt(self) -> None:
        """Raise KeyboardInterrupt, but not after training: then a second one does not begin."""
        if self._n_trainings > 1:
            self._out.say_at_once("interrupted: the snapshots of the first training are kept")
        elif self._has_finished_a_cycle():
            self._out.say_at_once(FINISHING)
        else:
            self._out.say_at_once("interrupted before the end of the first cycle")
        if self._may_end:
            raise KeyboardInterrupt
        self._is_interrupted = True

    def _has_finished_a_cycle(self) -> bool:
        return bool(self._ends) and int(self.model.optimizer.iterations) >= self._ends[0]

    def on_train_begin(self, logs: Any = None) -> None:
        """Check that the network can be written to a run, and start the display."""
        if self._is_interrupted:  # while the first training was evaluated
            raise KeyboardInterrupt
        self._n_trainings += 1
        self._n_reported = 0
        if self._n_trainings == 1:
            network_to_json(self.model, self._network_name)
        else:
            self._out.say(f"second training, on all {self._n_rows} rows")
        self._steps, self._n_epochs = int(self.params["steps"]), int(self.params["epochs"])
        schedule = CyclicCosineDecay(self._alpha_zero, self._steps * self._n_epochs, M=self._M)
        self._ends = [int(end) for end in schedule.cycle_ends]
        self._rates = schedule.simulate()
        console = self._out.console
        self._progress = Progress(
            TextColumn("{task.description}"),
            BarColumn(bar_width=20),
            TextColumn("epoch {task.completed}/{task.total}"),
            TimeElapsedColumn(),
            TextColumn("left"),
            TimeRemainingColumn(),
            console=console,
            transient=True,
            auto_refresh=False,
            disable=not console.is_terminal,
        )
        self._task = self._progress.add_task(f"cycle 1/{self._M}", total=self._n_epochs)
        self._progress.start()
        self._may_end = True

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        n_done = (epoch + 1) * self._steps
        loss = (logs or {}).get("loss", float("nan"))
        while self._n_reported < self._M and self._ends[self._n_reported] <= n_done:
            self._n_reported += 1
            self._out.say(
                f"cycle {self._n_reported}/{self._M}  epoch {epoch + 1}/{self._n_epochs}  "
                f"loss {loss:.4f}"
            )
        current, rate = min(self._n_reported + 1, self._M), self._rates[n_done - 1]
        text = f"cycle {current}/{self._M}  rate {rate:.3g}  loss {loss:.4f}"
        self._progress.update(self._task, completed=epoch + 1, description=text)
        self._progress.refresh()
        self._may_end = epoch + 1 < self._n_epochs

    def on_train_end(self, logs: Any = None) -> None:
        self._may_end = False
        self.close()

    def close(self) -> None:
        if self._progress is not None:
            self._progress.stop()
            self._progress = None
