import keras
import numpy as np
import pytest

from skensemble.backends import batch_stream, seeded
from skensemble.ensemble.transfer._warm_up import train_head
from skensemble.exceptions import SnapshotTrainingError
from skensemble.models.transfer import transfer_network
from skensemble.schedules import CyclicCosineDecay
from skensemble.training import Augmentation, TrainingData

N_EPOCHS = 4


@pytest.fixture
def network(backbone):
    with seeded(0):
        model = transfer_network((8, 8, 3), 3, backbone=backbone, head_units=8)
        model.compile(keras.optimizers.SGD(0.01), "sparse_categorical_crossentropy")
    return model


@pytest.fixture
def data(images):
    X, y = images
    weight = np.random.default_rng(0).uniform(0.2, 3, len(y))
    codes = np.unique(y, return_inverse=True)[1]
    rows = np.arange(5, 90, dtype=np.int64)  # the last batch is smaller
    return TrainingData(X, codes, rows, batch_size=16, sample_weight=weight, seed=7)


def as_keras_trains(network, data):
    """The whole network with a frozen backbone, by Keras alone; its weights."""
    model = keras.models.clone_model(network)
    model.set_weights(network.get_weights())
    model.get_layer("colours").trainable = False
    n_iterations = N_EPOCHS * data.steps_per_epoch
    rate = CyclicCosineDecay(0.02, n_iterations=n_iterations, M=1)
    model.compile(keras.optimizers.RMSprop(rate), "sparse_categorical_crossentropy")
    steps = data.steps_per_epoch
    stream = batch_stream(data, 0, N_EPOCHS)
    history = model.fit(stream, epochs=N_EPOCHS, steps_per_epoch=steps, shuffle=False, verbose=0)
    return model.get_weights(), history.history


@pytest.mark.parametrize(
    "augmentation", [None, Augmentation(lambda rows: rows)], ids=["once", "every batch"]
)
def test_it_is_the_training_of_the_whole_with_a_frozen_backbone(network, data, augmentation):
    expected, history = as_keras_trains(network, data)
    before = network.get_weights()
    found = train_head(
        network,
        data,
        n_epochs=N_EPOCHS,
        optimizer=keras.optimizers.RMSprop(0.02),
        augmentation=augmentation,
    )

    np.testing.assert_allclose(found["loss"], history["loss"], rtol=1e-4)
    for mine, theirs in zip(network.get_weights(), expected, strict=True):
        np.testing.assert_allclose(mine, theirs, atol=2e-4)
    for mine, start in list(zip(network.get_weights(), before, strict=True))[:-4]:
        np.testing.assert_array_equal(mine, start)
    assert not np.allclose(network.get_weights()[-2], before[-2], atol=1e-2)


def test_the_head_sees_augmented_rows(network, data):
    dark = Augmentation(lambda rows: rows * 0)
    found = train_head(network, data, n_epochs=2, optimizer="rmsprop", augmentation=dark)

    # What is always the same teaches no more than how frequent the classes are.
    assert found["loss"][-1] > 0.9 * np.log(3)


def test_the_optimizer_is_left_as_it_is(network, data):
    optimizer = keras.optimizers.RMSprop(0.02)
    train_head(network, data, n_epochs=1, optimizer=optimizer)

    assert not optimizer.built
    assert float(optimizer.learning_rate) == pytest.approx(0.02)


def test_a_warm_up_that_diverges(network, data):
    before = network.get_weights()
    with (
        pytest.warns(match="The loss became nan"),
        pytest.raises(SnapshotTrainingError) as caught,
    ):
        train_head(network, data, n_epochs=3, optimizer=keras.optimizers.SGD(1e30))

    assert str(caught.value) == (
        "The weights of the head are not finite after the warm-up. Choose a smaller learning "
        "rate, as in warmup_optimizer=keras.optimizers.RMSprop(1e-4), or check the scale of X."
    )
    for mine, theirs in zip(network.get_weights(), before, strict=True):
        np.testing.assert_array_equal(mine, theirs)
