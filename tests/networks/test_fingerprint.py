"""Networks have the same fingerprint only if they compute the same from the same weights."""

import contextlib
import functools
import sys

import keras
import numpy as np
import pytest
import tensorflow as tf
from keras import layers, ops

from builders import Scale, ScaleMore, Subclassed, fixed, relu
from skensemble import CyclicCosineDecay
from skensemble.networks import fingerprint_of_network, fingerprint_of_training, install_schedule

# ---------------------------------------------------------------------------------------------
# Builders
# ---------------------------------------------------------------------------------------------


def stack(*hidden, units=3, activation="softmax", **dense):
    """A builder of an input, layers made by functions, and a dense layer at the end."""
    return lambda: keras.Sequential(
        [keras.Input((4,)), *(make() for make in hidden), layers.Dense(units, activation, **dense)]
    )


def dense(*args, **kwargs):
    return lambda: layers.Dense(*args, **kwargs)


def make(layer, *args, **kwargs):
    return lambda: layer(*args, **kwargs)


def changed(build, change):
    """The same network, on which someone has laid hands after it was built."""

    def changed_build():
        model = build()
        change(model)
        return model

    return changed_build


def setting(path, value):
    """Set ``model.<path> = value``."""
    *way, last = path.split(".")

    def change(model):
        target = model
        for step in way:
            target = target.layers[int(step)] if step.isdigit() else getattr(target, step)
        setattr(target, last, value)

    return change


def graph(wire):
    """A functional network of three layers alike that can be wired in any way."""

    def build():
        x = keras.Input((4,))
        a, b, c = (layers.Dense(4, "tanh") for _ in range(3))
        return keras.Model(x, layers.Dense(3, "softmax")(wire(x, a, b, c)))

    return build


def used_after(first_two_differ):
    """Three inner networks; the third one has the layer of the first one, or of the second."""

    def build():
        layer_a, layer_b = layers.Dense(4, "relu", name="inner"), layers.Dense(4, name="inner")
        layer_b.activation = layer_a.activation
        first, second = (keras.Sequential([keras.Input((4,)), n]) for n in (layer_a, layer_b))
        third = keras.Sequential([keras.Input((4,)), layer_a if first_two_differ else layer_b])
        return keras.Sequential([keras.Input((4,)), first, second, third, layers.Dense(3)])

    return build


def same_name(power):
    def act(x):
        return x**power

    return act


class Silent(layers.Layer):
    """Without a configuration."""

    def __init__(self, factor):
        super().__init__()
        self.factor = factor

    def call(self, x):
        return x * self.factor


class RateLayer(layers.Layer):
    """Reverses gradients at a rate, which is no learning rate of an optimizer."""

    def __init__(self, learning_rate=1.0, start_initializer="zeros", **kwargs):
        super().__init__(**kwargs)
        self.learning_rate, self.start_initializer = learning_rate, start_initializer

    def get_config(self):
        config = {"learning_rate": self.learning_rate, "start_initializer": self.start_initializer}
        return {**super().get_config(), **config}

    def call(self, x):
        start = keras.initializers.get(self.start_initializer)(ops.shape(x)[1:])
        return x * self.learning_rate + start


class Captures(layers.Layer):
    """Uses an array that it was given."""

    def __init__(self, array, **kwargs):
        super().__init__(**kwargs)
        self.array = np.asarray(array, "float32")

    def get_config(self):
        return {**super().get_config(), "array": self.array}

    def call(self, x):
        return x * self.array


class Tuned(keras.Model):
    """Its compile takes more than Keras's does, and Keras does not write it down."""

    def __init__(self, **kwargs):
        super().__init__(**kwargs)
        self.out = layers.Dense(3, "softmax")

    def get_config(self):
        return super().get_config()

    def compile(self, *args, alpha=1.0, **kwargs):
        super().compile(*args, **kwargs)
        self.alpha = alpha

    def call(self, x):
        return self.out(x)

    def compute_loss(self, *args, **kwargs):
        return self.alpha * super().compute_loss(*args, **kwargs)


class OwnLoss(keras.losses.Loss):
    def __init__(self, power=2, **kwargs):
        super().__init__(**kwargs)
        self.power = power

    def call(self, y_true, y_pred):
        return ops.mean(ops.abs(ops.cast(y_true, y_pred.dtype)[:, None] - y_pred) ** self.power)


class ConfiguredLoss(OwnLoss):
    def get_config(self):
        return {**super().get_config(), "power": self.power}


class MoreLoss(ConfiguredLoss):
    """Has more to say than it inherits."""

    def __init__(self, factor, **kwargs):
        super().__init__(**kwargs)
        self.factor = factor

    def call(self, y_true, y_pred):
        return self.factor * super().call(y_true, y_pred)


class OwnMetric(keras.metrics.Mean):
    def __init__(self, factor=1.0, **kwargs):
        super().__init__(name="own", **kwargs)
        self.factor = factor

    def update_state(self, y_true, y_pred, sample_weight=None):
        super().update_state(self.factor * y_pred)


class OwnRegularizer(keras.regularizers.Regularizer):
    def __init__(self, strength):
        self.strength = strength

    def __call__(self, x):
        return self.strength * ops.sum(ops.square(x))


class OwnConstraint(keras.constraints.Constraint):
    def __init__(self, top):
        self.top = top

    def __call__(self, w):
        return ops.clip(w, -self.top, self.top)


class OwnOptimizer(keras.optimizers.SGD):
    def __init__(self, sign, **kwargs):
        super().__init__(**kwargs)
        self.sign = sign

    def update_step(self, gradient, variable, learning_rate):
        super().update_step(self.sign * gradient, variable, learning_rate)


def scaled_loss(power):
    loss = keras.losses.SparseCategoricalCrossentropy()
    plain = loss.call
    loss.call = lambda y, p: plain(y, p) * power
    return loss


def adapted(data):
    def build():
        layer = layers.Normalization()
        layer.adapt(np.asarray(data, "float32"))
        return keras.Sequential([keras.Input((4,)), layer, layers.Dense(3)])

    return build


def bins(edges):
    return stack(make(layers.Discretization, bin_boundaries=edges), make(layers.Flatten))


def with_seed_generators(third):
    def build():
        generators = [keras.random.SeedGenerator(7), keras.random.SeedGenerator(7)]
        x = inputs = keras.Input((4,))
        for which in (0, 1, third):
            dropout = layers.Dropout(0.5)
            # Keras lets no one exchange the generator of a layer that is built.
            shared = {"seed_generator": generators[which], "_seed_generators": [generators[which]]}
            vars(dropout).update(shared)
            x = dropout(x)
        return keras.Model(inputs, layers.Dense(3)(x))

    return build


def instance_call(model):
    layer = model.layers[0]
    plain = type(layer).call
    layer.call = lambda x: plain(layer, x) * 2


def inner(activation):
    def build():
        part = keras.Sequential([keras.Input((4,)), layers.Dense(4, activation)])
        return keras.Sequential([keras.Input((4,)), part, layers.Dense(3)])

    return build


def times(number):
    def build():
        x = keras.Input((4,), dtype="int32")
        return keras.Model(x, layers.Dense(3)(ops.multiply(x, number)))

    return build


def late(name):
    """Set a regularizer or constraint when the variable is there already, so without effect."""
    return changed(
        stack(dense(4)),
        lambda model: setattr(
            model.layers[0],
            f"kernel_{name}",
            {"regularizer": keras.regularizers.L2(0.1), "constraint": keras.constraints.NonNeg()}[
                name
            ],
        ),
    )


base = stack(dense(4, "relu"))

# Pairs of networks that do not compute the same, although some of them look the same.
DIFFERENT = {
    "units": (base, stack(dense(5, "relu"))),
    "activation": (base, stack(dense(4, "tanh"))),
    "bias": (base, stack(dense(4, "relu", use_bias=False))),
    "depth": (base, stack(dense(4, "relu"), dense(4, "relu"))),
    "output activation": (base, stack(dense(4, "relu"), activation=None)),
    "dropout rate": (stack(make(layers.Dropout, 0.1)), stack(make(layers.Dropout, 0.2))),
    "dropout rate, changed": (
        stack(make(layers.Dropout, 0.1)),
        changed(stack(make(layers.Dropout, 0.1)), setting("0.rate", 0.2)),
    ),
    "noise shape": (
        stack(make(layers.Dropout, 0.1)),
        stack(make(layers.Dropout, 0.1, noise_shape=(None, 1))),
    ),
    "batch norm momentum": (
        stack(make(layers.BatchNormalization)),
        stack(make(layers.BatchNormalization, momentum=0.5)),
    ),
    "batch norm momentum, changed": (
        stack(make(layers.BatchNormalization)),
        changed(stack(make(layers.BatchNormalization)), setting("0.momentum", 0.5)),
    ),
    "batch norm epsilon": (
        stack(make(layers.BatchNormalization)),
        stack(make(layers.BatchNormalization, epsilon=0.1)),
    ),
    "regularizer": (stack(dense(4)), stack(dense(4, kernel_regularizer="l2"))),
    "regularizer strength": tuple(
        stack(dense(4, kernel_regularizer=keras.regularizers.L2(s))) for s in (0.1, 0.2)
    ),
    "activity regularizer": tuple(
        stack(make(layers.Flatten, activity_regularizer=r)) for r in (None, "l2")
    ),
    "constraint": (stack(dense(4)), stack(dense(4, kernel_constraint="non_neg"))),
    # The variable has the regularizer or constraint it was made with; the layer's
    # configuration has what was set later.
    "regularizer set too late": (
        stack(dense(4, kernel_regularizer=keras.regularizers.L2(0.1))),
        late("regularizer"),
    ),
    "constraint set too late": (
        stack(dense(4, kernel_constraint=keras.constraints.NonNeg())),
        late("constraint"),
    ),
    "trainable": (base, changed(base, setting("0.trainable", False))),
    "trainable of all": (base, changed(base, setting("trainable", False))),
    "trainable of a variable": (base, changed(base, setting("0.kernel.trainable", False))),
    "trainable of batch norm, which has other statistics then": (
        stack(make(layers.BatchNormalization, center=False, scale=False)),
        stack(make(layers.BatchNormalization, center=False, scale=False, trainable=False)),
    ),
    "dtype of a layer": (base, stack(dense(4, "relu", dtype="mixed_float16"))),
    "dtype of another layer": (
        stack(dense(4, dtype="mixed_float16"), dense(4)),
        stack(dense(4), dense(4, dtype="mixed_float16")),
    ),
    # Keras does not write down autocast.
    "autocast": tuple(
        stack(make(layers.ReLU, dtype="mixed_float16", autocast=autocast))
        for autocast in (True, False)
    ),
    "slope": (
        stack(make(layers.LeakyReLU, negative_slope=0.1)),
        stack(make(layers.LeakyReLU, negative_slope=0.2)),
    ),
    # Keras writes down a function of the name of one of its own as if it were that one.
    "function of a name that Keras knows": (base, stack(dense(4, relu))),
    "functions of the same name": (stack(dense(4, same_name(2))), stack(dense(4, same_name(3)))),
    "lambda functions": (stack(dense(4, lambda x: x**2)), stack(dense(4, lambda x: x**3))),
    "partial functions": tuple(
        stack(dense(4, functools.partial(keras.activations.leaky_relu, negative_slope=s)))
        for s in (0.1, 0.2)
    ),
    "Lambda": tuple(
        stack(make(layers.Lambda, function)) for function in (lambda x: x * 2, lambda x: x * 3)
    ),
    "wiring": (
        graph(lambda x, a, b, c: layers.Add()([c(a(x)), b(x)])),
        graph(lambda x, a, b, c: layers.Add()([c(b(a(x))), x])),
    ),
    "wiring, order of a difference": (
        graph(lambda x, a, b, c: layers.Subtract()([c(b(a(x))), a(x)])),
        graph(lambda x, a, b, c: layers.Subtract()([a(x), c(b(a(x)))])),
    ),
    "wiring, skipped layers": (
        graph(lambda x, a, b, c: c(layers.Add()([a(x), b(a(x))]))),
        graph(lambda x, a, b, c: c(layers.Add()([x, b(a(x))]))),
    ),
    "wiring, shared": (
        graph(lambda x, a, b, c: layers.Add()([a(x), a(b(x)), c(x)])),
        graph(lambda x, a, b, c: layers.Add()([a(x), b(b(x)), c(x)])),
    ),
    "wiring, a layer used twice": (
        graph(lambda x, a, b, c: a(c(b(a(x))))),
        graph(lambda x, a, b, c: b(c(b(a(x))))),
    ),
    "wiring, which use of a shared layer": (
        graph(lambda x, a, b, c: (lambda one, two: layers.Add()([c(one), b(two)]))(a(x), a(a(x)))),
        graph(lambda x, a, b, c: (lambda one, two: layers.Add()([c(two), b(one)]))(a(x), a(a(x)))),
    ),
    "number in a graph": (
        graph(lambda x, a, b, c: a(x) * 2.0 + b(x) + c(x)),
        graph(lambda x, a, b, c: a(x) * 3.0 + b(x) + c(x)),
    ),
    "array in a graph": tuple(
        graph(lambda x, a, b, c, n=n: a(x) * np.full(4, n, "float32") + b(x) + c(x)) for n in (1, 2)
    ),
    "slice in a graph": (
        graph(lambda x, a, b, c: a(x)[:, :2] * b(x)[:, :2] + c(x)[:, :2]),
        graph(lambda x, a, b, c: a(x)[:, :2] * b(x)[:, 2:] + c(x)[:, :2]),
    ),
    # 1000000000 == 1e9, but a product of integers overflows.
    "type of a number in a graph": (times(1_000_000_000), times(1e9)),
    # Inner layers of the same name.
    "shared layer in inner networks": (used_after(True), used_after(False)),
    # Which variables a layer uses.
    "shared seed generator": (with_seed_generators(0), with_seed_generators(1)),
    "inner network": (inner("relu"), inner("tanh")),
    "configured layer": (stack(make(Scale, 1.0)), stack(make(Scale, 2.0))),
    "configured layer, changed": (
        stack(make(Scale, 1.0)),
        changed(stack(make(Scale, 1.0)), setting("0.factor", 2.0)),
    ),
    "inherited configuration": (stack(make(ScaleMore, 1.0)), stack(make(ScaleMore, 2.0))),
    "attribute besides the configuration": (
        stack(make(Scale, 1.0)),
        changed(stack(make(Scale, 1.0)), setting("0.bonus", 2.0)),
    ),
    "layer without configuration": (stack(make(Silent, 1.0)), stack(make(Silent, 2.0))),
    "argument called learning_rate": (
        stack(make(RateLayer, learning_rate=1.0)),
        stack(make(RateLayer, learning_rate=2.0)),
    ),
    "initializer used in call": (
        stack(make(RateLayer, start_initializer="zeros")),
        stack(make(RateLayer, start_initializer="ones")),
    ),
    "array of a layer": (
        stack(make(Captures, [1, 1, 1, 1])),
        stack(make(Captures, [1, 1, 1, 2])),
    ),
    "adapted normalization": (
        adapted(np.arange(20).reshape(5, 4)),
        adapted(np.arange(20).reshape(5, 4) ** 2),
    ),
    "given normalization": (
        stack(make(layers.Normalization, mean=[0.0] * 4, variance=[1.0] * 4)),
        stack(make(layers.Normalization, mean=[1.0] * 4, variance=[1.0] * 4)),
    ),
    "inverted normalization": tuple(
        stack(make(layers.Normalization, mean=[0.0] * 4, variance=[2.0] * 4, invert=invert))
        for invert in (True, False)
    ),
    "discretization": (bins([0.0, 1.0]), bins([0.0, 2.0])),
    "vocabulary": tuple(
        stack(make(layers.IntegerLookup, vocabulary=words), make(layers.Flatten))
        for words in ([1, 2, 3], [3, 2, 1])
    ),
    "hashing salt": tuple(
        stack(make(layers.Hashing, num_bins=5, salt=salt), make(layers.Flatten)) for salt in (1, 2)
    ),
    "call replaced": (base, changed(base, instance_call)),
    "another method replaced": (
        stack(make(Scale)),
        changed(stack(make(Scale)), setting("0.shift", lambda x: x + 1.0)),
    ),
    "masking": tuple(stack(make(layers.Masking, value)) for value in (0.0, 1.0)),
    "rescaling": (stack(make(layers.Rescaling, 2.0)), stack(make(layers.Rescaling, 3.0))),
    "arguments of the builder's model": (
        lambda: built(Subclassed(units=8)),
        lambda: built(Subclassed(units=9)),
    ),
    "own regularizer": tuple(
        stack(dense(4, kernel_regularizer=OwnRegularizer(s))) for s in (0.1, 0.2)
    ),
    "own constraint": tuple(
        stack(dense(4, kernel_constraint=OwnConstraint(top))) for top in (0.1, 0.2)
    ),
    "regularizing function": tuple(
        stack(dense(4, kernel_regularizer=lambda w, s=s: s * ops.sum(w))) for s in (0.1, 0.2)
    ),
}


def built(model):
    model(np.zeros((1, 4), "float32"))
    return model


def fingerprint_of(build):
    # Without this, numbers in the names that Keras chooses would tell networks apart.
    keras.utils.clear_session(free_memory=False)
    return fingerprint_of_network(build())


def assert_not_shared(first, second):
    assert first is None or second is None or first != second


@pytest.mark.parametrize(("one", "other"), DIFFERENT.values(), ids=DIFFERENT)
def test_networks_that_compute_differently_have_different_fingerprints(one, other):
    assert_not_shared(fingerprint_of(one), fingerprint_of(other))


def compilation(optimizer=None, build=fixed, **arguments):
    keras.utils.clear_session(free_memory=False)
    model = build()
    arguments.setdefault("loss", "sparse_categorical_crossentropy")
    model.compile(optimizer or keras.optimizers.SGD(), **arguments)
    return of_all(model)


def of_all(model):
    """Fingerprint of a compiled model, as the engine has it."""
    install_schedule(model, CyclicCosineDecay(0.1, 4, 2))
    parts = fingerprint_of_network(model), fingerprint_of_training(model)
    return None if None in parts else parts


def excluding(**arguments):
    optimizer = keras.optimizers.AdamW(weight_decay=0.1)
    optimizer.exclude_from_weight_decay(**arguments)
    return optimizer


losses, metrics, optimizers = keras.losses, keras.metrics, keras.optimizers
COMPILED_DIFFERENTLY = {
    "loss": ({}, {"loss": "mse"}),
    "from_logits": tuple(
        {"loss": losses.SparseCategoricalCrossentropy(from_logits=logits)}
        for logits in (True, False)
    ),
    "ignore_class": tuple(
        {"loss": losses.SparseCategoricalCrossentropy(ignore_class=k)} for k in (None, 1)
    ),
    "label smoothing": tuple(
        {"loss": losses.CategoricalCrossentropy(label_smoothing=s)} for s in (0.0, 0.1)
    ),
    "focal": tuple({"loss": losses.CategoricalFocalCrossentropy(gamma=g)} for g in (1.0, 2.0)),
    "reduction": tuple({"loss": losses.MeanSquaredError(reduction=r)} for r in ("sum", "mean")),
    # What Keras leaves out of the configuration of its losses.
    "delta of Huber": tuple({"loss": losses.Huber(delta=delta)} for delta in (1.0, 2.0)),
    "axis of cosine similarity": tuple(
        {"loss": losses.CosineSimilarity(axis=axis)} for axis in (0, 1)
    ),
    "dtype of a loss": tuple(
        {"loss": losses.MeanSquaredError(dtype=dtype)} for dtype in ("float16", "float32")
    ),
    "own loss": ({"loss": OwnLoss(1, name="own")}, {"loss": OwnLoss(2, name="own")}),
    "configured loss": (
        {"loss": ConfiguredLoss(1, name="own")},
        {"loss": ConfiguredLoss(2, name="own")},
    ),
    # Attributes of losses and metrics, too.
    "inherited configuration of a loss": (
        {"loss": MoreLoss(1, name="more")},
        {"loss": MoreLoss(2, name="more")},
    ),
    # Methods put on a loss, a metric or an optimizer.
    "call of a loss replaced": ({"loss": scaled_loss(2)}, {"loss": scaled_loss(3)}),
    "loss function": ({"loss": lambda y, p: p}, {"loss": lambda y, p: 2 * p}),
    "Keras's loss functions": ({"loss": losses.mean_squared_error}, {"loss": losses.poisson}),
    "loss weights": ({"loss_weights": 1.0}, {"loss_weights": 2.0}),
    "metrics": ({"metrics": ["accuracy"]}, {"metrics": []}),
    "weighted metrics": ({"metrics": ["accuracy"]}, {"weighted_metrics": ["accuracy"]}),
    "thresholds": tuple({"metrics": [metrics.AUC(num_thresholds=n, name="auc")]} for n in (10, 20)),
    "threshold": tuple({"metrics": [metrics.BinaryAccuracy(threshold=t)]} for t in (0.1, 0.2)),
    # As with losses.
    "axis of a metric": tuple({"metrics": [metrics.CosineSimilarity(axis=a)]} for a in (0, 1)),
    "own metric": tuple({"metrics": [OwnMetric(f)]} for f in (1.0, 2.0)),
    "metric function": (
        {"metrics": [lambda y, p: ops.max(p)]},
        {"metrics": [lambda y, p: ops.min(p)]},
    ),
    "optimizer": ({}, {"optimizer": optimizers.Adam()}),
    "momentum": tuple({"optimizer": optimizers.SGD(momentum=m)} for m in (0.8, 0.9)),
    "nesterov": tuple({"optimizer": optimizers.SGD(momentum=0.9, nesterov=n)} for n in (0, 1)),
    "clipnorm": tuple({"optimizer": optimizers.SGD(clipnorm=c)} for c in (None, 1.0)),
    "accumulation": tuple(
        {"optimizer": optimizers.SGD(gradient_accumulation_steps=n)} for n in (2, 3)
    ),
    "average": tuple(
        {"optimizer": optimizers.SGD(use_ema=True, ema_momentum=m)} for m in (0.8, 0.9)
    ),
    "epsilon": tuple({"optimizer": optimizers.Adam(epsilon=e)} for e in (1e-7, 1e-3)),
    "weight decay": tuple({"optimizer": optimizers.AdamW(weight_decay=w)} for w in (0.1, 0.2)),
    "excluded from weight decay": (
        {"optimizer": excluding(var_names=["kernel"])},
        {"optimizer": excluding(var_names=["bias"])},
    ),
    "not excluded from weight decay": (
        {"optimizer": excluding(var_names=["kernel"])},
        {"optimizer": optimizers.AdamW(weight_decay=0.1)},
    ),
    "own optimizer": ({"optimizer": OwnOptimizer(1)}, {"optimizer": OwnOptimizer(-1)}),
    "optimizer inside": tuple(
        {"optimizer": optimizers.LossScaleOptimizer(optimizers.SGD(momentum=m))} for m in (0.8, 0.9)
    ),
    "growth of the loss scale": tuple(
        {"optimizer": optimizers.LossScaleOptimizer(optimizers.SGD(), dynamic_growth_steps=n)}
        for n in (10, 20)
    ),
    "jit_compile": ({"jit_compile": True}, {"jit_compile": False}),
    "argument of an own compile": (
        {"build": lambda: built(Tuned()), "alpha": 1.0},
        {"build": lambda: built(Tuned()), "alpha": 2.0},
    ),
}


@pytest.mark.parametrize(
    ("one", "other"), COMPILED_DIFFERENTLY.values(), ids=list(COMPILED_DIFFERENTLY)
)
def test_models_that_learn_differently_have_different_fingerprints(one, other):
    assert_not_shared(compilation(**one), compilation(**other))


def patched_optimizer():
    optimizer = keras.optimizers.SGD()
    optimizer.update_step = lambda gradient, variable, rate: None
    return optimizer


def patched_metric():
    metric = keras.metrics.SparseCategoricalAccuracy()
    metric.result = lambda: ops.zeros(())
    return metric


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ({"optimizer": patched_optimizer()}, {}),
        (
            {"metrics": [patched_metric()]},
            {"metrics": [keras.metrics.SparseCategoricalAccuracy()]},
        ),
    ],
    ids=["optimizer", "metric"],
)
def test_methods_replaced_on_an_instance(one, other):
    assert_not_shared(compilation(**one), compilation(**other))


@contextlib.contextmanager
def config(name, value, former):
    getattr(keras.config, f"set_{name}")(value)
    try:
        yield
    finally:
        getattr(keras.config, f"set_{name}")(former)


@pytest.mark.parametrize(
    ("name", "value", "former"),
    [
        ("floatx", "float64", "float32"),
        ("epsilon", 1e-2, 1e-7),
        ("dtype_policy", "mixed_float16", "float32"),
        ("image_data_format", "channels_first", "channels_last"),
    ],
    ids=lambda value: str(value),
)
def test_settings_of_the_process_have_a_part_in_it(name, value, former):
    model = fixed()
    plain = fingerprint_of_network(model)
    with config(name, value, former):
        assert_not_shared(plain, fingerprint_of_network(model))
        assert_not_shared(plain, fingerprint_of_network(fixed()))
    assert plain == fingerprint_of_network(model)


def attention():
    x = keras.Input((4,))
    tokens = layers.Reshape((4, 1))(x)
    tokens = layers.MultiHeadAttention(2, 3)(tokens, tokens)
    return keras.Model(x, layers.Dense(3)(layers.Flatten()(tokens)))


SHARED = {
    "dense": (fixed, fixed),
    "layers": (base, base),
    "batch norm and dropout": (stack(make(layers.BatchNormalization), make(layers.Dropout, 0.1)),)
    * 2,
    "dropout seed": (
        stack(make(layers.Dropout, 0.1, seed=1)),
        stack(make(layers.Dropout, 0.1, seed=2)),
    ),
    "names of layers": (base, stack(dense(4, "relu", name="mine"))),
    "initializers": (base, stack(dense(4, "relu", kernel_initializer="ones"))),
    "wiring": (graph(lambda x, a, b, c: layers.Add()([c(a(x)), b(a(x))])),) * 2,
    "wiring, other letters": (
        graph(lambda x, a, b, c: layers.Subtract()([c(a(x)), b(c(a(x)))])),
        graph(lambda x, a, b, c: layers.Subtract()([a(b(x)), c(a(b(x)))])),
    ),
    "shared layers": (graph(lambda x, a, b, c: layers.Add()([a(x), a(b(x)), c(x)])),) * 2,
    "inner network": (inner("relu"),) * 2,
    "subclassed": (lambda: built(Subclassed()),) * 2,
    "configured layer": (stack(make(Scale, 2.0)),) * 2,
    "recurrent": (stack(make(layers.Reshape, (4, 1)), make(layers.LSTM, 3)),) * 2,
    "attention": (attention,) * 2,
    "l2": (stack(dense(4, kernel_regularizer="l2")),) * 2,
}


@pytest.mark.parametrize(("one", "other"), SHARED.values(), ids=list(SHARED))
def test_networks_alike_have_the_same_fingerprint(one, other):
    first = fingerprint_of_network(one())
    assert first is not None
    network, alike = one(), other()
    assert first == fingerprint_of_network(network) == fingerprint_of_network(alike)
    assert hash(first) == hash(fingerprint_of_network(alike))
    # They do compute the same, given the same weights.
    alike.set_weights(network.get_weights())
    X = np.random.default_rng(0).normal(size=(5, 4)).astype("float32")
    np.testing.assert_array_equal(network(X), alike(X))


def test_initial_weights_and_learning_rate_have_no_part_in_it():
    first, second = fixed(), fixed()
    second.set_weights([weights + 1 for weights in second.get_weights()])
    assert fingerprint_of_network(first) == fingerprint_of_network(second)
    rates = [0.1, keras.optimizers.schedules.ExponentialDecay(0.1, 3, 0.5)]
    one, other = (compilation(keras.optimizers.SGD(rate, momentum=0.9)) for rate in rates)
    assert one is not None
    assert one == other


class Raises(layers.Layer):
    def get_config(self):
        raise RuntimeError("no")

    def call(self, x):
        return x


def test_a_configuration_that_raises_is_none():
    assert fingerprint_of_network(stack(Raises)()) is None


FACTOR = 1.0


class LooksAround(layers.Layer):
    """Has a configuration that says nothing of the global it uses."""

    def get_config(self):
        return super().get_config()

    def call(self, x):
        return x * FACTOR


@pytest.mark.parametrize(
    ("layer", "target", "name"),
    [(LooksAround, None, "FACTOR"), (Scale, Scale, "bonus")],
    ids=["global", "class attribute"],
)
def test_what_a_layer_looks_at_beside_its_configuration(monkeypatch, layer, target, name):
    build = stack(make(layer))
    plain = fingerprint_of(build)
    target = target or sys.modules[__name__]
    monkeypatch.setattr(target, name, 3.0)
    assert_not_shared(plain, fingerprint_of(build))


class LooksAtNames(keras.Model):
    """Trains some of its layers only, by their names."""

    def __init__(self, hidden, out):
        super().__init__()
        self.hidden, self.out = hidden, out

    def get_config(self):
        return {"hidden": self.hidden.get_config(), "out": self.out.get_config()}

    def call(self, x):
        return self.out(self.hidden(x))

    def train_step(self, data):
        x, y = data
        with tf.GradientTape() as tape:
            loss = self.compute_loss(y=y, y_pred=self(x, training=True))
        chosen = [v for v in self.trainable_variables if "head" in v.path]
        self.optimizer.apply(tape.gradient(loss, chosen), chosen)
        return {"loss": loss}


def plain_stack(hidden, out):
    return keras.Sequential([hidden, out])


# Names of layers have a part in how Muon and own training steps treat their variables.
@pytest.mark.parametrize(
    ("make_model", "optimizer"),
    [
        (plain_stack, lambda: keras.optimizers.Muon(0.01, exclude_layers=["head"])),
        (plain_stack, lambda: keras.optimizers.Muon(0.01)),  # knows embeddings by their name
        (LooksAtNames, lambda: keras.optimizers.SGD(0.01)),
    ],
    ids=["Muon", "Muon, embeddings", "own training step"],
)
def test_names_that_matter(make_model, optimizer):
    def fingerprints(name):
        keras.utils.clear_session(free_memory=False)
        model = built(make_model(layers.Dense(3, name=name), layers.Dense(3, name="out")))
        model.compile(optimizer(), "mse")
        return of_all(model)

    plain = fingerprints("plain")
    assert_not_shared(plain, fingerprints("head"))
    assert_not_shared(plain, fingerprints("embedding"))
