"""The callback that trains along the cyclic schedule and keeps the snapshots."""

import os
import weakref
from dataclasses import replace

import keras
import numpy as np
from sklearn.exceptions import ConvergenceWarning

from skensemble._validation import check_flag, check_integer, check_real, must_be
from skensemble._warnings import warn
from skensemble.callbacks._best import BestValue
from skensemble.callbacks._stepping import (
    SteppedTraining,
    calling_list,
    check_alone,
    n_iterations_of_fit,
    optimizer_of,
)
from skensemble.callbacks._weights_files import (
    SUFFIX,
    check_no_files,
    check_prefix,
    final_weights_in,
    load_snapshots,
    prepare_folder,
    write_weights,
)
from skensemble.exceptions import SnapshotTrainingError
from skensemble.networks import check_cycle_lengths, final_weights, warn_if_rate_is_replaced
from skensemble.schedules import CyclicCosineDecay
from skensemble.snapshots import Snapshot, SnapshotBank


class SnapshotCallback(keras.callbacks.Callback):
    """Train along the cyclic cosine schedule in ``model.fit``, and keep the snapshots.

    An ordinary Keras callback, for ``fit`` with arrays, ``tf.data``, a ``PyDataset`` or a
    generator, alone, in a list, in a nested list, or with other callbacks. The learning rate
    follows equation 2 of [1]_ at every iteration (mini-batch), inside the graph: it starts at
    ``alpha_zero``, falls to almost 0, and jumps back, M times. A snapshot holds the weights after
    the last iteration of its cycle, before the rate rises, also in the middle of an epoch or of
    ``steps_per_execution`` batches.

    Parameters
    ----------
    M : int, default=5
        Number of cycles, hence of snapshots. The cycles share all iterations of ``fit``; their
        lengths differ by at most one iteration.
    alpha_zero : float, default=0.1
        Learning rate at the start of every cycle. It replaces the rate or the schedule of the
        optimizer while ``fit`` runs, with a warning if the two differ.
    n_iterations : int, optional
        Batches of all epochs together; needed only where Keras does not know the number of batches
        per epoch, as with a generator. Training then stops after ``n_iterations``.
    epochs : int, optional
        Epochs that ``fit`` must train for; another number is an error at the start.
    prefix : str or path, optional
        The snapshots are written to ``{prefix}-1.weights.h5``, …, ``{prefix}-{M}.weights.h5``; a
        missing folder is made. The files hold the weights, not the state of the optimizer, and are
        written completely or not at all. None keeps the snapshots in memory.
    monitor : str, optional
        Value that Keras reports after an epoch, as in ``"val_loss"``. The weights after the epoch
        that is best by it are kept in ``{prefix}-Best.weights.h5``. ``"auto"``: the validation
        accuracy, if ``fit`` has validation data. ``acc`` and ``accuracy`` mean the same. None: no
        such file.
    mode : {"auto", "min", "max"}, default="auto"
        Which values of ``monitor`` are better: "auto" goes by the name.
    overwrite : bool, default=False
        True: all files of an earlier run with this prefix are removed when training starts, so
        that files of two runs never mix. False: they are an error.

    Attributes
    ----------
    bank : SnapshotBank
        The snapshots so far of the latest training.
    paths : list of str
        Their files; empty where the snapshots are in memory.
    schedule : CyclicCosineDecay
        Of the latest training.
    learning_rates : ndarray of shape (n_iterations,), float64
        Rate of every iteration of the latest training.

    Raises
    ------
    TypeError, ValueError
        If a parameter is out of its range. At the start of training, before the first step, if a
        cycle could not be finished, the number of batches is unknown, or another callback sets the
        learning rate too.
    FileExistsError
        At the start of training, if there are files with this prefix.
    SnapshotTrainingError
        From ``bank``, if there is no snapshot.

    Warns
    -----
    LearningRateWarning
        If ``alpha_zero`` is not the optimizer's own learning rate.
    UserWarning
        If training ends before its last cycle, or ``monitor`` is never reported.
    ConvergenceWarning
        If the weights of a snapshot are not finite.

    See Also
    --------
    SnapshotEnsembleClassifier : Trains, and learns how much to trust each snapshot.
    load_snapshots : Reads the files.

    Notes
    -----
    After training the optimizer has its own rate again, and a later ``fit`` without the callback
    trains with it. An exception in the training step, Ctrl-C included, restores it at once; one in
    another callback or in validation restores it once it is handled, at the latest in the next
    ``fit`` (not in ``train_on_batch``). Every ``fit`` starts new cycles and a new bank; one that
    ``BackupAndRestore`` resumes does so over the remaining epochs, and needs another ``prefix``.

    ``model.load_weights`` also reads the files; for a compiled model, Keras warns that they hold no
    state of the optimizer.

    With ``gradient_accumulation_steps`` an iteration is still a mini-batch. A step that loss
    scaling skips counts. With ``use_ema=True`` a snapshot holds the averages, as the model does
    after ``fit``; the file of the best weights holds those that were validated.

    References
    ----------
    .. [1] G. Huang, Y. Li, G. Pleiss, Z. Liu, J. E. Hopcroft, K. Q. Weinberger, "Snapshot
       Ensembles: Train 1, Get M for Free", ICLR 2017.

    Examples
    --------
    >>> import keras
    >>> import numpy as np
    >>> from skensemble import SnapshotCallback
    >>> X = np.random.default_rng(0).normal(size=(64, 4))
    >>> model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(1)])
    >>> model.compile(keras.optimizers.SGD(0.1), "mse")
    >>> callback = SnapshotCallback(M=2, alpha_zero=0.1)
    >>> _ = model.fit(X, X.sum(axis=1), batch_size=16, epochs=3, callbacks=callback, verbose=0)
    >>> callback.bank
    SnapshotBank(2 snapshots of 5 weights, cycles 1 to 2)
    >>> [snapshot.iteration for snapshot in callback.bank]
    [6, 12]
    >>> callback.learning_rates.round(3)
    array([0.1  , 0.093, 0.075, 0.05 , 0.025, 0.007, 0.1  , 0.093, 0.075,
           0.05 , 0.025, 0.007])
    """

    def __init__(
        self,
        M: int = 5,
        alpha_zero: float = 0.1,
        *,
        n_iterations: int | None = None,
        epochs: int | None = None,
        prefix: str | os.PathLike[str] | None = None,
        monitor: str | None = None,
        mode: str = "auto",
        overwrite: bool = False,
    ):
        super().__init__()
        self.M = check_integer("M", M, minimum=1, fix="5 is the usual choice")
        fix = "0.1 is the usual start for SGD"
        self.alpha_zero = check_real("alpha_zero", alpha_zero, positive=True, fix=fix)
        if n_iterations is not None:
            n_iterations = CyclicCosineDecay(self.alpha_zero, n_iterations, self.M).n_iterations
        self.n_iterations = n_iterations
        if epochs is not None:
            epochs = check_integer("epochs", epochs, minimum=1, fix="as many as you pass to fit")
        self.epochs = epochs
        self.prefix = None if prefix is None else check_prefix(prefix)
        self.monitor, self.mode = monitor, mode
        if monitor is not None:
            BestValue(monitor, mode)  # checks them
            if prefix is None:
                fix = "the best weights by monitor are kept in a file"
                raise ValueError(must_be("prefix", "given where monitor is", prefix, fix))
        fix = "True removes the files of an earlier run"
        self.overwrite = check_flag("overwrite", overwrite, fix=fix)
        self._training: SteppedTraining | None = None
        self._restoring: weakref.finalize | None = None
        self._forget()

    def _forget(self) -> None:
        self._bank: SnapshotBank | None = None
        self._files: list[tuple[str, int]] = []
        self._broken: list[int] = []
        self._schedule: CyclicCosineDecay | None = None
        self._best: BestValue | None = None

    @property
    def bank(self) -> SnapshotBank:
        """The snapshots so far of the latest training."""
        if self._files:
            if self.model is None:
                raise SnapshotTrainingError(
                    "This copy of SnapshotCallback has no model to read the snapshots with: use "
                    "load_snapshots(model, callback.paths)."
                )
            bank = load_snapshots(self.model, self.paths)
            pairs = zip(bank, self._files, strict=True)
            snapshots = [replace(snapshot, iteration=n_done) for snapshot, (_, n_done) in pairs]
            return SnapshotBank(snapshots, bank.paths)
        if self._bank is None:
            raise SnapshotTrainingError(
                "SnapshotCallback has no snapshot yet: pass it to model.fit, and let at least one "
                "cycle end."
            )
        return self._bank

    @property
    def paths(self) -> list[str]:
        """Files of the snapshots so far, empty where these are in memory."""
        return [path for path, _ in self._files]

    @property
    def schedule(self) -> CyclicCosineDecay:
        """Schedule of the latest training."""
        if self._schedule is None:
            raise SnapshotTrainingError(
                "SnapshotCallback has no schedule yet: pass it to model.fit, or see the rates "
                "before with CyclicCosineDecay(...).simulate()."
            )
        return self._schedule

    @property
    def learning_rates(self) -> np.ndarray:
        """Rate of every iteration of the latest training."""
        return self.schedule.simulate()

    def on_train_begin(self, logs=None):
        """Check everything that does not depend on the number of epochs."""
        self._close()  # an exception may have ended the last training
        self._forget()
        check_alone(self)
        if self.prefix is not None and not self.overwrite:
            check_no_files(self.prefix)

    def on_epoch_begin(self, epoch, logs=None):
        """Install the schedule before the first epoch."""
        if self._training is None:
            self._begin(epoch)
        self._training.begin_epoch()

    def _begin(self, first_epoch: int) -> None:
        n_iterations = n_iterations_of_fit(self.n_iterations, self.epochs, self.params, first_epoch)
        schedule = CyclicCosineDecay(self.alpha_zero, n_iterations, self.M)
        optimizer = optimizer_of(self.model)
        check_cycle_lengths(optimizer, schedule)
        warn_if_rate_is_replaced(optimizer, self.alpha_zero)
        if self.prefix is not None:
            prepare_folder(self.prefix)
        if self.monitor is not None:
            self._best = BestValue(self.monitor, self.mode)
        self._schedule = schedule
        steps = (self.params or {}).get("steps")  # per epoch
        self._training = SteppedTraining(self.model, optimizer, schedule, steps, self._take)
        callbacks = calling_list()
        if callbacks is not None:
            # Keras releases the list however fit ends; it calls on_train_end if all went well.
            self._restoring = weakref.finalize(callbacks, self._training.close)
            self._restoring.atexit = False

    def _take(self, cycle: int, n_done: int) -> None:
        snapshot = Snapshot(final_weights(self.model), cycle=cycle, iteration=n_done)
        if not snapshot.is_finite:
            self._broken.append(cycle)
        if self.prefix is None:
            bank = SnapshotBank([snapshot], [variable.path for variable in self.model.weights])
            self._bank = bank if self._bank is None else self._bank + bank
            return
        path = f"{self.prefix}-{cycle}{SUFFIX}"
        with final_weights_in(self.model):
            write_weights(self.model, path)
        self._files.append((path, n_done))

    def on_epoch_end(self, epoch, logs=None):
        """Write the weights if they are the best so far."""
        self._training.rate.check_untouched()
        if self._best is not None and self._best.improves(logs or {}):
            write_weights(self.model, f"{self.prefix}-Best{SUFFIX}")

    def on_train_end(self, logs=None):
        """Restore the learning rate of the optimizer, and warn about missing snapshots."""
        n_done = 0 if self._training is None else self._training.rate.n_done
        self._close()
        if self.prefix is None:
            self._model = None  # only files need it to be read
        if self._schedule is None:
            return
        n_taken = len(self._files) if self._bank is None else len(self._bank)
        if n_taken < self.M:
            self._warn_unfinished(n_done, n_taken)
        if self._best is not None:
            self._best.warn_if_never_reported()
        if self._broken:
            warn(
                f"The weights of the network are not finite after cycles {self._broken}: leave "
                "these snapshots out, and choose a smaller alpha_zero.",
                ConvergenceWarning,
            )

    def _warn_unfinished(self, n_done: int, n_taken: int) -> None:
        ended = f"Training ended after {n_done} of {self.schedule.n_iterations} iterations"
        if n_taken:
            finished = f"{n_taken} of {self.M} cycles that were finished"
            warn(f"{ended}: the bank has the snapshots of the {finished}.")
        else:
            warn(
                f"{ended}, before the end of the first cycle, at iteration "
                f"{self.schedule.cycle_ends[0]}: there is no snapshot. Let it train for longer, or "
                "raise M to make the cycles shorter."
            )

    def _close(self) -> None:
        if self._restoring is not None:
            self._restoring.detach()
            self._restoring = None
        if self._training is not None:
            self._training.close()
            self._training = None

    def __getstate__(self):
        # A copy is not in training and does not copy the model.
        return {**vars(self), "_model": None, "_training": None, "_restoring": None}
