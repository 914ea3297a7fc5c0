from dataclasses import replace

import keras
import numpy as np
from sklearn.utils.validation import check_is_fitted

from skensemble._validation import check_integer, must_be
from skensemble._warnings import warn
from skensemble.backends import seeded
from skensemble.ensemble._parameters import fresh_augmentation
from skensemble.ensemble._snapshot_classifier import SnapshotEnsembleClassifier
from skensemble.ensemble.transfer._warm_up import fresh_optimizer, train_head
from skensemble.models.transfer import check_transfer, takes_images, transfer_network
from skensemble.networks import N_PROBE_ROWS, copy_model


class TransferSnapshotClassifier(SnapshotEnsembleClassifier):
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
    Your own backbone, trained elsewhere:

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

    @classmethod
    def from_snapshots(
        cls,
        backbone,
        snapshots,
        X_val=None,
        y_val=None,
        *,
        sample_weight=None,
        classes=None,
        input_shape=None,
        **params,
    ):
        """Make a fitted ensemble of snapshots of a `skensemble.models.transfer_network`.

        For snapshots of any other network around a backbone, there is
        ``SnapshotEnsembleClassifier.from_snapshots``.

        Parameters
        ----------
        backbone : str, function of keras.applications or keras.Model
            As the parameter. Its weights, and those of the head, are in the snapshots.
        snapshots : SnapshotBank, str, path or sequence of paths
            ``callback.bank`` of a `SnapshotCallback`, or the files for `load_snapshots`.
        X_val : array-like of shape (n, ...), optional
            Rows, as the network takes them, that trained no snapshot. The weights are learned here.
        y_val : array-like of shape (n,), optional
            Their labels, of every class, or one-hot rows. The network's columns are the labels in
            increasing order.
        sample_weight : array-like of shape (n,), optional
            Weight of each row.
        classes : array-like of shape (k,), optional
            Without rows, the labels in increasing order. Then nothing can be learned: ``weighting``
            must be ``"uniform"`` or an array.
        input_shape : sequence of int, optional
            With ``classes``, the shape of one row, (height, width, channels) for images.
        **params
            Parameters of the estimator, such as ``image_size`` and ``head_units``, which must be
            those of the network. ``M`` is the number of snapshots.

        Returns
        -------
        TransferSnapshotClassifier
            Fitted: it predicts. ``fit`` with ``warm_start=True`` goes on from the last snapshot,
            without a first phase.

        Raises
        ------
        FileNotFoundError, TypeError, ValueError
            As by ``SnapshotEnsembleClassifier.from_snapshots``, and if ``input_shape`` is given
            without ``classes`` or the other way round.
        """
        if classes is not None and input_shape is None:
            fix = "pass the shape of one row, or X_val and y_val instead"
            raise TypeError(must_be("input_shape", "given where classes is", None, fix))
        rows = {"X_val": X_val, "y_val": y_val, "sample_weight": sample_weight}
        instead = {"classes": classes, "input_shape": input_shape}
        return super().from_snapshots(backbone, snapshots, **rows, **instead, **params)

    _network_parameter = "backbone"

    @property
    def warmup_history_(self):
        """What Keras recorded in the first phase, one value per epoch."""
        check_is_fitted(self)
        return self._fitted.trained.warmup_history

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        if not isinstance(self.backbone, keras.Model) or takes_images(self.backbone):
            tags.input_tags.two_d_array = False
            tags.input_tags.sparse = False
        return tags

    def _builder(self, schema):
        """Build the network around the backbone; a model is copied, as ``fit`` trains it."""

        def build():
            backbone = self.backbone
            return transfer_network(
                schema.row_shape,
                schema.task.n_classes,
                backbone=copy_model(backbone) if isinstance(backbone, keras.Model) else backbone,
                weights=self.weights,
                image_size=self.image_size,
                head_units=self.head_units,
                unfreeze_from=self.unfreeze_from,
            )

        return build

    def _check_own_parameters(self) -> None:
        check_transfer(
            self.backbone, self.weights, self.image_size, self.head_units, self.unfreeze_from
        )
        fix = "0 leaves the first phase out"
        check_integer("warmup_epochs", self.warmup_epochs, minimum=0, fix=fix)
        fresh_optimizer(self.warmup_optimizer)

    def _warm_up(self, model, data, plan, watch):
        first = data.X[data.rows[:N_PROBE_ROWS]]
        if not plan.again and not isinstance(self.backbone, keras.Model):
            self._warn_of_pixels_and_weights(first)
        if self.warmup_epochs == 0:
            return {}
        # Of its own, so that the first cycle takes the rows in other orders.
        seeds = np.random.SeedSequence(plan.seeds.training).generate_state(3)
        of_order, of_head, of_augmentation = seeds.tolist()
        with seeded(of_augmentation):
            augmentation = fresh_augmentation(self.augmentation, first, self.run_eagerly)
        with watch("warm_up"), seeded(of_head):
            return train_head(
                model,
                replace(data, seed=of_order),
                n_epochs=self.warmup_epochs,
                optimizer=self.warmup_optimizer,
                engine=self.engine,
                augmentation=augmentation,
                verbose=plan.settings["verbose"],
            )

    def _warn_of_pixels_and_weights(self, images) -> None:
        if self.weights is None and self.unfreeze_from != 0:
            warn(
                "With weights=None the backbone starts from random weights, and its frozen part "
                "keeps them: it knows nothing of images. Pass weights='imagenet', which downloads "
                "those of ImageNet once, or the path of a file."
            )
        if images.dtype.kind == "f" and 0 < images.max() <= 1:
            warn(
                "The pixels of the first images are not above 1, where the network expects 0 to "
                "255, and scales them by itself: pass images as they are, X * 255 here."
            )
