"""The callback under the names of snapshot-ensembles, the first implementation in Keras."""

import os

from skensemble._validation import check_integer, check_real
from skensemble.callbacks._snapshot_callback import SnapshotCallback


class SnapshotCallbackBuilder:
    """Callbacks for ``model.fit`` that train along the cyclic schedule and write snapshot files.

    The parameters and the names of the files are those of the project snapshot-ensembles, the
    first implementation in Keras. Three things differ: the learning rate changes at every
    iteration, as in the paper, not at every epoch; there are always exactly ``nb_snapshots``
    files; and files of an earlier run are overwritten only with ``overwrite=True``.

    Parameters
    ----------
    nb_epochs : int
        Epochs to train for. ``fit`` raises an error at its start if it trains for another number,
        as the last cycle would not end with training.
    nb_snapshots : int
        Number of cycles, hence of snapshots: ``M``.
    init_lr : float, default=0.1
        Learning rate at the start of every cycle: ``alpha_zero``.

    Raises
    ------
    TypeError, ValueError
        If a parameter is out of its range.

    See Also
    --------
    SnapshotCallback : Does the work; it needs neither a number of epochs nor files.
    load_snapshots : Reads the files.

    Examples
    --------
    >>> import os, tempfile
    >>> import keras
    >>> import numpy as np
    >>> from skensemble import SnapshotCallbackBuilder, load_snapshots
    >>> X = np.random.default_rng(0).normal(size=(64, 4))
    >>> model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(1)])
    >>> model.compile(keras.optimizers.SGD(0.1), "mse")
    >>> snapshot = SnapshotCallbackBuilder(nb_epochs=4, nb_snapshots=2, init_lr=0.1)
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     callbacks = snapshot.get_callbacks(model_prefix="Linear", folder=folder)
    ...     _ = model.fit(X, X.sum(axis=1), epochs=4, callbacks=callbacks, verbose=0)
    ...     print(sorted(os.listdir(folder)))
    ...     load_snapshots(model, folder)
    ['Linear-1.weights.h5', 'Linear-2.weights.h5']
    SnapshotBank(2 snapshots of 5 weights, cycles 1 to 2)
    """

    def __init__(self, nb_epochs: int, nb_snapshots: int, init_lr: float = 0.1):
        fix = "as many as you pass to fit"
        self.nb_epochs = check_integer("nb_epochs", nb_epochs, minimum=1, fix=fix)
        fix = "5 is the usual choice"
        self.nb_snapshots = check_integer("nb_snapshots", nb_snapshots, minimum=1, fix=fix)
        fix = "0.1 is the usual start for SGD"
        self.init_lr = check_real("init_lr", init_lr, positive=True, fix=fix)

    def get_callbacks(
        self,
        model_prefix: str = "Model",
        *,
        folder: str | os.PathLike[str] = "weights",
        monitor: str | None = "auto",
        mode: str = "auto",
        overwrite: bool = False,
    ) -> list[SnapshotCallback]:
        """Return the callbacks for one call of ``model.fit``.

        Parameters
        ----------
        model_prefix : str, default="Model"
            First part of the names of the files.
        folder : str or path, default="weights"
            Where the files go: ``{folder}/{model_prefix}-1.weights.h5`` and so on.
        monitor : str or None, default="auto"
            Value by which ``{folder}/{model_prefix}-Best.weights.h5`` is the best. "auto": the
            validation accuracy; without validation data there is no such file. None: no such file.
        mode, overwrite
            As in `SnapshotCallback`.

        Returns
        -------
        list of SnapshotCallback
            For ``fit(callbacks=...)``, also inside a list with others.
        """
        return [
            SnapshotCallback(
                self.nb_snapshots,
                self.init_lr,
                epochs=self.nb_epochs,
                prefix=os.path.join(folder, model_prefix),
                monitor=monitor,
                mode=mode,
                overwrite=overwrite,
            )
        ]
