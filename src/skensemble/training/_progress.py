"""The progress display."""

import keras
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn


class ProgressDisplay(keras.callbacks.Callback):
    """One line that follows training, and one that stays for each finished cycle."""

    def __init__(self, rates, cycle_ends, *, steps_per_epoch, first_epoch=0, first_cycle=0):
        super().__init__()
        self._rates, self._steps = rates, steps_per_epoch
        self._ends = [int(end) for end in cycle_ends]
        self._first_epoch, self._first_cycle = first_epoch, first_cycle
        self._n_reported = 0

    def on_train_begin(self, logs=None):
        console = Console()
        self._progress = Progress(
            TextColumn("cycle {task.fields[cycle]}"),
            BarColumn(bar_width=20),
            TextColumn("{task.fields[state]}"),
            TimeElapsedColumn(),
            console=console,
            transient=True,
            auto_refresh=False,
            # In a file or a pipe only the lines of finished cycles make sense.
            disable=not (console.is_terminal or console.is_jupyter),
        )
        self._n_epochs = self._first_epoch + len(self._rates) // self._steps
        done, total = self._first_epoch, self._n_epochs
        self._task = self._progress.add_task(
            "", total=total, completed=done, cycle=self._cycle(0), state=""
        )
        self._progress.start()

    def on_epoch_end(self, epoch, logs=None):
        n_done = (epoch - self._first_epoch + 1) * self._steps
        loss = (logs or {}).get("loss", float("nan"))
        where = f"epoch {epoch + 1}/{self._n_epochs}"
        while self._n_reported < len(self._ends) and self._ends[self._n_reported] <= n_done:
            last = self._ends[self._n_reported] - 1
            first = self._ends[self._n_reported - 1] if self._n_reported else 0
            self._progress.console.print(
                f"cycle {self._cycle(self._n_reported)}  {where}  "
                f"rate {self._rates[first]:.3g} → {self._rates[last]:.1e}  loss {loss:.4f}",
                highlight=False,
            )
            self._n_reported += 1
        self._progress.update(
            self._task,
            completed=epoch + 1,
            cycle=self._cycle(min(self._n_reported, len(self._ends) - 1)),
            state=f"{where}  rate {self._rates[n_done - 1]:.3g}  loss {loss:.4f}",
        )
        self._progress.refresh()

    def on_train_end(self, logs=None):
        self.close()

    def close(self) -> None:
        if getattr(self, "_progress", None) is not None:
            self._progress.stop()

    def _cycle(self, index: int) -> str:
        return f"{self._first_cycle + index + 1}/{self._first_cycle + len(self._ends)}"
