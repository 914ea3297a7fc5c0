"""Bad input gets one clear error before training starts, and changes nothing."""

import re

import keras
import numpy as np
import pytest
from sklearn.exceptions import ConvergenceWarning, NotFittedError
from sklearn.utils.validation import check_is_fitted

from builders import dense, fixed
from skensemble import SnapshotCallback, SnapshotEnsembleClassifier
from skensemble.exceptions import HoldoutWarning, SnapshotTrainingError

SETTINGS = {"M": 2, "epochs": 4, "random_state": 0}


@pytest.fixture(autouse=True)
def no_training(request, monkeypatch):
    """Fail where training starts although it must not."""
    if "trains" in request.keywords:
        return

    def fit(self, *args, **kwargs):
        raise AssertionError("training started")

    monkeypatch.setattr(keras.Model, "fit", fit)


trains = pytest.mark.trains


def refuses(error, message, X, y, model=dense, fit_params=None, **params):
    clf = SnapshotEnsembleClassifier(model, **{**SETTINGS, **params})
    before = clf.get_params()
    with pytest.raises(error, match=f"^{re.escape(message)}$") as caught:
        clf.fit(X, y, **(fit_params or {}))
    with pytest.raises(NotFittedError):
        check_is_fitted(clf)
    assert set(vars(clf)) <= set(before) | {"_user_params"}
    for name, value in clf.get_params().items():
        assert value is before[name]
    return caught.value


NOT_AN_INTEGER = "must be an integer of at least 1, got {!r} instead: "


@pytest.mark.parametrize(
    ("name", "value", "error", "message"),
    [
        ("M", 0, ValueError, NOT_AN_INTEGER.format(0) + "5 is the usual choice."),
        ("M", -3, ValueError, NOT_AN_INTEGER.format(-3) + "5 is the usual choice."),
        ("M", 2.5, TypeError, NOT_AN_INTEGER.format(2.5) + "5 is the usual choice."),
        ("M", "5", TypeError, NOT_AN_INTEGER.format("5") + "5 is the usual choice."),
        ("M", True, TypeError, NOT_AN_INTEGER.format(True) + "5 is the usual choice."),
        ("epochs", 0, ValueError, NOT_AN_INTEGER.format(0) + "it is the budget of all cycles."),
        ("epochs", 1.5, TypeError, NOT_AN_INTEGER.format(1.5) + "it is the budget of all cycles."),
        ("n_last", 0, ValueError, NOT_AN_INTEGER.format(0) + "None combines all snapshots."),
        (
            "n_last",
            3,
            ValueError,
            "must be at most M=2, got 3 instead: None combines all snapshots.",
        ),
        *(
            (
                "alpha_zero",
                value,
                ValueError,
                f"must be a finite number greater than 0, got {value!r} instead: 0.1 is the usual "
                "start for SGD, 0.001 for Adam.",
            )
            for value in (0, -0.1, float("nan"), float("inf"))
        ),
        (
            "alpha_zero",
            "0.1",
            TypeError,
            "must be a finite number greater than 0, got '0.1' instead: 0.1 is the usual start for "
            "SGD, 0.001 for Adam.",
        ),
        (
            "weighting",
            "best",
            ValueError,
            "must be one of 'uniform', 'log_loss', 'accuracy', 'greedy', 'auto', the name of a "
            "scorer, a scorer, or an array of shape (2,), got 'best' instead: "
            "sklearn.metrics.get_scorer_names() lists "
            "scorers, make_scorer makes one of a metric.",
        ),
        *(
            (
                "weighting",
                value,
                error,
                f"must be {must} instead: pass one weight per snapshot, not negative, of which "
                "those combined have a positive sum.",
            )
            for value, error, must in [
                ([1, 2, 3], ValueError, "of shape (2,), as M=2, got an array of shape (3,)"),
                ([1, -1], ValueError, "finite and not negative, got [1, -1]"),
                ([1, float("nan")], ValueError, "finite and not negative, got [1.0, nan]"),
                ([0, 0], ValueError, "of a positive sum, got [0, 0]"),
                (["a", "b"], TypeError, "made of numbers, got ['a', 'b']"),
            ]
        ),
        (
            "validation_fraction",
            0.0,
            ValueError,
            "must be between 0 and 1, or a number of rows, got 0.0 instead: 0.1 holds out a tenth "
            "of the rows, 200 holds out 200, None holds out none.",
        ),
        (
            "validation_fraction",
            1.5,
            ValueError,
            "must be between 0 and 1, or a number of rows, got 1.5 instead: 0.1 holds out a tenth "
            "of the rows, 200 holds out 200, None holds out none.",
        ),
        (
            "validation_fraction",
            "some",
            TypeError,
            "must be a number or None, got 'some' instead: 0.1 holds out a tenth of the rows, 200 "
            "holds out 200, None holds out none.",
        ),
        (
            "validation_fraction",
            90,
            ValueError,
            "must be at most 87 rows, as there are 90 rows of 3 classes and each class needs one "
            "to train on, got 90 rows instead: hold out fewer rows.",
        ),
        (
            "engine",
            "fast",
            ValueError,
            "must be one of 'auto', 'fused', 'keras', got 'fast' instead: 'auto' chooses.",
        ),
        (
            "batch_size",
            0,
            ValueError,
            NOT_AN_INTEGER.format(0) + "-1 takes all rows at once.",
        ),
        (
            "verbose",
            "auto",
            ValueError,
            "must be one of 0, 1, 2, got 'auto' instead: 0 is silent, 1 shows progress, 2 prints "
            "a line per epoch.",
        ),
        (
            "validation_split",
            1.0,
            ValueError,
            "must be below 1, got 1.0 instead: 0 monitors nothing.",
        ),
        (
            "model",
            "dense",
            TypeError,
            "must be a function that builds a Keras model, a Keras model, or None, got 'dense' "
            "instead: pass the function itself, not its name.",
        ),
    ],
)
def test_parameters(blobs, name, value, error, message):
    params = {name: value}
    refuses(error, f"{name} {message}", *blobs, **{"model": dense, **params})


def test_more_cycles_than_iterations(blobs):
    message = (
        "M must be at most the number of iterations, 4, got 5 instead: lower M, train for more "
        "epochs, or use smaller batches."
    )
    refuses(ValueError, message, *blobs, M=5, batch_size=-1)


def test_weights_that_n_last_leaves_out(blobs):
    message = (
        "weighting must be of a positive sum over the last 1, got [1, 0] instead: pass one weight "
        "per snapshot, not negative, of which those combined have a positive sum."
    )
    refuses(ValueError, message, *blobs, weighting=[1, 0], n_last=1)


def test_learning_weights_without_a_holdout(blobs):
    message = (
        "weighting must be 'uniform' or an array where validation_fraction=None, got 'log_loss' "
        "instead: hold out some rows, as in validation_fraction=0.1, or pass X_val and y_val to "
        "fit."
    )
    refuses(ValueError, message, *blobs, validation_fraction=None)


def test_a_scorer_that_cannot_score_these_labels(blobs):
    message = (
        "weighting must be a scorer that can score the holdout, got f1, which raised ValueError "
        "instead: it said \"Target is multiclass but average='binary'. Please choose another "
        "average setting, one of [None, 'micro', 'macro', 'weighted'].\"."
    )
    refuses(ValueError, message, *blobs, weighting="f1")
    X, y = blobs
    own = {"X_val": X, "y_val": y}
    refuses(ValueError, message, X, y, weighting="f1", fit_params=own)


def test_unknown_parameters(blobs):
    message = (
        "parameter alpa_zero must be one of the estimator or of its model builder, got 0.1 "
        "instead: did you mean alpha_zero."
    )
    refuses(TypeError, message, *blobs, alpa_zero=0.1)
    message = (
        "parameter model__unit must be one of the estimator or of its model builder, got 3 "
        "instead: did you mean model__units."
    )
    refuses(TypeError, message, *blobs, model__unit=3)


def test_class_weights(blobs):
    fix = "give each label a weight of at least 0."
    message = (
        f"class_weight must be finite and not negative, got {{0: -1, 1: 1, 2: 1}} instead: {fix}"
    )
    refuses(ValueError, message, *blobs, class_weight={0: -1, 1: 1, 2: 1})
    X, y = blobs
    own = {"X_val": X[y == 0], "y_val": y[y == 0]}
    message = (
        "class_weight must be positive somewhere in y_val, got 0 for every row of y_val instead: "
        "hold out rows of a class that counts."
    )
    refuses(ValueError, message, X, y, class_weight={0: 0, 1: 1, 2: 1}, fit_params=own)


@pytest.mark.parametrize(
    "callback",
    [
        keras.callbacks.LearningRateScheduler(lambda epoch: 0.1),
        keras.callbacks.ReduceLROnPlateau(),
        SnapshotCallback(M=2),
    ],
    ids=lambda callback: type(callback).__name__,
)
def test_callbacks_that_set_the_learning_rate(blobs, callback):
    message = (
        "callbacks must be free of callbacks that set the learning rate, which the cycles do, got "
        f"{type(callback).__name__} instead: leave it out, and choose alpha_zero and M."
    )
    refuses(ValueError, message, *blobs, callbacks=[[callback]])


def test_unknown_arguments_of_fit(blobs):
    message = (
        "fit must be called with X, y, sample_weight, X_val, y_val or one of epochs, batch_size, "
        "verbose, shuffle, validation_split, validation_batch_size, validation_freq, got "
        "'steps_per_epoch' instead: if it is a parameter of the estimator, set it there; a holdout "
        "is X_val and y_val."
    )
    refuses(TypeError, message, *blobs, fit_params={"steps_per_epoch": 3})
    refuses(
        ValueError,
        "epochs must be an integer of at least 1, got 0 instead: it is the budget of all cycles.",
        *blobs,
        fit_params={"epochs": 0},
    )


class TestData:
    def test_one_class_only(self, blobs):
        message = (
            "y must be labels of at least two classes, got 1 class, 'a' instead: a classifier "
            "needs rows of another class to learn from."
        )
        refuses(ValueError, message, blobs[0], np.full(90, "a"))

    def test_one_class_with_weight(self, blobs):
        X, y = blobs
        message = (
            "sample_weight must be positive in at least two classes, got positive in 1 class only "
            "instead: give rows of another class a weight too."
        )
        refuses(ValueError, message, X, y, fit_params={"sample_weight": (y == 0) * 1.0})

    @pytest.mark.parametrize("bad", [np.nan, np.inf])
    def test_nan_and_inf(self, blobs, bad):
        X, y = blobs
        X = X.copy()
        X[3, 1] = bad
        clf = SnapshotEnsembleClassifier(dense, **SETTINGS)
        with pytest.raises(ValueError, match=r"^Input X contains (NaN|infinity)"):
            clf.fit(X, y)
        with pytest.raises(NotFittedError):
            check_is_fitted(clf)

    def test_numbers_too_large_for_the_network(self, blobs):
        X, y = blobs
        X = X.astype("float64")
        X[3, 1] = -1e200
        message = (
            "X must be within the range of float32, got an entry of size 1e+200 instead: scale X, "
            "with StandardScaler for example."
        )
        refuses(ValueError, message, X, y)

    def test_unknown_labels_in_the_holdout(self, blobs):
        X, y = blobs
        message = (
            "y_val must be labels that training has seen, 0, 1, 2, got labels 7 instead: bring "
            "rows of these classes only."
        )
        refuses(ValueError, message, X, y, fit_params={"X_val": X, "y_val": np.full(90, 7)})

    def test_half_a_holdout(self, blobs):
        X, y = blobs
        message = (
            "y_val must be given together with X_val, got None instead: pass both, or neither."
        )
        refuses(ValueError, message, X, y, fit_params={"X_val": X})

    def test_a_holdout_of_other_features(self, blobs):
        X, y = blobs
        clf = SnapshotEnsembleClassifier(dense, **SETTINGS)
        with pytest.raises(ValueError, match="X has 3 features, but SnapshotEnsembleClassifier"):
            clf.fit(X, y, X_val=X[:, :3], y_val=y)

    def test_no_weights(self, blobs):
        X, y = blobs
        clf = SnapshotEnsembleClassifier(dense, **SETTINGS)
        with pytest.raises(ValueError, match=r"(?i)zero|positive"):
            clf.fit(X, y, sample_weight=np.zeros(90))
        with pytest.raises(ValueError, match=r"(?i)negative"):
            clf.fit(X, y, sample_weight=np.full(90, -1.0))

    @pytest.mark.trains
    def test_other_rows_at_predict_than_at_fit(self, blobs):
        X, y = blobs
        clf = SnapshotEnsembleClassifier(dense, **SETTINGS).fit(X, y)
        with pytest.raises(ValueError, match="X has 3 features, but SnapshotEnsembleClassifier"):
            clf.predict(X[:, :3])
        message = (
            "X must be made of rows of shape (4,), as in fit, got rows of shape (4, 2) instead: "
            "prepare X the same way for fit and predict."
        )
        with pytest.raises(ValueError, match=f"^{re.escape(message)}$"):
            clf.predict_proba(np.zeros((3, 4, 2)))
        with pytest.raises(ValueError, match="Input X contains NaN"):
            clf.predict(np.full((1, 4), np.nan))


def compiled():
    model = fixed()
    model.compile("sgd", "sparse_categorical_crossentropy")
    return model


class TestBuilders:
    def test_returns_nothing(self, blobs):
        message = (
            "the result of the model builder must be a keras.Model, got None instead: return it."
        )
        refuses(TypeError, message, *blobs, model=lambda: None)

    def test_wrong_width(self, blobs):
        message = (
            "the output of the network must be of shape (n, 3) for the 3 classes in y, got shape "
            "(n, 7) instead: end the network in one unit per class; a builder with an argument "
            "meta finds their number in meta['n_classes_']."
        )
        refuses(ValueError, message, *blobs, model=lambda: fixed(n_outputs=7))
        one = message.replace("7", "1")
        refuses(ValueError, one, *blobs, model=lambda: fixed(n_outputs=1, activation="sigmoid"))

    def test_wrong_width_for_two_classes(self, binary):
        message = (
            "the output of the network must be of shape (n, 2), or (n, 1) with a sigmoid, for the "
            "2 classes in y, got shape (n, 3) instead: end the network in one unit per class; a "
            "builder with an argument meta finds their number in meta['n_classes_']."
        )
        refuses(ValueError, message, *binary, model=lambda: fixed(n_outputs=3))

    @pytest.mark.parametrize(
        ("activation", "loss"),
        [
            ("sigmoid", None),
            (None, None),
            (None, "mse"),
            (None, "categorical_crossentropy"),
            ("relu", None),
        ],
    )
    def test_rows_that_are_not_probabilities(self, blobs, activation, loss):
        with pytest.raises(ValueError) as caught:
            SnapshotEnsembleClassifier(
                lambda: fixed(activation=activation), loss=loss, **SETTINGS
            ).fit(*blobs)
        message = str(caught.value)
        assert message.startswith(
            "the output of the network must be probabilities: in [0, 1], rows that sum to 1, got "
            "a row ["
        )
        assert message.endswith(
            "end the network in a softmax, or use a loss with from_logits=True."
        )

    @pytest.mark.trains
    def test_a_layer_that_shows_only_after_training_that_it_has_no_softmax(self, binary):
        def build():
            out = keras.layers.Dense(1, kernel_initializer="zeros")
            return keras.Sequential([keras.Input((4,)), out])

        clf = SnapshotEnsembleClassifier(build, loss="mse", **SETTINGS)
        with pytest.raises(ValueError, match="end the network in a sigmoid, or use a loss with"):
            clf.fit(*binary)
        with pytest.raises(NotFittedError):
            check_is_fitted(clf)

    def test_one_unit_that_is_no_probability(self, binary):
        with pytest.raises(ValueError, match="end the network in a sigmoid, or use a loss with"):
            SnapshotEnsembleClassifier(lambda: fixed(n_outputs=1, activation=None), **SETTINGS).fit(
                *binary
            )

    def test_raises(self, blobs):
        class Mine(Exception):
            pass

        def build():
            raise Mine("no such file")

        with pytest.raises(Mine) as caught:
            SnapshotEnsembleClassifier(build, **SETTINGS).fit(*blobs)
        assert str(caught.value) == "no such file"
        (note,) = caught.value.__notes__
        assert note.startswith("raised while the network was built by model=<function")

    def test_expects_other_rows(self, blobs):
        with pytest.raises(ValueError) as caught:
            SnapshotEnsembleClassifier(lambda: fixed(n_features=9), **SETTINGS).fit(*blobs)
        assert "first rows of X, of shape (32, 4)" in " ".join(caught.value.__notes__)

    def test_loss_that_contradicts_the_compiled_one(self, blobs):
        message = (
            "loss must be the one that the model was compiled with, "
            "sparse_categorical_crossentropy, got 'mse' instead: leave loss out, or compile the "
            "model with the compile_kwargs that a builder gets."
        )
        # scikeras's own name for it, and Keras's, are the same loss.
        refuses(ValueError, message, *blobs, model=compiled, loss="mse")

    @pytest.mark.parametrize(
        ("params", "message"),
        [
            ({"optimizer__clipnorm": 1.0}, "^optimizer__clipnorm must be left out where the buil"),
            ({"loss__from_logits": True}, "^loss__from_logits must be left out where the builder"),
            (
                {"loss": keras.losses.SparseCategoricalCrossentropy(from_logits=True)},
                "^loss must be the one that the model was compiled with",
            ),
            (
                {"optimizer": keras.optimizers.SGD(momentum=0.9)},
                "^optimizer must be the one that the model was compiled with, SGD, got",
            ),
        ],
    )
    def test_parameters_that_a_compiled_model_would_ignore(self, blobs, params, message):
        def build():
            model = fixed()
            model.compile("sgd", keras.losses.SparseCategoricalCrossentropy())
            return model

        with pytest.raises(ValueError, match=message):
            SnapshotEnsembleClassifier(build, **SETTINGS, **params).fit(*blobs)

    @pytest.mark.trains
    @pytest.mark.filterwarnings("ignore::skensemble.exceptions.LearningRateWarning")
    @pytest.mark.parametrize(
        "loss", ["SparseCategoricalCrossentropy", keras.losses.SparseCategoricalCrossentropy]
    )
    def test_loss_that_is_the_compiled_one_by_another_name(self, blobs, loss):
        SnapshotEnsembleClassifier(compiled, loss=loss, **SETTINGS).fit(*blobs)

    def test_optimizer_that_contradicts_the_compiled_one(self, blobs):
        message = (
            "optimizer must be the one that the model was compiled with, SGD, got 'adam' instead: "
            "leave optimizer out, or compile the model with the compile_kwargs that a builder gets."
        )
        refuses(ValueError, message, *blobs, model=compiled, optimizer="adam")

    def test_compiled_without_a_loss(self, blobs):
        def build():
            model = fixed()
            model.compile("sgd")
            return model

        with pytest.raises(ValueError, match="^the compiled model must be compiled with an optim"):
            SnapshotEnsembleClassifier(build, **SETTINGS).fit(*blobs)

    def test_several_outputs(self, blobs):
        def build():
            inputs = keras.Input((4,))
            layers = [keras.layers.Dense(3, "softmax")(inputs) for _ in range(2)]
            return keras.Model(inputs, layers)

        message = "the network must be of one output, got 2 outputs instead: return one of them."
        refuses(ValueError, message, *blobs, model=build)


@trains
class TestTrainingGoesWrong:
    def test_collapse_is_named_and_a_smaller_alpha_zero_suggested(self, blobs):
        X, y = blobs

        def dying():
            bias = keras.initializers.Constant(-1000.0)
            return keras.Sequential(
                [
                    keras.Input((4,)),
                    keras.layers.Dense(8, "relu", bias_initializer=bias),
                    keras.layers.Dense(3, "softmax"),
                ]
            )

        message = (
            "Cycles 1, 2 ended at chance level on the training rows: the network collapsed at "
            "alpha_zero=0.1, or has not started to learn. Try a smaller alpha_zero, such as 0.02, "
            "batch normalisation, or more epochs."
        )
        with pytest.warns(ConvergenceWarning, match=f"^{re.escape(message)}$") as caught:
            SnapshotEnsembleClassifier(dying, **SETTINGS).fit(X, y)
        assert caught[0].filename == __file__

    def test_snapshots_that_are_not_finite_get_weight_zero(self, blobs):
        X, y = blobs

        class Breaks(keras.callbacks.Callback):
            def on_epoch_end(self, epoch, logs=None):
                if epoch == 2:  # in the second of three cycles
                    self.model.layers[-1].bias.assign([np.nan] * 3)

        clf = SnapshotEnsembleClassifier(
            dense, M=3, epochs=6, callbacks=[Breaks()], random_state=0, alpha_zero=0.05
        )
        with pytest.warns(ConvergenceWarning, match="became nan in cycle 2 of 3, and training"):
            clf.fit(X, y)
        assert len(clf.snapshots_) == 3
        np.testing.assert_array_equal(clf.weights_, [1, 0, 0])
        assert np.isfinite(clf.predict_proba(X)).all()
        assert np.isnan(clf.member_predict_proba(X)[1:]).all()
        stages = list(clf.staged_predict_proba(X))
        np.testing.assert_array_equal(stages[-1], clf.predict_proba(X))
        assert len(clf.history_["loss"]) == 4
        assert len(clf.learning_rates_) == 4 * 3
        assert np.isnan(clf.snapshot_scores_["log_loss"][1:3]).all()
        assert np.isnan(clf.snapshot_scores_["accuracy"][1:3]).all()
        with pytest.raises(ValueError, match="^the last snapshot must be finite, to go on from it"):
            clf.set_params(warm_start=True, M=4, epochs=8).fit(X, y)

    def test_weights_that_are_not_finite_although_the_loss_is(self, blobs):
        X, y = blobs

        class Unused(keras.layers.Dense):
            def call(self, x):
                return x

        class Breaks(keras.callbacks.Callback):
            def on_epoch_begin(self, epoch, logs=None):
                if epoch == 1:
                    kernel = self.model.layers[0].kernel
                    kernel.assign(np.full(kernel.shape, np.nan, "float32"))

        def build():
            layers = [Unused(4, trainable=False), keras.layers.Dense(3, "softmax")]
            return keras.Sequential([keras.Input((4,)), *layers])

        clf = SnapshotEnsembleClassifier(build, M=2, epochs=2, callbacks=[Breaks()], random_state=0)
        message = r"^The weights of the network are not finite after cycles \[2\], although the"
        with pytest.warns(ConvergenceWarning, match=message):
            clf.fit(X, y)
        np.testing.assert_array_equal(clf.weights_, [1, 0])

    def test_no_finite_snapshot(self, blobs):
        X, y = blobs

        class Breaks(keras.callbacks.Callback):
            def on_epoch_begin(self, epoch, logs=None):
                self.model.layers[-1].bias.assign([np.nan] * 3)

        clf = SnapshotEnsembleClassifier(dense, callbacks=[Breaks()], **SETTINGS)
        message = (
            "None of the 2 snapshots is finite: training diverged. Choose a smaller alpha_zero, "
            "clip the gradients (optimizer__clipnorm=1.0), or check the scale of X."
        )
        with (
            pytest.warns(ConvergenceWarning, match="in cycle 1 of 2"),
            pytest.raises(SnapshotTrainingError, match=f"^{re.escape(message)}$"),
        ):
            clf.fit(X, y)
        with pytest.raises(NotFittedError):
            clf.predict(X)

    def test_stopped_before_the_first_snapshot(self, blobs):
        class Stops(keras.callbacks.Callback):
            def on_epoch_end(self, epoch, logs=None):
                self.model.stop_training = True

        clf = SnapshotEnsembleClassifier(dense, callbacks=[Stops()], **SETTINGS)
        with pytest.raises(
            SnapshotTrainingError, match="^Training was stopped by a callback after"
        ):
            clf.fit(*blobs)

    @pytest.mark.parametrize("n_iterations", [4, 5, 6, 7])
    def test_stopped_inside_an_epoch_counts_what_was_done(self, blobs, n_iterations):
        class Stops(keras.callbacks.Callback):
            count = 0

            def on_train_batch_end(self, batch, logs=None):
                self.count += 1
                self.model.stop_training = self.count == n_iterations

        clf = SnapshotEnsembleClassifier(
            dense, callbacks=[Stops()], M=4, epochs=4, random_state=0, warm_start=True
        )
        with pytest.warns(UserWarning, match=f"after {n_iterations // 3} of 4 cycles"):
            clf.fit(*blobs)
        assert [s.iteration for s in clf.snapshots_] == [3, 6][: n_iterations // 3]
        assert len(clf.learning_rates_) == int(clf.model_.optimizer.iterations) == n_iterations
        clf.set_params(callbacks=None, M=5, epochs=8).fit(*blobs)
        n_epochs = 8 - -(-n_iterations // 3)
        assert len(clf.learning_rates_) == n_iterations + 3 * n_epochs
        assert clf.learning_rates_[n_iterations] == 0.1

    def test_stopped_later_keeps_the_cycles_done(self, blobs):
        class Stops(keras.callbacks.Callback):
            def on_epoch_end(self, epoch, logs=None):
                self.model.stop_training = epoch == 2

        clf = SnapshotEnsembleClassifier(dense, callbacks=[Stops()], M=3, epochs=6, random_state=0)
        with pytest.warns(
            UserWarning, match="^Training was stopped by a callback after 1 of 3 cyc"
        ):
            clf.fit(*blobs)
        assert len(clf.snapshots_) == len(clf.weights_) == 1
        assert clf.score(*blobs) > 0.5


@trains
@pytest.mark.parametrize(
    ("n_per_class", "why", "fix"),
    [
        (1, "leaves no row of each of the 4 classes to train on", "Lower validation_fraction"),
        (2, "cannot have a row of each of the 4 classes", "Raise validation_fraction"),
    ],
)
def test_tiny_data_still_fits(n_per_class, why, fix):
    X = np.repeat(np.eye(4), n_per_class, axis=0)
    y = np.repeat(np.arange(4), n_per_class)
    clf = SnapshotEnsembleClassifier(dense, M=2, epochs=40, random_state=0)
    message = (
        f"A holdout of 1 of the {len(y)} rows {why}, so the snapshots get equal weights. {fix}, or "
        "pass X_val and y_val, to learn the weights."
    )
    with pytest.warns(HoldoutWarning, match=f"^{re.escape(message)}$") as caught:
        clf.fit(X, y)
    assert len(caught) == 1
    assert caught[0].filename == __file__
    np.testing.assert_array_equal(clf.weights_, [0.5, 0.5])
    assert clf.snapshot_scores_ is None
    # Nothing is held out in vain.
    assert clf.score(X, y) == 1.0


@trains
def test_a_refused_fit_leaves_the_earlier_one_as_it_was(blobs):
    X, y = blobs
    clf = SnapshotEnsembleClassifier(dense, **SETTINGS).fit(X, y)
    before, proba = dict(vars(clf)), clf.predict_proba(X)
    with pytest.raises(ValueError, match="^y must be labels of at least two classes"):
        clf.fit(X[:, :2], np.zeros(90))
    assert vars(clf) == before
    np.testing.assert_array_equal(clf.predict_proba(X), proba)
