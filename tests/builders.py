"""Networks that tests build."""

import keras

from skensemble.backends import seeded


def dense(meta, units=8):
    """One hidden layer and a softmax, not compiled."""
    return keras.Sequential(
        [
            keras.Input((meta["n_features_in_"],)),
            keras.layers.Dense(units, activation="relu"),
            keras.layers.Dense(meta["n_classes_"], activation="softmax"),
        ]
    )


def fixed(n_features=4, n_outputs=3, activation="softmax", units=8):
    """The same, of a given shape."""
    return keras.Sequential(
        [
            keras.Input((n_features,)),
            keras.layers.Dense(units, activation="relu"),
            keras.layers.Dense(n_outputs, activation=activation),
        ]
    )


@keras.saving.register_keras_serializable(package="tests")
class Subclassed(keras.Model):
    """A model that defines its own call."""

    def __init__(self, units=8, n_classes=3, **kwargs):
        super().__init__(**kwargs)
        self.units, self.n_classes = units, n_classes
        self.hidden = keras.layers.Dense(units, activation="relu")
        self.norm = keras.layers.BatchNormalization()
        self.drop = keras.layers.Dropout(0.1)
        self.out = keras.layers.Dense(n_classes, activation="softmax")

    def get_config(self):
        return {**super().get_config(), "units": self.units, "n_classes": self.n_classes}

    def call(self, x, training=False):
        return self.out(self.drop(self.norm(self.hidden(x)), training=training))


def compiled(optimizer=None, build=fixed, **compile_kwargs):
    """A model from a builder, always the same weights, compiled with cross-entropy."""
    with seeded(0):
        model = build()
    model.compile(
        optimizer or keras.optimizers.SGD(0.01, momentum=0.9, nesterov=True),
        "sparse_categorical_crossentropy",
        **compile_kwargs,
    )
    return model


def relu(x):
    """Not the one of Keras, for all its name."""
    return keras.ops.square(x)


class Scale(keras.layers.Layer):
    """With a configuration of its own."""

    bonus = 0.0

    def __init__(self, factor=1.0, **kwargs):
        super().__init__(**kwargs)
        self.factor = factor

    def get_config(self):
        return {**super().get_config(), "factor": self.factor}

    def call(self, x):
        return self.shift(x * self.factor)

    def shift(self, x):
        return x + self.bonus


class ScaleMore(Scale):
    """Has more to say than it inherits."""

    def __init__(self, more=1.0, **kwargs):
        super().__init__(**kwargs)
        self.more = more

    def call(self, x):
        return super().call(x) * self.more
