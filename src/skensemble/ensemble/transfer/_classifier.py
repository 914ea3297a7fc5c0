"""TransferSnapshotClassifier."""

from __future__ import annotations

from skensemble.ensemble.transfer._stages import TransferStages

__all__ = ["TransferSnapshotClassifier"]


class TransferSnapshotClassifier(TransferStages):
    """A snapshot ensemble of a network that was trained before, on many more images.

    Training has two phases. First the backbone stays as it is, and a new head is trained on what it
    sees in the images. Then the last layers of the backbone are unfrozen, and the whole is trained
    along M cosine cycles of a small learning rate, each of which leaves a snapshot.

    Parameters
    ----------
    backbone : str, function of keras.applications or keras.Model, default="InceptionV3"
        Any network of ``keras.applications``, by name: X are then images, of pixels from 0 to 255
        and any size, and what the network needs done to them is part of it. Or a Keras model with
        one input and one output, features of shape (n, d) or what can be pooled to them (of images
        or of sequences); X is then as the model takes it. It is copied before it is trained.
    weights : "imagenet", str, path or None, default=None
        What the backbone knows. ``"imagenet"``: those that Keras offers, downloaded at the first
        ``fit`` and kept where Keras keeps such files. A path: a file of the weights of the backbone
        without its top (``.weights.h5``, ``.h5`` or ``.keras``). None: nothing is loaded; a model
        keeps the weights that it has, and ``fit`` warns that a named network has none worth
        keeping.
    image_size : (int, int) or None, default=(96, 96)
        Height and width in pixels that images are resized to, inside the network. None leaves them
        as they are. A model that takes images of one size only gets that size.
    head_units : int, default=1024
        Width of the hidden layer between the pooled features and the softmax; 0 leaves it out.
    warmup_epochs : int, default=5
        Epochs of the first phase, in which only the head is trained; 0 leaves it out.
    warmup_optimizer : str, class or keras.optimizers.Optimizer, default="rmsprop"
        Optimizer of the first phase. Its own learning rate (0.001 where given by name) falls to 0
        along one cosine.
    unfreeze_from : int, float, str or None, default=0.8
        Where the part of the backbone begins that is trained in the second phase, as the position
        of a layer in ``backbone.layers`` (from the end if negative), the name of a layer, or the
        share of the layers that stay frozen, from 0.0 to 1.0. None keeps all of them frozen.
    M : int, default=5
        Number of cycles, hence of snapshots.
    alpha_zero : float, default=0.001
        Learning rate at the start of every cycle. It is small: a large one would undo what the
        backbone has learned.
    epochs : int, default=10
        Training budget of all cycles together; those of the first phase are not counted.
    n_last, weighting, min_weight, validation_fraction, refit
        As of `SnapshotEnsembleClassifier`. With ``refit=True`` both phases run twice.
    augmentation : keras.layers.Layer, callable or None, default=None
        As of `SnapshotEnsembleClassifier`, in both phases. Without it, the features of each row are
        computed once for the whole first phase; with it, once in each of its epochs.
    engine, optimizer, loss, metrics, batch_size
        As of `SnapshotEnsembleClassifier`. The optimizer is that of the cycles; all others hold for
        both phases.
    callbacks : list of keras.callbacks.Callback or None, default=None
        Called as by ``model.fit``, in the second phase.
    class_weight, shuffle, validation_split, validation_batch_size, run_eagerly
        As of `SnapshotEnsembleClassifier`, in both phases; ``val_loss`` is of the second.
    warm_start : bool, default=False
        As of `SnapshotEnsembleClassifier`: ``fit`` adds cycles, without a first phase.
    random_state, verbose
        As of `SnapshotEnsembleClassifier`. With ``verbose=1`` the first phase is called cycle 0.
    **kwargs
        Parameters for the optimizer of the cycles (``optimizer__momentum``), the loss
        (``loss__label_smoothing``), ``compile__``, ``fit__`` and ``predict__``, as in scikeras.

    Attributes
    ----------
    warmup_history_ : dict of str to list
        What Keras records in the first phase, one value per epoch. Empty without one. With
        ``refit=True``, of the second training.
    classes_, snapshots_, weights_, weighting_, snapshot_scores_, history_, learning_rates_, \
model_, engine_, engine_details_, timings_
        As of `SnapshotEnsembleClassifier`. The layer of ``model_`` with the name of the backbone is
        the backbone, and ``timings_["warm_up"]`` the seconds of the first phase.

    Raises
    ------
    ConnectionError
        In ``fit``, if weights are to be downloaded and cannot be.
    SnapshotTrainingError
        In ``fit``, if the first phase or all of the snapshots diverge.

    Warns
    -----
    UserWarning
        In ``fit``, if a part of a backbone without any weights is frozen, or images look as if
        their pixels had been scaled.

    See Also
    --------
    skensemble.models.transfer_network : The network.

    Notes
    -----
    Batch normalisation of the frozen part uses the statistics that it came with and keeps them, in
    both phases; that of the unfrozen part learns in the second. In the first phase the whole
    backbone computes as in prediction, without dropout.

    Nothing is downloaded but for ``weights="imagenet"``.

    Examples
    --------
    A backbone of one's own, trained elsewhere:

    >>> import keras
    >>> import numpy as np
    >>> from skensemble import TransferSnapshotClassifier
    >>> backbone = keras.Sequential(
    ...     [
    ...         keras.Input((8, 8, 3)),
    ...         keras.layers.AveragePooling2D(4),
    ...         keras.layers.Flatten(),
    ...         keras.layers.Dense(12, kernel_initializer="identity", name="last"),
    ...     ]
    ... )
    >>> y = np.arange(60) % 2
    >>> X = np.random.default_rng(0).uniform(-1, 0, (60, 8, 8, 3)) + y[:, None, None, None]
    >>> clf = TransferSnapshotClassifier(
    ...     backbone, head_units=0, unfreeze_from="last", alpha_zero=0.05, random_state=0
    ... ).fit(X, y)
    >>> clf.predict(X[:4])
    array([0, 1, 0, 1])
    >>> len(clf.warmup_history_["loss"]), len(clf.history_["loss"])
    (5, 10)

    InceptionV3 from ImageNet, the last two blocks of which learn (this downloads its weights):

    >>> clf = TransferSnapshotClassifier(
    ...     "InceptionV3", weights="imagenet", unfreeze_from=249, alpha_zero=1e-4
    ... )
    """

    def __init__(
        self,
        backbone="InceptionV3",
        *,
        weights=None,
        image_size=(96, 96),
        head_units=1024,
        warmup_epochs=5,
        warmup_optimizer="rmsprop",
        unfreeze_from=0.8,
        M=5,
        alpha_zero=0.001,
        epochs=10,
        n_last=None,
        weighting="log_loss",
        min_weight=0.0,
        validation_fraction=0.1,
        refit=False,
        augmentation=None,
        engine="auto",
        optimizer=None,
        loss=None,
        metrics=None,
        batch_size=None,
        callbacks=None,
        class_weight=None,
        shuffle=True,
        validation_split=0.0,
        validation_batch_size=None,
        run_eagerly=False,
        warm_start=False,
        random_state=None,
        verbose=0,
        **kwargs,
    ):
        super().__init__(
            M=M,
            alpha_zero=alpha_zero,
            epochs=epochs,
            n_last=n_last,
            weighting=weighting,
            min_weight=min_weight,
            validation_fraction=validation_fraction,
            refit=refit,
            augmentation=augmentation,
            engine=engine,
            optimizer=optimizer,
            loss=loss,
            metrics=metrics,
            batch_size=batch_size,
            callbacks=callbacks,
            class_weight=class_weight,
            shuffle=shuffle,
            validation_split=validation_split,
            validation_batch_size=validation_batch_size,
            run_eagerly=run_eagerly,
            warm_start=warm_start,
            random_state=random_state,
            verbose=verbose,
            **kwargs,
        )
        self.backbone = backbone
        self.weights = weights
        self.image_size = image_size
        self.head_units = head_units
        self.warmup_epochs = warmup_epochs
        self.warmup_optimizer = warmup_optimizer
        self.unfreeze_from = unfreeze_from
