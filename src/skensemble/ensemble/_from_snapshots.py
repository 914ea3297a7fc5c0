"""An ensemble of snapshots that somebody else has trained."""

from __future__ import annotations

import warnings
from numbers import Integral

import keras
import numpy as np
from sklearn.exceptions import ConvergenceWarning

from skensemble._validation import Described, must_be
from skensemble.backends import seeded
from skensemble.callbacks import load_snapshots
from skensemble.ensemble._fit_stages import FitStages
from skensemble.ensemble._fitting import Stopwatch
from skensemble.ensemble._health import is_at_chance
from skensemble.ensemble._holdout import Holdout
from skensemble.ensemble._parameters import check_parameters
from skensemble.ensemble._weights import learns_weights
from skensemble.inference import BankPredictor
from skensemble.networks._copying import check_fits, set_weights
from skensemble.networks._network import check_probabilities, outputs_of, prepare_network
from skensemble.snapshots import Snapshot, SnapshotBank


class FromSnapshots(FitStages):
    """The constructor for people who train Keras models themselves."""

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
        """Make a fitted ensemble of snapshots that there are already.

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
        check_rows_or_classes(
            X_val, y_val, sample_weight, classes, input_shape, params.get("weighting", "log_loss")
        )
        estimator = cls(model, **params)
        rows = (X_val, y_val, sample_weight)
        estimator._adopt(snapshots, rows, classes, input_shape, given_M=params.get("M"))
        return estimator

    def _adopt(self, snapshots, rows, classes, input_shape, given_M) -> None:
        self.M = 1  # until they are read; n_last is checked then
        check_parameters({**self.get_params(deep=False), "n_last": None, "weighting": "uniform"})
        self._forget()
        if classes is not None:
            rows = (*self._blank_rows(classes, input_shape), None)
        X, y, sample_weight = self._read_data(*rows)
        self._classes_seen = np.arange(self.n_classes_)
        with seeded(self._seeds[0]):
            network = self._prepare(X, "y_val" if classes is None else "classes")
        model = network.model
        bank = snapshots
        if not isinstance(snapshots, SnapshotBank):
            bank = load_snapshots(model, snapshots)
        if given_M not in (None, len(bank)):
            fix = "leave it out"
            raise ValueError(must_be("M", f"the number of snapshots, {len(bank)}", given_M, fix))
        self.M = len(bank)
        check_parameters(self.get_params(deep=False))
        check_fits(bank, model)
        bank = _as_the_variables(bank, [variable.dtype for variable in model.weights])
        set_weights(model, bank[-1].weights)
        # A layer whose weights start at 0 may look like a softmax as long as it has them.
        check_probabilities(network.output_layer, outputs_of(model, X))
        self._model, self._output_layer = model, network.output_layer
        self._predictor = BankPredictor(model, network.output_layer, bank)
        self._held_out_digest, self._is_refit = None, False
        self._n_iterations_adopted = bank[-1].iteration
        self.history_, self.engine_, self.engine_details_ = {}, None, {}
        holdout = None
        if classes is None:
            holdout = Holdout(X, y, sample_weight)
            self._check_can_learn(holdout, self.weighting, "y_val", "weighting")
        watch = Stopwatch()
        probas = self._learn_weights(bank, holdout, self._combination(self.M), watch)
        self.timings_ = watch.seconds
        if holdout is not None:
            self._warn_about_strangers(probas, holdout)

    def _blank_rows(self, classes, input_shape) -> tuple[np.ndarray, np.ndarray]:
        """Make up a row of each class, to learn from it the shape of X, and the labels."""
        classes = np.asarray(classes)
        if len(np.atleast_1d(classes)) < 2 or not np.array_equal(np.unique(classes), classes):
            fix = "the network's columns are the labels in increasing order"
            must = "two labels or more, all different, in increasing order"
            raise ValueError(must_be("classes", must, classes.tolist(), fix))
        dtype = keras.config.floatx()
        if input_shape is None:
            model = self._network_without_rows()
            shape = getattr(model, "input_shape", None) if model.built else None
            if not isinstance(shape, tuple) or None in shape[1:]:
                fix = "give it a keras.Input with a shape, or pass input_shape"
                got = Described(f"one with input shape {shape}")
                raise ValueError(must_be("model", "of a known input shape", got, fix))
            input_shape, dtype = shape[1:], model.inputs[0].dtype
        return np.zeros(
            (len(classes), *input_shape), keras.backend.standardize_dtype(dtype)
        ), classes

    def _network_without_rows(self):
        try:
            with seeded(self._seeds[0]):
                return self._build_keras_model()
        except (AttributeError, KeyError) as error:  # what is to be known of rows is not there
            must = "given where the network takes it from the data"
            fix = "pass the shape of one row, as in (32, 32, 3)"
            raise TypeError(must_be("input_shape", must, None, fix)) from error

    def _prepare(self, X, name: str):
        """Build the network and check that it has a column for every class.

        ``name`` is what errors call the labels.
        """
        model = self._build_keras_model()
        width = outputs_of(model, X).shape[-1]
        k = self.n_classes_
        if width > k:
            raise ValueError(
                must_be(
                    name,
                    f"labels of all {width} classes of the network",
                    Described(f"{k} classes, {self.classes_.tolist()}"),
                    "bring rows of every class, or one-hot rows" if name == "y_val" else "name all",
                )
            )
        return prepare_network(model, X, k, compile_arguments=self._get_compile_kwargs)

    def _warn_about_strangers(self, probas, holdout) -> None:
        chance = [
            snapshot.cycle
            for snapshot, proba in zip(self.snapshots_, probas, strict=True)
            if snapshot.is_finite and is_at_chance(proba, holdout.y, holdout.sample_weight)
        ]
        if chance:
            warnings.warn(
                f"Snapshots {chance} are at chance level on X_val. Are they of this network, is "
                "X_val prepared as it was in training, and are the labels in the order of the "
                "network's columns?",
                ConvergenceWarning,
                stacklevel=4,
            )


def check_rows_or_classes(X, y, sample_weight, classes, input_shape, weighting) -> None:
    """Raise unless there are either rows with labels, or labels and nothing to learn."""
    if classes is None:
        if input_shape is not None:
            fix = "X_val tells the shape of a row"
            must = "None where classes is not given"
            raise TypeError(must_be("input_shape", must, input_shape, fix))
        for name, given in (("X_val", X), ("y_val", y)):
            if given is None:
                fix = "bring rows that trained no snapshot, or pass classes and no rows"
                raise TypeError(must_be(name, "given where classes is not", None, fix))
        return
    given = {"X_val": X, "y_val": y, "sample_weight": sample_weight}
    for name, value in given.items():
        if value is not None:
            fix = "leave out the one or the other"
            raise TypeError(must_be(name, "None where classes is given", Described("rows"), fix))
    sizes = () if input_shape is None else input_shape
    if not np.iterable(sizes) or not all(isinstance(size, Integral) for size in sizes):
        fix = "(32, 32, 3) is the shape of small images"
        raise TypeError(must_be("input_shape", "a sequence of integers", input_shape, fix))
    if learns_weights(weighting):
        fix = "X_val and y_val in place of classes bring such rows"
        must = "'uniform' or an array where there are no rows to learn on"
        raise ValueError(must_be("weighting", must, weighting, fix))


def _as_the_variables(bank, dtypes) -> SnapshotBank:
    """Give weights that were computed, in float64 say, the types of the network's variables."""
    if all(array.dtype == dtype for array, dtype in zip(bank[0].weights, dtypes, strict=True)):
        return bank

    def cast(snapshot):
        weights = [w.astype(dtype) for w, dtype in zip(snapshot.weights, dtypes, strict=True)]
        return Snapshot(weights, snapshot.cycle, snapshot.iteration, snapshot.scores)

    return SnapshotBank(map(cast, bank), bank.paths)
