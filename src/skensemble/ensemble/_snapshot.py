"""SnapshotEnsembleClassifier."""

from __future__ import annotations

import numpy as np

from skensemble.ensemble._fitting import all_or_nothing
from skensemble.ensemble._from_snapshots import FromSnapshots
from skensemble.ensemble._html import ensemble_table
from skensemble.ensemble._pickling import dump_state, load_state
from skensemble.models import mlp
from skensemble.schedules import CyclicCosineDecay

__all__ = ["SnapshotEnsembleClassifier"]


class SnapshotEnsembleClassifier(FromSnapshots):
    """An ensemble of the snapshots that one training run of a Keras network leaves.

    The network is trained once, along M cosine cycles of the learning rate. Its weights at the
    end of each cycle are a member of the ensemble; how much to trust each member is learned on
    rows that training never saw [1]_.

    Parameters
    ----------
    model : callable, keras.Model or None, default=None
        A function that builds the network, compiled or not. It may take ``meta`` (a dict of what
        is known of the data, such as ``n_features_in_``, ``n_classes_``, ``X_shape_``),
        ``compile_kwargs``, and parameters of its own, set as ``model__name``. A model is copied
        before it is trained, from the weights it has. None: `skensemble.models.mlp`.
    M : int, default=5
        Number of cycles, hence of snapshots.
    alpha_zero : float, default=0.1
        Learning rate at the start of every cycle. Replaces the optimizer's own, with a warning
        where they differ (an optimizer given by name or class has none of its own).
    epochs : int, default=50
        Training budget of all cycles together.
    n_last : int or None, default=None
        Combine only the last ``n_last`` snapshots; None combines all.
    weighting : str, callable or array-like of shape (M,), default="log_loss"
        Combination weights. Learned on the holdout: ``"log_loss"`` (those of least log-loss),
        ``"accuracy"`` (most rows right, on a grid), ``"greedy"`` (ensemble selection),
        ``"auto"`` (those of least log-loss where they beat equal ones beyond doubt), or the name
        of a scikit-learn scorer, or a scorer ``f(estimator, X, y)``, to be as large as ensemble
        selection makes it. Not learned: ``"uniform"`` (equal ones) or an array of them.
    min_weight : float, default=0.0
        Snapshots of a smaller weight are dropped, and the others weighed again. Below 1 / M.
    validation_fraction : float, int or None, default=0.1
        Share or number of rows to hold out, stratified, to learn the weights on. None trains on
        all rows, and needs a ``weighting`` that learns nothing, or ``X_val`` in ``fit``.
    refit : bool, default=False
        Whether to train again, once the weights are learned, on all rows, those of the holdout
        included: same seed, same cycles, each new snapshot with the weight of its cycle. Training
        takes twice as long. Without a holdout there is nothing to add.
    augmentation : keras.layers.Layer, callable or None, default=None
        Applied to the rows of every training batch, inside the training step, and to nothing else.
        A layer or model, such as those of `skensemble.augmentation`, is copied for each training
        run, with seeds from ``random_state`` where it has none, and must leave rows as they are in
        prediction: what prediction needs too belongs to the network. A function takes a batch of
        rows, as a tensor, and returns one of the same shape. It is traced once: what Python or
        NumPy draw in it stays the same; ``keras.random`` draws anew for every batch.
    engine : {"auto", "fused", "keras"}, default="auto"
        How to train. ``"keras"`` is ``model.fit``. ``"fused"`` runs the same training steps many
        at a time inside TensorFlow, and fits of networks alike share what TensorFlow makes of them
        (`skensemble.program_cache`); the results agree to the precision of the arithmetic.
        ``"auto"`` is ``"fused"`` unless a callback listens to batches, ``run_eagerly`` is set, the
        model trains on several replicas or in a way of its own, or X is sparse or memory-mapped
        and too large for memory (256 MB as a dense array).
    optimizer : str, class, keras.optimizers.Optimizer or None, default=None
        Any Keras optimizer; ``optimizer__name`` sets its parameters. None: SGD with Nesterov
        momentum 0.9, as in the paper.
    loss : str, class, keras.losses.Loss, callable or None, default=None
        None: cross-entropy. Targets are class indices or one-hot rows, as the loss needs.
    metrics : list or None, default=None
        Metrics to record in ``history_``.
    batch_size : int or None, default=None
        Rows per iteration, -1 for all of them. None: 32.
    callbacks : list of keras.callbacks.Callback or None, default=None
        Called as by ``model.fit``.
    class_weight : dict, "balanced" or None, default=None
        Weight of each label, multiplied with ``sample_weight``.
    shuffle : bool, default=True
        Whether every epoch takes the rows in a new order.
    validation_split : float, default=0.0
        Share of the training rows, the last ones, to leave out of training and to compute
        ``val_loss`` on after every epoch. It has no part in the weights.
    validation_batch_size : int or None, default=None
        Batch size for ``validation_split``; None is ``batch_size``.
    run_eagerly : bool, default=False
        For debugging: train without compiling.
    warm_start : bool, default=False
        Whether ``fit``, called again with a larger ``M`` and ``epochs``, adds cycles to those that
        there are. Needs the same rows in the same order, so that the holdout stays unseen.
    random_state : int, numpy.random.RandomState or None, default=None
        Determines initial weights, the order of rows, dropout and the holdout. A ``RandomState``
        is read, not advanced. No global generator is touched.
    verbose : {0, 1, 2}, default=0
        0 is silent, 1 shows progress, 2 prints a line per epoch.
    **kwargs
        Parameters for the builder (``model__units=64``, or ``units=64`` where it takes ``units``),
        the optimizer (``optimizer__momentum``), the loss (``loss__label_smoothing``),
        ``compile__``, ``fit__`` and ``predict__``, as in scikeras.

    Attributes
    ----------
    classes_ : ndarray of shape (k,)
        Labels.
    n_features_in_ : int
        Number of features (of the first axis of a row).
    feature_names_in_ : ndarray of shape (`n_features_in_`,), str
        Names of the features, where X had them.
    snapshots_ : SnapshotBank
        The M snapshots.
    weights_ : ndarray of shape (M,), float64
        Combination weights: not negative, sum 1, 0 for what is not combined.
    weighting_ : WeightingResult
        How the weights were found: their loss on the holdout, its certificate, and whether
        learned ones beat equal weights, the last and the best snapshot on rows kept out.
    snapshot_scores_ : dict of str to list, or None
        Holdout log-loss and accuracy of each snapshot, of equal weights and of those in use;
        ready for ``pandas.DataFrame``. None without a holdout. With ``refit=True``, of the first
        training, for which these rows were unseen.
    history_ : dict of str to list
        What Keras records, one value per epoch. With ``refit=True``, of the second training.
    learning_rates_ : ndarray of shape (n_iterations,), float64
        Learning rate of every iteration.
    model_ : keras.Model
        The network, with the weights of the last snapshot.
    engine_ : {"fused", "keras"}
        The engine that trained; None after `from_snapshots`.
    engine_details_ : dict
        ``"reason"``: why this engine. ``"xla"``, ``"xla_reason"``: whether XLA compiled the
        training steps, and why; it does for dense networks, without a GPU.
    timings_ : dict of str to float
        Seconds spent on building, training, scoring the holdout, solving for the weights, and the
        second training of ``refit``.

    Raises
    ------
    SnapshotTrainingError
        In ``fit``, if no snapshot is finite.

    See Also
    --------
    CyclicCosineDecay : The learning rate.
    skensemble.weighting.solve_log_loss : The weights.

    References
    ----------
    .. [1] G. Huang, Y. Li, G. Pleiss, Z. Liu, J. E. Hopcroft, K. Q. Weinberger, "Snapshot
       Ensembles: Train 1, Get M for Free", ICLR 2017.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from skensemble import SnapshotEnsembleClassifier
    >>> X, y = load_iris(return_X_y=True)
    >>> clf = SnapshotEnsembleClassifier(M=3, epochs=12, random_state=0).fit(X, y)
    >>> clf.snapshots_
    SnapshotBank(3 snapshots of 5059 weights, cycles 1 to 3)
    >>> clf.predict(X[:2])
    array([0, 0])
    >>> clf.predict_proba(X).shape
    (150, 3)
    """

    def __init__(
        self,
        model=None,
        *,
        M=5,
        alpha_zero=0.1,
        epochs=50,
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
        self.model = model
        self.M = M
        self.alpha_zero = alpha_zero
        self.epochs = epochs
        self.n_last = n_last
        self.weighting = weighting
        self.min_weight = min_weight
        self.validation_fraction = validation_fraction
        self.refit = refit
        self.augmentation = augmentation
        self.engine = engine
        self.optimizer = optimizer
        self.loss = loss
        self.metrics = metrics
        self.batch_size = batch_size
        self.callbacks = callbacks
        self.class_weight = class_weight
        self.shuffle = shuffle
        self.validation_split = validation_split
        self.validation_batch_size = validation_batch_size
        self.run_eagerly = run_eagerly
        self.warm_start = warm_start
        self.random_state = random_state
        self.verbose = verbose
        vars(self).update(kwargs)
        if kwargs:
            self._user_params = set(kwargs)

    _default_model = staticmethod(mlp)

    def fit(self, X, y, sample_weight=None, *, X_val=None, y_val=None, **fit_params):
        """Train the network, keep its snapshots, learn their weights.

        Parameters
        ----------
        X : array-like or sparse matrix of shape (n, ...)
            Training rows: features, images, or anything the network takes. A sparse matrix of more
            than 256 MB as a dense array is made dense batch by batch; a memory-mapped array of that
            size is read batch by batch.
        y : array-like of shape (n,)
            Labels of any type, or one-hot rows.
        sample_weight : array-like of shape (n,), optional
            Weight of each row, in training and in learning the weights. Rows of weight 0 are left
            out.
        X_val, y_val : array-like, optional
            A holdout of your own; then all rows of X train. To learn weights it needs a row of
            every class. With ``refit=True`` it joins X in the second training, with the mean
            weight of the rows of X.
        **fit_params
            ``epochs``, ``batch_size``, ``verbose``, ``shuffle``, ``validation_split``,
            ``validation_batch_size`` or ``validation_freq`` for this call only.

        Returns
        -------
        SnapshotEnsembleClassifier
            The estimator itself.

        Raises
        ------
        TypeError, ValueError
            If a parameter or an input is not as it must be. The estimator is then as it was.
        SnapshotTrainingError
            If no snapshot is finite. The estimator is then as it was.
        """
        with all_or_nothing(self):
            self._fit_all(X, y, sample_weight, X_val, y_val, fit_params)
        return self

    @property
    def learning_rates_(self):
        """Learning rate of every iteration, float64 of shape (n_iterations,)."""
        if "snapshots_" not in vars(self):
            raise AttributeError(
                f"This {type(self).__name__} is not fitted: it has no learning_rates_ yet."
            )
        rates = [
            CyclicCosineDecay(phase.alpha_zero, phase.n_iterations, phase.M).simulate()
            for phase in self._phases
        ]
        done = [rate[: phase.n_done] for rate, phase in zip(rates, self._phases, strict=True)]
        return np.concatenate([np.empty(0), *done])

    def __sklearn_is_fitted__(self):
        """Fitted once there are snapshots."""
        return "snapshots_" in vars(self)

    def _get_fitted_attr_html(self, doc_link=""):
        """Put M, the weights and the holdout scores above scikit-learn's table of attributes."""
        attributes = super()._get_fitted_attr_html(doc_link)
        if "snapshots_" in vars(self):
            table = ensemble_table(self.weights_, self.snapshot_scores_)
            rest = attributes._repr_html_inner
            attributes._repr_html_inner = lambda: table + rest()
        return attributes

    def __getstate__(self):
        return dump_state(self)

    def __setstate__(self, state):
        load_state(self, state)
