"""What ``fit`` does in another way where a network is not trained from scratch."""

from __future__ import annotations

import warnings
from dataclasses import replace

import keras
import numpy as np

from skensemble._validation import check_integer, must_be
from skensemble.backends import seeded
from skensemble.ensemble._augmentation import fresh_augmentation
from skensemble.ensemble._snapshot import SnapshotEnsembleClassifier
from skensemble.ensemble.transfer._optimizer import fresh_optimizer
from skensemble.ensemble.transfer._warm_up import warm_up
from skensemble.models.transfer import check_transfer, takes_images, transfer_network
from skensemble.networks._copying import copy_model
from skensemble.networks._network import N_PROBE_ROWS


class TransferStages(SnapshotEnsembleClassifier):
    """The network, and the phase before the cycles."""

    _network_parameter = "backbone"

    def __sklearn_tags__(self):
        """Take images, unless the backbone takes other rows."""
        tags = super().__sklearn_tags__()
        if not isinstance(self.backbone, keras.Model) or takes_images(self.backbone):
            tags.input_tags.two_d_array = False
            tags.input_tags.sparse = False
        return tags

    def _check_model_param(self):
        """Build the network around the backbone; a model is copied, as ``fit`` trains it."""

        def build():
            backbone = self.backbone
            return transfer_network(
                self._row_shape,
                self.n_classes_,
                backbone=copy_model(backbone) if isinstance(backbone, keras.Model) else backbone,
                weights=self.weights,
                image_size=self.image_size,
                head_units=self.head_units,
                unfreeze_from=self.unfreeze_from,
            )

        return build

    def _read_data(self, X, y, sample_weight):
        """Check the parameters that are not of the base class, too; nothing has been read yet."""
        check_transfer(
            self.backbone, self.weights, self.image_size, self.head_units, self.unfreeze_from
        )
        fix = "0 leaves the first phase out"
        check_integer("warmup_epochs", self.warmup_epochs, minimum=0, fix=fix)
        fresh_optimizer(self.warmup_optimizer)
        return super()._read_data(X, y, sample_weight)

    def _warm_up(self, data, plan, watch) -> None:
        first = data.X[data.rows[:N_PROBE_ROWS]]
        if not plan.again and not isinstance(self.backbone, keras.Model):
            self._warn_about_random_weights()
            self._warn_about_scale(first)
        self.warmup_history_ = {}
        if self.warmup_epochs == 0:
            return
        # Of its own, so that the first cycle takes the rows in other orders.
        seeds = np.random.SeedSequence(self._seeds[3]).generate_state(3)
        of_order, of_head, of_augmentation = (int(seed) for seed in seeds)
        with seeded(of_augmentation):
            augmentation = fresh_augmentation(
                self.augmentation, first, run_eagerly=self.run_eagerly
            )
        with watch("warm_up"), seeded(of_head):
            self.warmup_history_ = warm_up(
                self._model,
                replace(data, seed=of_order),
                n_epochs=self.warmup_epochs,
                optimizer=self.warmup_optimizer,
                engine=self.engine,
                augmentation=augmentation,
                verbose=plan.settings["verbose"],
            )

    def _warn_about_random_weights(self) -> None:
        is_frozen = self.unfreeze_from is None or self.unfreeze_from != 0
        if self.weights is None and is_frozen:
            warnings.warn(
                "With weights=None the backbone starts from random weights, and its frozen part "
                "keeps them: it knows nothing of images. Pass weights='imagenet', which downloads "
                "those of ImageNet once, or the path of a file.",
                stacklevel=6,
            )

    def _warn_about_scale(self, images) -> None:
        if images.dtype.kind == "f" and 0 < images.max() <= 1:
            warnings.warn(
                "The pixels of the first images are not above 1, where the network expects 0 to "
                "255, and scales them by itself: pass images as they are, X * 255 here.",
                stacklevel=6,
            )

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
        estimator = super().from_snapshots(
            backbone,
            snapshots,
            X_val,
            y_val,
            sample_weight=sample_weight,
            classes=classes,
            input_shape=input_shape,
            **params,
        )
        estimator.warmup_history_ = {}
        return estimator
