"""Training a new head on a backbone that stays as it is."""

from dataclasses import replace
from typing import Any

import keras
import numpy as np

from skensemble._validation import must_be
from skensemble.ensemble._cycles import train_with_display
from skensemble.exceptions import SnapshotTrainingError
from skensemble.inference import network_outputs
from skensemble.models.transfer import split_network
from skensemble.networks import fresh_copy, own_learning_rate, recompile_arguments
from skensemble.schedules import CyclicCosineDecay
from skensemble.training import ProgressDisplay, TrainingRequest


def train_head(network, data, *, n_epochs, optimizer, engine="auto", augmentation=None, verbose=0):
    """Train the head of a network; without augmentation, on features that are computed once."""
    extractor, head, layers = split_network(network)
    if augmentation is None:
        model, data = head, _of_features(extractor, data)
    else:
        model = HeadOnFeatures(extractor, head)
    optimizer, rate = fresh_optimizer(optimizer)
    model.compile(**{**recompile_arguments(network), "optimizer": optimizer})
    schedule = CyclicCosineDecay(rate, n_iterations=n_epochs * data.steps_per_epoch, M=1)
    request = TrainingRequest(n_epochs, augmentation=augmentation)
    run = train_with_display(engine, model, data, schedule, request, verbose, _HeadProgress)
    if not run.snapshots[-1].is_finite:
        raise SnapshotTrainingError(
            "The weights of the head are not finite after the warm-up. Choose a smaller learning "
            "rate, as in warmup_optimizer=keras.optimizers.RMSprop(1e-4), or check the scale of X."
        )
    for layer, trained in zip(layers, head.layers, strict=True):
        layer.set_weights(trained.get_weights())
    return run.history


def fresh_optimizer(given: Any):
    must = "a Keras optimizer, its class or its name"
    fix = "as in 'rmsprop' or keras.optimizers.RMSprop(1e-4)"
    kind = given if isinstance(given, type) else type(given)
    if not issubclass(kind, keras.optimizers.Optimizer) and not isinstance(given, str):
        raise TypeError(must_be("warmup_optimizer", must, given, fix))
    try:
        optimizer = fresh_copy(keras.optimizers.get(given))
    except ValueError as error:
        raise ValueError(must_be("warmup_optimizer", must, given, fix)) from error
    rate = own_learning_rate(optimizer)
    if isinstance(rate, str) or not rate > 0:
        must = "an optimizer with a learning rate above 0, of which the warm-up makes one cosine"
        raise ValueError(must_be("warmup_optimizer", must, given, fix))
    return optimizer, float(rate)


class HeadOnFeatures(keras.Model):
    """A head on the features of an extractor that neither trains nor is part of the model."""

    def __init__(self, extractor, head):
        super().__init__()
        self.head = head
        self._features = lambda rows: extractor(rows, training=False)

    def call(self, rows, training=False):
        return self.head(self._features(rows), training=training)


class _HeadProgress(ProgressDisplay):
    """Counts the warm-up as the cycle before the first."""

    def _cycle(self, index: int) -> str:
        return "0 (head)"


def _of_features(extractor, data):
    n = len(data.rows)
    features = network_outputs(extractor, data.X, data.rows)
    weight = None if data.sample_weight is None else data.sample_weight[data.rows]
    return replace(data, X=features, y=data.y[data.rows], rows=np.arange(n), sample_weight=weight)
