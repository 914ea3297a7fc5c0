import pickle
import warnings

import joblib
import keras
import numpy as np
import pytest
from sklearn.base import clone, is_classifier
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer
from sklearn.utils import get_tags

from skensemble import SnapshotCallback
from skensemble.backends import seeded
from skensemble.ensemble.transfer import TransferSnapshotClassifier
from skensemble.models.transfer import _backbone, _transfer_network, transfer_network
from skensemble.models.transfer._backbone import Application


def weights_by_path(paths, weights):
    return dict(zip(paths, weights, strict=True))


def test_it_learns_what_the_backbone_can_see(make, images):
    X, y = images
    clf = make().fit(X, y)

    assert clf.score(X, y) > 0.95
    assert clf.classes_.tolist() == ["blue", "green", "red"]
    assert len(clf.snapshots_) == 2
    np.testing.assert_allclose(clf.predict_proba(X).sum(axis=1), 1)
    losses = clf.warmup_history_["loss"]
    assert len(losses) == 8
    assert losses[-1] < losses[0] / 2
    # The cycles go on from what the head has learned.
    assert clf.history_["loss"][0] < losses[0] / 2


def test_the_frozen_part_stays_and_the_rest_learns(make, backbone, images):
    given = backbone.get_weights()
    clf = make(M=3, epochs=3, weighting="uniform").fit(*images)

    paths = clf.snapshots_.paths
    assert paths[: len(given)] == tuple(
        f"colours/{layer}/{name}"
        for layer, names in [
            ("first", ["kernel", "bias"]),
            ("first_norm", ["gamma", "beta", "moving_mean", "moving_variance"]),
            ("last", ["kernel", "bias"]),
            ("last_norm", ["gamma", "beta", "moving_mean", "moving_variance"]),
        ]
        for name in names
    )
    for snapshot in clf.snapshots_:
        for path, mine, theirs in zip(paths, snapshot.weights, given, strict=False):
            same = np.array_equal(mine, theirs)
            assert same == ("first" in path), path
    # The backbone is the caller's.
    for mine, theirs in zip(backbone.get_weights(), given, strict=True):
        np.testing.assert_array_equal(mine, theirs)
    assert all(layer.trainable for layer in backbone.layers)


def test_snapshots_share_the_frozen_arrays(make, images):
    bank = make(weighting="uniform").fit(*images).snapshots_

    shared = [mine is theirs for mine, theirs in zip(*(s.weights for s in bank), strict=True)]
    assert shared == [True] * 6 + [False] * 10


def test_nothing_is_unfrozen(make, backbone, images):
    clf = make(unfreeze_from=None, weighting="uniform").fit(*images)

    for snapshot in clf.snapshots_:
        for mine, theirs in zip(snapshot.weights, backbone.get_weights(), strict=False):
            np.testing.assert_array_equal(mine, theirs)
    first, second = (snapshot.weights[-1] for snapshot in clf.snapshots_)
    assert not np.array_equal(first, second)


def test_another_optimizer_loss_and_metric(make, images):
    X, y = images
    clf = make(
        optimizer="adam",
        alpha_zero=0.001,
        loss=keras.losses.CategoricalFocalCrossentropy(),
        metrics=["accuracy"],
        class_weight={"red": 0.0, "green": 1.0, "blue": 1.0},
        weighting="uniform",
    ).fit(X, y)

    assert list(clf.warmup_history_) == list(clf.history_) == ["accuracy", "loss"]
    # The focal cross-entropy is below a quarter of the other; the classes that count are learned.
    assert clf.warmup_history_["loss"][0] < 0.25 * np.log(3)
    assert clf.score(X[y != "red"], y[y != "red"]) > 0.9
    # The optimizer knows what it trains, and nothing else.
    trained = {variable.path for variable in clf.model_.trainable_variables}
    assert trained == {
        *(f"colours/last/{name}" for name in ("kernel", "bias")),
        *(f"colours/last_norm/{name}" for name in ("gamma", "beta")),
        *(f"transfer_head/{name}" for name in ("kernel", "bias")),
        *(f"transfer_probabilities/{name}" for name in ("kernel", "bias")),
    }
    n_of_adam = 2 * len(trained) + 1  # two moments each, and the count
    assert len(clf.model_.optimizer.variables) == n_of_adam


def test_the_default_optimizer_of_the_cycles(make, images):
    optimizer = make().fit(*images).model_.optimizer

    assert isinstance(optimizer, keras.optimizers.SGD)
    assert (optimizer.momentum, optimizer.nesterov) == (0.9, True)


def test_one_seed_one_result(make, images):
    X, y = images
    first = make().fit(X, y)
    second = make().fit(X, y)
    other = make(random_state=1).fit(X, y)

    assert first.warmup_history_ == second.warmup_history_
    np.testing.assert_array_equal(first.predict_proba(X), second.predict_proba(X))
    assert first.warmup_history_ != other.warmup_history_


def test_both_engines_agree(make, images):
    X, y = images
    fused = make(engine="fused").fit(X, y)
    with_keras = make(engine="keras").fit(X, y)

    np.testing.assert_allclose(
        fused.warmup_history_["loss"], with_keras.warmup_history_["loss"], rtol=1e-4
    )
    np.testing.assert_allclose(fused.predict_proba(X), with_keras.predict_proba(X), atol=1e-3)


def test_no_warm_up(make, images):
    clf = make(warmup_epochs=0, M=1).fit(*images)

    assert clf.warmup_history_ == {}


def test_callbacks_are_for_the_cycles(make, images):
    epochs = []
    callback = keras.callbacks.LambdaCallback(on_epoch_end=lambda epoch, logs: epochs.append(epoch))
    make(callbacks=[callback]).fit(*images)

    assert epochs == [0, 1]


def test_augmentation_is_part_of_both_phases(make, images):
    flip = keras.layers.RandomFlip(seed=3)
    state = flip.generator.state.numpy()
    plain, first, second = (
        make(augmentation=layer, weighting="uniform").fit(*images) for layer in (None, flip, flip)
    )

    for history in ("warmup_history_", "history_"):
        assert getattr(first, history) == getattr(second, history) != getattr(plain, history)
    np.testing.assert_array_equal(flip.generator.state.numpy(), state)


def test_progress(make, images, capsys):
    make(verbose=1).fit(*images)

    lines = capsys.readouterr().out.splitlines()
    assert [line.split("  ")[:2] for line in lines] == [
        ["cycle 0 (head)", "epoch 8/8"],
        ["cycle 1/2", "epoch 1/2"],
        ["cycle 2/2", "epoch 2/2"],
    ]


def test_refit_trains_both_phases_on_all_rows(make, images):
    X, y = images
    learned = make(validation_fraction=21).fit(X, y)
    clf = make(validation_fraction=21, refit=True).fit(X, y)

    np.testing.assert_array_equal(clf.weights_, learned.weights_)
    assert clf.warmup_history_["loss"] != learned.warmup_history_["loss"]
    # 69 of the rows first, then all 90, 16 at a time for two epochs.
    assert (len(learned.learning_rates_), len(clf.learning_rates_)) == (10, 12)


def test_warm_start_adds_cycles_and_no_warm_up(make, images):
    X, y = images
    clf = make(warm_start=True).fit(X, y)
    losses, head = clf.warmup_history_, clf.snapshots_[1].weights
    loaded = pickle.loads(pickle.dumps(clf))
    for estimator in (clf, loaded):
        estimator.set_params(M=3, epochs=3).fit(X, y)

        assert len(estimator.snapshots_) == 3
        assert estimator.warmup_history_ == losses
        for mine, theirs in zip(estimator.snapshots_[1].weights, head, strict=True):
            np.testing.assert_array_equal(mine, theirs)
        frozen = [v.path for v in estimator.model_.weights if "first" in v.path]
        for name, mine, theirs in zip(frozen, estimator.snapshots_[2].weights, head, strict=False):
            np.testing.assert_array_equal(mine, theirs, err_msg=name)


def test_copies(make, backbone, images, tmp_path):
    X, y = images
    clf = make().fit(X, y)
    twin = clone(clf)

    assert twin.backbone is clf.backbone is backbone
    assert twin.get_params() == clf.get_params()
    assert "model" not in clf.get_params()
    joblib.dump(clf, tmp_path / "clf.joblib")
    for copy in (pickle.loads(pickle.dumps(clf)), joblib.load(tmp_path / "clf.joblib")):
        np.testing.assert_array_equal(copy.predict_proba(X), clf.predict_proba(X))
        assert copy.fit(X, y).score(X, y) > 0.9


def test_one_keras_model(make, images, tmp_path):
    X, y = images
    clf = make().fit(X, y)
    clf.to_keras().save(tmp_path / "ensemble.keras")
    loaded = keras.models.load_model(tmp_path / "ensemble.keras")

    np.testing.assert_allclose(loaded.predict(X, verbose=0), clf.predict_proba(X), atol=1e-6)


def test_a_search_over_what_to_train(make, images):
    X, y = images
    pipeline = make_pipeline(FunctionTransformer(), make(weighting="uniform"))
    grid = {"transfersnapshotclassifier__unfreeze_from": ["last", None]}
    folds = [(np.arange(90), np.arange(30))]
    search = GridSearchCV(pipeline, grid, cv=folds, error_score="raise").fit(X, y)

    assert search.best_score_ > 0.9
    best = search.best_estimator_[-1].model_.get_layer("colours")
    assert [layer.trainable for layer in best.layers].count(False) in (3, 5)


def test_images_of_another_size(make, images):
    X, y = images
    clf = make(warmup_epochs=0, M=1, epochs=1).fit(X, y)

    with pytest.raises(ValueError) as caught:
        clf.predict(X[:, :, :7])
    assert str(caught.value) == (
        "X must be made of rows of shape (8, 8, 3), as in fit, got rows of shape (8, 7, 3) "
        "instead: prepare X the same way for fit and predict."
    )


def test_snapshots_of_another_training(make, backbone, images):
    X, y = images
    labels, codes = np.unique(y, return_inverse=True)
    with seeded(0):
        network = transfer_network((8, 8, 3), 3, backbone=backbone, head_units=8)
    network.compile(keras.optimizers.SGD(0.05), "sparse_categorical_crossentropy")
    callback = SnapshotCallback(M=2, alpha_zero=0.05)
    with seeded(0):
        network.fit(X, codes, epochs=8, batch_size=16, callbacks=callback, verbose=0)
    rest = {"head_units": 8, "weighting": "uniform"}

    make = TransferSnapshotClassifier.from_snapshots
    with_rows = make(backbone, callback.bank, X, y, **rest)
    without = make(backbone, callback.bank, classes=labels, input_shape=(8, 8, 3), **rest)
    for clf in (with_rows, without):
        assert isinstance(clf, TransferSnapshotClassifier)
        np.testing.assert_allclose(
            clf.member_predict_proba(X)[-1], network.predict(X, verbose=0), atol=1e-6
        )
        assert clf.warmup_history_ == {}
        assert clf.classes_.tolist() == labels.tolist()
    without.set_params(warm_start=True, M=3, epochs=1, alpha_zero=0.001, batch_size=16)
    without.fit(X, y, X_val=X, y_val=y)
    assert len(without.snapshots_) == 3
    np.testing.assert_array_equal(without.snapshots_[1].weights[0], callback.bank[1].weights[0])


def test_a_named_network_of_random_weights(make, backbone, images, monkeypatch):
    X, y = images
    tiny = Application("Tiny", lambda **_: keras.models.clone_model(backbone), lambda x: x / 2, 8)
    for module in (_backbone, _transfer_network):
        monkeypatch.setattr(module, "find_application", lambda name: tiny)
    clf = make("Tiny", image_size=None, warmup_epochs=0, epochs=1, M=1, refit=True)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always", UserWarning)
        clf.fit(X.astype(np.float32) / 255, y)

    texts = [str(warning.message) for warning in caught if warning.filename == __file__]
    assert texts[:2] == [
        "With weights=None the backbone starts from random weights, and its frozen part keeps "
        "them: it knows nothing of images. Pass weights='imagenet', which downloads those of "
        "ImageNet once, or the path of a file.",
        "The pixels of the first images are not above 1, where the network expects 0 to 255, and "
        "scales them by itself: pass images as they are, X * 255 here.",
    ]
    assert [text[:9] for text in texts].count("With weig") == 1
    path = "transfer_preprocessing"
    assert clf.model_.get_layer(path).scale == [0.5] * 3


def test_tags(backbone):
    of_images = [TransferSnapshotClassifier(), TransferSnapshotClassifier(backbone)]
    for clf in of_images:
        tags = get_tags(clf).input_tags
        assert (tags.two_d_array, tags.three_d_array, tags.sparse) == (False, True, False)
        assert is_classifier(clf)
    rows = keras.Sequential([keras.Input((4,)), keras.layers.Dense(3)])
    assert get_tags(TransferSnapshotClassifier(rows)).input_tags.two_d_array
