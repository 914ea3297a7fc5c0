from dataclasses import replace

import numpy as np
from sklearn.base import ClassifierMixin
from sklearn.utils.validation import check_is_fitted

from skensemble._validation import must_be
from skensemble.ensemble._adoption import adopt_snapshots
from skensemble.ensemble._cycles import (
    Plan,
    Stopwatch,
    has_cycles_to_add,
    network_kept_on_error,
    train_again,
    train_cycles,
    training_data,
)
from skensemble.ensemble._estimator import SnapshotEstimator
from skensemble.ensemble._fitted import Fitted, Trained, draw_seeds
from skensemble.ensemble._parameters import (
    check_combination,
    check_parameters,
    checked_callbacks,
    parameters_of_call,
)
from skensemble.ensemble._reading import (
    check_both_or_neither,
    check_can_weigh,
    check_X,
    read_holdout,
    read_training_rows,
    split_rows,
    unfitted_twin,
)
from skensemble.ensemble._weighing import (
    Combination,
    learns_weights,
    member_probas,
    predict_holdout,
    warn_if_at_chance,
    weigh_on_holdout,
    weigh_snapshots,
)
from skensemble.inference import predict_with_early_exit, uncertainty_of, weighted_mean
from skensemble.networks import ensemble_model
from skensemble.schedules import CyclicCosineDecay
from skensemble.tasks import Classification


class SnapshotEnsembleClassifier(ClassifierMixin, SnapshotEstimator):
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
        ``"accuracy"`` (most rows right, on a grid), ``"greedy"`` (ensemble selection), ``"auto"``
        (those of least log-loss where the 95% interval of their gain over equal ones excludes 0),
        or the name of a scikit-learn scorer, or a scorer ``f(estimator, X, y)``, to be as large as
        ensemble selection makes it. Not learned: ``"uniform"`` (equal ones) or an array of them.
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

        Notes
        -----
        Ctrl-C ends the training: the ensemble has the cycles that are finished, with a warning.
        Before the end of the first cycle it is a KeyboardInterrupt, and the estimator is as it was.
        """
        settings = parameters_of_call(self.get_params(deep=False), fit_params)
        check_parameters(settings)
        self._check_own_parameters()
        check_both_or_neither(X_val, y_val)
        callbacks = checked_callbacks(settings)
        earlier = vars(self).get("_fitted") if self.warm_start else None
        if earlier is not None and not has_cycles_to_add(earlier, self.M, settings["epochs"]):
            return self

        # Read the rows, and keep some out of training.
        reader = unfitted_twin(self) if earlier is None else self
        seeds = draw_seeds(self.random_state) if earlier is None else earlier.seeds
        rows = read_training_rows(reader, X, y, sample_weight, earlier and earlier.schema)
        schema = rows.schema
        own = None if X_val is None else read_holdout(reader, rows, X_val, y_val, None, "y_val")
        split = split_rows(rows, own, settings, seeds.holdout, earlier)

        # Train along the cycles, and weigh the snapshots on the rows kept out.
        so_far = Trained()
        if earlier is not None:
            so_far = replace(earlier.trained, bank=earlier.weighed.snapshots)
        plan = Plan(self, settings, callbacks, seeds, schema, split.monitored)
        data = training_data(plan, rows.X, rows.y, split.train, rows.sample_weight)
        watch = Stopwatch()
        with network_kept_on_error(so_far):
            trained = train_cycles(plan, data, so_far, watch)
            weighed = weigh_on_holdout(
                self, trained.network, trained.bank, split.holdout, schema.task, watch
            )

            # Train again on all rows.
            again = None
            if self.refit and split.holdout is not None and not trained.interrupted:
                trained.network.live_predictor = None  # it would hold on to all snapshots
                with watch("refit"):
                    again = train_again(plan, data, split.holdout, rows.mean_weight, weighed)
            if again is not None:
                trained, weighed, data = again
            with watch("score"):
                warn_if_at_chance(plan, trained, len(so_far.bank), data)

        self._fitted = Fitted(
            schema=schema,
            trained=replace(trained, bank=()),  # weighed has it
            weighed=weighed,
            seeds=seeds,
            class_weights=rows.class_weights,
            seen=split.seen,
            timings=watch.seconds,
            holdout_digest=split.digest,
            is_refit=again is not None,
            holdout=None if split.holdout is None else split.holdout.rows,
        )
        return self

    _task = Classification  # what y is made of

    def _check_own_parameters(self) -> None:
        """Check the parameters of a subclass."""

    def _make_schedule(self, n_iterations: int, M: int, offset: int):
        return CyclicCosineDecay(self.alpha_zero, n_iterations, M, offset)

    def _warm_up(self, model, data, plan, watch) -> dict[str, list[float]]:
        """Train a new network before its first cycle; return the history of it."""
        return {}

    @property
    def _batch_size(self) -> int | None:
        return vars(self).get("predict__batch_size")

    @classmethod
    def from_snapshots(
        cls,
        model,
        snapshots,
        X_val=None,
        y_val=None,
        *,
        sample_weight=None,
        classes=None,
        input_shape=None,
        **params,
    ):
        """Make a fitted ensemble from existing snapshots.

        Parameters
        ----------
        model : keras.Model or callable
            The network that the snapshots were trained with, or a function that builds it, as for
            the parameter ``model``. A model is copied, and left as it is.
        snapshots : SnapshotBank, str, path or sequence of paths
            ``callback.bank`` of a `SnapshotCallback`, or the files for `load_snapshots`.
        X_val : array-like or sparse matrix of shape (n, ...), optional
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
            With ``classes``, the shape of one row, where a builder takes it from ``meta``, or the
            network does not tell.
        **params
            Parameters of the estimator, such as ``weighting``. ``M`` is the number of snapshots.

        Returns
        -------
        SnapshotEnsembleClassifier
            Fitted: it predicts. With ``warm_start=True``, a larger ``M``, and ``X_val`` and
            ``y_val``, ``fit`` goes on from the last snapshot; ``epochs`` are then those of the new
            cycles. ``history_`` and ``learning_rates_`` are empty.

        Raises
        ------
        FileNotFoundError, ValueError
            If a file is missing or not of this network, saying which and the first layer that
            differs; if ``y_val`` or ``classes`` lacks a class; or a parameter is not as it must be.

        Warns
        -----
        ConvergenceWarning
            If a snapshot is no better than chance on ``X_val``.

        Examples
        --------
        >>> import keras
        >>> from sklearn.datasets import load_iris
        >>> from skensemble import SnapshotCallback, SnapshotEnsembleClassifier
        >>> X, y = load_iris(return_X_y=True)
        >>> layer = keras.layers.Dense(3, activation="softmax", kernel_initializer="zeros")
        >>> model = keras.Sequential([keras.Input((4,)), layer])
        >>> model.compile(keras.optimizers.SGD(0.1), "sparse_categorical_crossentropy")
        >>> snapshots = SnapshotCallback(M=3, alpha_zero=0.1)
        >>> _ = model.fit(X[::2], y[::2], epochs=60, callbacks=snapshots, verbose=0)
        >>> clf = SnapshotEnsembleClassifier.from_snapshots(
        ...     model, snapshots.bank, X[1::2], y[1::2], random_state=0
        ... )
        >>> clf.weights_.shape, clf.predict(X[:2])
        ((3,), array([0, 0]))
        """
        estimator = cls(model, **params)
        rows = {"X_val": X_val, "y_val": y_val, "sample_weight": sample_weight}
        fitted = adopt_snapshots(estimator, snapshots, rows, classes, input_shape, params)
        estimator._fitted = fitted
        return estimator

    def reweight(
        self, X=None, y=None, sample_weight=None, *, method=None, n_last=None, min_weight=None
    ):
        """Combine the snapshots in another way, without training.

        Parameters
        ----------
        X : array-like or sparse matrix of shape (n, ...), optional
            Rows that trained no snapshot, and that will not be used to judge the result. None: the
            holdout of ``fit``, while what the snapshots predict there is in memory; a pickle does
            not have it.
        y : array-like of shape (n,), optional
            Their labels; to learn weights, of every class.
        sample_weight : array-like of shape (n,), optional
            Weight of each row. Rows of weight 0 are left out.
        method : str, callable or array-like of shape (M,), optional
            As the parameter ``weighting``, whose value is the default.
        n_last : int, optional
            As the parameter, whose value is the default; M combines all snapshots.
        min_weight : float, optional
            As the parameter, whose value is the default.

        Returns
        -------
        SnapshotEnsembleClassifier
            The estimator itself, with new ``weights_``, ``weighting_`` and ``snapshot_scores_``.

        Raises
        ------
        NotFittedError
            Before ``fit``.
        TypeError, ValueError
            If an argument is not as it must be. The estimator is then as it was.

        Examples
        --------
        >>> from sklearn.datasets import load_iris
        >>> from sklearn.model_selection import train_test_split
        >>> from skensemble import SnapshotEnsembleClassifier
        >>> X, X_new, y, y_new = train_test_split(
        ...     *load_iris(return_X_y=True), test_size=50, stratify=[0] * 50 + [1] * 50 + [2] * 50,
        ...     random_state=0,
        ... )
        >>> clf = SnapshotEnsembleClassifier(M=3, epochs=12, random_state=0).fit(X, y)
        >>> clf.reweight(X_new, y_new, method="uniform", n_last=2).weights_
        array([0. , 0.5, 0.5])
        """
        check_is_fitted(self)
        fitted = self._fitted
        bank, task, M = self.snapshots_, fitted.schema.task, len(self.snapshots_)
        asked = {"weighting": method, "n_last": n_last, "min_weight": min_weight}
        asked = {name: value for name, value in asked.items() if value is not None}
        combination = replace(Combination.of(self, M), **asked)
        weighting = combination.weighting
        parameter = "weighting" if method is None else "method"
        check_combination(combination, M, parameter)
        check_both_or_neither(X, y, "X", "y")
        predictions = kept = fitted.weighed.predictions
        if X is not None:
            holdout = read_holdout(self, fitted, X, y, sample_weight, "y")
            check_can_weigh(task, weighting, holdout, fitted.seen, name="y", parameter=parameter)
            predictions = predict_holdout(self._predictor(), bank, holdout, self._batch_size)
        elif learns_weights(weighting) and predictions is None:
            must = "given where weights are learned and no holdout of fit is in memory"
            fix = "pass X and y that trained no snapshot"
            raise TypeError(must_be("X", must, None, fix))
        weighed = weigh_snapshots(bank, predictions, combination, task, Stopwatch())
        self._fitted = replace(fitted, weighed=replace(weighed, predictions=kept))
        return self

    def predict(self, X, *, early_exit=False, return_saved=False):
        """Predict the label of the largest combined probability.

        Parameters
        ----------
        X : array-like or sparse matrix of shape (n, ...)
            Rows as in ``fit``.
        early_exit : bool, default=False
            Ask the snapshots in the order of their weight, each row only until those to come
            cannot change its label. The labels are the same; for networks that compute for long,
            it is faster.
        return_saved : bool, default=False
            With ``early_exit``: also return the share of evaluations that were not needed.

        Returns
        -------
        labels : ndarray of shape (n,)
            Labels out of ``classes_`` (one-hot rows where ``fit`` had them).
        saved : float
            From 0 to 1; only with ``return_saved``.
        """
        if early_exit:
            X = self._check_rows(X)
            exits = predict_with_early_exit(self._predictor(), self.weights_, X, self._batch_size)
            best, saved = exits.best, exits.saved
        else:
            best, saved = self.predict_proba(X).argmax(axis=1), 0.0
        labels = self._fitted.schema.task.inverse_transform(best)
        return (labels, saved) if return_saved else labels

    def predict_proba(self, X):
        """Predict class probabilities: the mean of the members', weighted by ``weights_``.

        Parameters
        ----------
        X : array-like or sparse matrix of shape (n, ...)
            Rows as in ``fit``.

        Returns
        -------
        ndarray of shape (n, k), float64
            Columns in the order of ``classes_``; rows sum to 1.
        """
        X = self._check_rows(X)
        return self._predictor().combine(self.weights_, X, self._batch_size)

    def predict_log_proba(self, X):
        """Predict the logarithms of class probabilities.

        Parameters
        ----------
        X : array-like or sparse matrix of shape (n, ...)
            Rows as in ``fit``.

        Returns
        -------
        ndarray of shape (n, k), float64
            Logarithms of ``predict_proba``: -inf where a probability is 0.
        """
        with np.errstate(divide="ignore"):
            return np.log(self.predict_proba(X))

    def score(self, X, y, sample_weight=None):
        """Accuracy on the given data and labels.

        Parameters
        ----------
        X : array-like or sparse matrix of shape (n, ...)
            Rows to predict.
        y : array-like of shape (n,)
            Their labels.
        sample_weight : array-like of shape (n,), optional
            Weight of each row.

        Returns
        -------
        float
            Share of rows predicted right, between 0 and 1.
        """
        return super().score(X, y, sample_weight)

    def member_predict_proba(self, X):
        """Predict class probabilities with each snapshot alone.

        Parameters
        ----------
        X : array-like or sparse matrix of shape (n, ...)
            Rows as in ``fit``.

        Returns
        -------
        ndarray of shape (M, n, k), float64
            NaN for a snapshot that is not finite.
        """
        X = self._check_rows(X)
        return member_probas(self._predictor(), self.snapshots_, X, self._batch_size)

    def staged_predict_proba(self, X):
        """Predict class probabilities with the first 1, 2, …, M snapshots.

        Each stage has the weights of its snapshots, scaled to sum 1; where they are all 0, equal
        ones. The last stage is ``predict_proba``.

        Parameters
        ----------
        X : array-like or sparse matrix of shape (n, ...)
            Rows as in ``fit``.

        Yields
        ------
        ndarray of shape (n, k), float64
            NaN as long as no snapshot is finite.
        """
        members = self.member_predict_proba(X)
        finite = np.array([snapshot.is_finite for snapshot in self.snapshots_], dtype=float)
        for stage in range(1, len(members) + 1):
            weights = self.weights_[:stage]
            if not weights.any():
                weights = finite[:stage]
            used = np.flatnonzero(weights)
            yield weighted_mean(members[used], weights[used]) if len(used) else members[stage - 1]

    def predict_uncertainty(self, X):
        """Tell how uncertain the ensemble is of each row, and how far its snapshots disagree.

        Parameters
        ----------
        X : array-like or sparse matrix of shape (n, ...)
            Rows as in ``fit``.

        Returns
        -------
        Uncertainty
            A named tuple of arrays of shape (n,), float64. ``predictive_entropy``: the entropy of
            the combined probabilities in nats, from 0 to log k. ``mutual_information``: the part of
            it, in nats, that comes from snapshots who disagree. ``disagreement``: the weighted
            share of the snapshots whose label is not the ensemble's, from 0 to 1.

        See Also
        --------
        skensemble.inference.uncertainty_of : The formulas, and where they come from.

        Notes
        -----
        Where the classes overlap, the entropy is high and the mutual information low, and more
        rows like those will not change that. Where both are high, the training rows say little.

        Examples
        --------
        >>> from sklearn.datasets import load_iris
        >>> from skensemble import SnapshotEnsembleClassifier
        >>> X, y = load_iris(return_X_y=True)
        >>> clf = SnapshotEnsembleClassifier(M=3, epochs=12, random_state=0).fit(X, y)
        >>> entropy, information, disagreement = clf.predict_uncertainty(X)
        >>> entropy.shape
        (150,)
        >>> bool((information <= entropy).all())
        True
        >>> y[entropy.argmax()] > 0  # the first species is easy to tell
        np.True_
        """
        X = self._check_rows(X)
        used = np.flatnonzero(self.weights_)
        probas = self._predictor()(used.tolist(), X, self._batch_size)
        return uncertainty_of(probas, self.weights_[used])

    def to_keras(self):
        """Return the weighted ensemble as one Keras model, to be served without skensemble.

        Its rows go through one copy of the network per snapshot of positive weight; what comes out
        is the weighted mean of their class probabilities, as `predict_proba` computes it. The
        model's files need no skensemble where they are loaded: ``.keras``, a SavedModel
        (``model.export(folder)``), and ONNX (``model.export(file, format="onnx")``, for which
        ``pip install skensemble[export]``).

        Returns
        -------
        keras.Model
            Not compiled. Takes the rows that the network takes, any number of them, and returns
            float32 probabilities of shape (n, k); float64 where the network computes in it. Its
            layer ``"snapshot_m"`` is the network with the weights of snapshot m, counted from 1.

        Raises
        ------
        ValueError
            If Keras cannot build the network again from its configuration, as that of a class
            whose ``get_config`` leaves something out.

        Notes
        -----
        - Columns are in the order of ``classes_``. The model knows no labels: keep ``classes_``
          with its file.
        - It starts where the network does. A ``feature_encoder`` and whatever a pipeline did to X
          come before it; sparse rows must be made dense, and categories be numbers.
        - It predicts as the network does when it does not train: without dropout, and with the
          moving averages of batch normalization.
        - A ``.keras`` file of a network with layers or a model class of your own needs your
          classes where it is loaded, and one with a ``Lambda`` needs ``safe_mode=False``;
          SavedModel and ONNX need neither.
        - Half precision rounds as the machine does: served elsewhere, such a network's
          probabilities may differ by some 10⁻³.

        Examples
        --------
        >>> import numpy as np
        >>> from sklearn.datasets import load_iris
        >>> from skensemble import SnapshotEnsembleClassifier
        >>> X, y = load_iris(return_X_y=True)
        >>> clf = SnapshotEnsembleClassifier(
        ...     M=3, epochs=12, weighting="uniform", random_state=0
        ... ).fit(X, y)
        >>> model = clf.to_keras()
        >>> [layer.name for layer in model.layers if layer.weights]
        ['snapshot_1', 'snapshot_2', 'snapshot_3']
        >>> np.allclose(model.predict(X, verbose=0), clf.predict_proba(X), atol=1e-6)
        True
        """
        check_is_fitted(self)
        output_layer = self._fitted.trained.network.output_layer
        return ensemble_model(self.model_, output_layer, self.snapshots_, self.weights_)

    def _check_rows(self, X):
        check_is_fitted(self)
        schema = self._fitted.schema
        return schema.encode(check_X(self, X, schema))
