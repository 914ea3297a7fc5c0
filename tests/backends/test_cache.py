"""The program cache: the same bits with and without it, and nothing but programs in it."""

import gc
import threading
import weakref
from concurrent.futures import ThreadPoolExecutor

import keras
import numpy as np
import pytest
from keras import layers, ops

from builders import ScaleMore, compiled, fixed, relu
from skensemble import CyclicCosineDecay, SnapshotEnsembleClassifier, program_cache
from skensemble.backends import ProgramCache, seeded
from skensemble.training import ENGINES, TrainingData, TrainingRequest


@pytest.fixture(autouse=True)
def empty_cache():
    max_size = program_cache.max_size
    program_cache.clear()
    yield
    program_cache.max_size = max_size
    program_cache.clear()


def noisy():
    return keras.Sequential(
        [
            keras.Input((4,)),
            layers.Dense(8, "relu"),
            layers.BatchNormalization(),
            layers.Dropout(0.3),
            layers.Dense(3, "softmax"),
        ]
    )


def fit(blobs, model=None, M=2, alpha_zero=0.05, epochs=3, seed=0, n=90, **request):
    X, y = blobs
    engine = request.pop("engine", "fused")
    data = TrainingData(X, y, np.arange(n), request.pop("batch_size", 16), seed=seed)
    schedule = CyclicCosineDecay(alpha_zero, epochs * data.steps_per_epoch, M)
    with seeded(seed):
        model = compiled() if model is None else model
        return ENGINES[engine](model, data, schedule, TrainingRequest(epochs, **request))


def bits(run):
    weights = [array.tobytes() for s in run.snapshots for array in s.weights]
    return weights, {name: np.array(values).tobytes() for name, values in run.history.items()}


@pytest.mark.parametrize(
    ("build", "optimizer"), [(fixed, "SGD"), (noisy, "Adam")], ids=["XLA", "no XLA"]
)
def test_a_warm_fit_gives_the_bits_of_a_cold_one(blobs, build, optimizer):
    def model():
        return compiled(getattr(keras.optimizers, optimizer)(0.01), build)

    variations = [
        {"M": 3, "alpha_zero": 0.01},
        {"epochs": 4},
        {"seed": 5, "n": 86},  # as many full batches
    ]
    cold = []
    for variation in variations:
        program_cache.clear()
        cold.append(bits(fit(blobs, model(), **variation)))
        assert program_cache.info().hits == 0
    assert len({str(b) for b in cold}) == len(variations)
    program_cache.clear()
    fit(blobs, model(), n=90, seed=9)
    for variation, expected in zip(variations, cold, strict=True):
        assert bits(fit(blobs, model(), **variation)) == expected, variation
    assert program_cache.info().hits == len(variations)
    assert program_cache.info().misses == 1


def test_the_bits_do_not_depend_on_who_watches(blobs):
    X, y = blobs
    validation = TrainingData(X, y, np.arange(60, 90), 7, shuffle=False)
    runs = [
        fit(blobs, epochs=8, M=5),
        fit(blobs, epochs=8, M=5, callbacks=[keras.callbacks.Callback()]),
        fit(blobs, epochs=8, M=5, validation=validation),
    ]
    weights = [bits(run)[0] for run in runs]
    assert weights[0] == weights[1] == weights[2]


def test_validation_has_a_program_of_its_own(blobs):
    X, y = blobs

    def run():
        validation = TrainingData(X, y, np.arange(60, 90), 7, shuffle=False)
        return bits(fit(blobs, compiled(metrics=["accuracy"]), validation=validation))

    cold = run()
    assert program_cache.info()[:3] == (0, 2, 2)
    assert run() == cold
    assert program_cache.info()[:3] == (2, 2, 2)


def test_of_two_fits_at_once_neither_sees_the_other(blobs):
    """Epochs of one network between those of another that runs the same program."""
    alone = [bits(fit(blobs, compiled(build=noisy), seed=seed)) for seed in (0, 1)]
    inner = []

    class Between(keras.callbacks.Callback):
        def on_epoch_end(self, epoch, logs=None):
            if epoch == 1:
                inner.append(bits(fit(blobs, compiled(build=noisy), seed=1)))

    outer = bits(fit(blobs, compiled(build=noisy), seed=0, callbacks=[Between()]))
    assert [outer, *inner] == alone


def frozen():
    model = fixed()
    model.layers[0].trainable = False
    return model


@pytest.mark.parametrize(
    "other",
    [{"batch_size": 10}, {"build": frozen}, {"metrics": ["accuracy"]}],
    ids=["batch size", "frozen", "metrics"],
)
def test_other_networks_have_other_programs(blobs, other):
    def run(batch_size=16, **arguments):
        return fit(blobs, compiled(**arguments), batch_size=batch_size, epochs=1)

    run()
    run(**other)
    assert program_cache.info()[:3] == (0, 2, 2)


def activated(activation):
    return lambda: keras.Sequential(
        [keras.Input((4,)), layers.Dense(8, activation), layers.Dense(3, "softmax")]
    )


def after(layer):
    return lambda: keras.Sequential([keras.Input((4,)), layer(), layers.Dense(3, "softmax")])


def regression(delta):
    def model():
        with seeded(0):
            model = keras.Sequential([keras.Input((4,)), layers.Dense(1)])
        model.compile(keras.optimizers.SGD(0.01), keras.losses.Huber(delta=delta))
        return model

    return model


@pytest.mark.parametrize(
    ("one", "other"),
    [
        # Keras writes down the function as "relu"
        (
            lambda: compiled(build=activated("relu")),
            lambda: compiled(build=activated(relu)),
        ),
        # delta is not in the configuration
        (regression(0.1), regression(2.0)),
        # get_config is inherited
        (
            lambda: compiled(build=after(ScaleMore)),
            lambda: compiled(build=after(lambda: ScaleMore(2.0))),
        ),
    ],
    ids=["function called relu", "Huber", "inherited configuration"],
)
def test_a_network_trains_as_it_would_alone(blobs, one, other):
    """Whatever was trained before: the oracle is Keras."""
    expected = fit(blobs, other(), engine="keras")
    fit(blobs, one())
    found = fit(blobs, other())
    for a, b in zip(found.snapshots[-1].weights, expected.snapshots[-1].weights, strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-3, atol=3e-5)


def test_a_network_predicts_as_it_would_alone(blobs):
    X, y = blobs

    def fitted(activation):
        # Keras trains: it is the prediction that is looked at.
        clf = SnapshotEnsembleClassifier(
            activated(activation), M=2, epochs=2, engine="keras", random_state=0
        )
        return clf.fit(X, y)

    program_cache.clear()
    fitted("relu").predict_proba(X)
    second = fitted(relu)
    warm = second.predict_proba(X)
    program_cache.clear()
    np.testing.assert_array_equal(warm, fitted(relu).predict_proba(X))


def test_an_optimizer_that_has_variables_for_frozen_layers(blobs):
    """As where someone trains all layers, then freezes some and trains on."""

    def model(builds_first):
        model = compiled(keras.optimizers.SGD(0.01, momentum=0.9))
        if builds_first:
            model.optimizer.build(model.trainable_variables)
        model.layers[0].trainable = False
        return model

    expected = fit(blobs, model(True), engine="keras")
    fit(blobs, model(False))
    found = fit(blobs, model(True))
    for a, b in zip(found.snapshots[-1].weights, expected.snapshots[-1].weights, strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-3, atol=3e-5)


class Remembers(keras.metrics.Metric):
    """Has a variable that a new epoch does not set back."""

    def __init__(self, name="remembers", **kwargs):
        super().__init__(name=name, **kwargs)
        self.factor = self.add_variable((), keras.initializers.Constant(5.0), name="factor")
        self.total = self.add_variable((), "zeros", name="total")

    def get_config(self):
        return super().get_config()

    def update_state(self, y_true, y_pred, sample_weight=None):
        self.total.assign_add(self.factor * ops.mean(y_pred))

    def result(self):
        return self.total

    def reset_state(self):
        self.total.assign(0.0)


def test_variables_of_metrics_that_stay(blobs):
    def model():
        return compiled(metrics=[Remembers()])

    expected = fit(blobs, model(), engine="keras").history["remembers"]
    for _ in range(2):
        np.testing.assert_allclose(fit(blobs, model()).history["remembers"], expected, rtol=1e-5)


def test_a_grid_search_traces_once_per_architecture(blobs):
    X, y = blobs
    for alpha_zero in (0.01, 0.05):
        for M in (2, 3):
            SnapshotEnsembleClassifier(
                fixed, M=M, epochs=3, alpha_zero=alpha_zero, random_state=0
            ).fit(X, y)
        if alpha_zero == 0.01:
            before = program_cache.info()
    after = program_cache.info()
    assert after.misses == before.misses
    assert after.size == before.size
    assert after.hits > before.hits


def test_an_estimator_predicts_the_same_bits_warm_and_cold(blobs):
    X, y = blobs

    def probabilities(clear):
        if clear:
            program_cache.clear()
        clf = SnapshotEnsembleClassifier(noisy, M=2, epochs=2, random_state=0).fit(X, y)
        if clear:
            program_cache.clear()
        return [clf.predict_proba(rows).tobytes() for rows in (X, X[:1], X[:7], X[:8], X[:50])]

    assert probabilities(clear=True) == probabilities(clear=False)


def in_threads(work, n):
    """Run them at the same moment, as far as two cores can."""
    barrier = threading.Barrier(n)

    def start(i):
        barrier.wait()
        return work(i)

    with ThreadPoolExecutor(n) as pool:
        return list(pool.map(start, range(n), timeout=120))


def test_threads_fit_and_predict_as_they_would_alone(blobs):
    X, y = blobs
    builds = [fixed, noisy, fixed, lambda: fixed(units=5)]

    def work(i):
        clf = SnapshotEnsembleClassifier(builds[i], M=2, epochs=3, random_state=i).fit(X, y)
        return clf.predict_proba(X).tobytes(), clf.predict_proba(X[:3]).tobytes()

    alone = [work(i) for i in range(4)]
    program_cache.clear()
    assert in_threads(work, 4) == alone  # cold
    assert in_threads(work, 4) == alone  # warm


def test_threads_train_models_of_the_same_program(blobs):
    X, y = blobs
    data = TrainingData(X, y, np.arange(90), 16, seed=1)
    schedule = CyclicCosineDecay(0.05, 5 * data.steps_per_epoch, 3)

    def train(model):
        return bits(ENGINES["fused"](model, data, schedule, TrainingRequest(5)))

    alone = train(compiled())
    models = [compiled() for _ in range(4)]
    program_cache.clear()
    assert in_threads(lambda i: train(models[i]), 4) == [alone] * 4


@pytest.mark.parametrize("build", [fixed, noisy], ids=["XLA", "no XLA"])
def test_no_network_lives_in_the_cache(blobs, build):
    X, y = blobs
    model = compiled(build=build, metrics=["accuracy"])
    fit(
        blobs,
        model,
        validation=TrainingData(X, y, np.arange(30), 7, shuffle=False),
        callbacks=[keras.callbacks.Callback()],
    )
    assert program_cache.info().size == 2
    things = [model, model.optimizer, model.layers[0], *model.variables, *model.optimizer.variables]
    references = [weakref.ref(thing) for thing in things]
    names = [getattr(thing, "path", type(thing).__name__) for thing in things]
    del model, things
    gc.collect()
    alive = [name for name, r in zip(names, references, strict=True) if r() is not None]
    assert not alive


def test_no_data_live_in_the_cache(blobs):
    X, y = (array.copy() for array in blobs)
    fit((X, y))
    references = [weakref.ref(X), weakref.ref(y)]
    del X, y
    gc.collect()
    assert [r() for r in references] == [None, None]


def test_the_program_outlives_the_network_that_it_was_traced_with(blobs):
    expected = bits(fit(blobs))
    gc.collect()
    for _ in range(3):
        assert bits(fit(blobs)) == expected
        gc.collect()
    assert program_cache.info().misses == 1


class Program:
    def __init__(self, is_shareable=True):
        self.is_shareable = is_shareable


def test_the_least_recently_used_go_first():
    cache = ProgramCache(max_size=2)
    a, b, c = (cache.get(key, Program) for key in "abc")
    assert cache.get("c", Program) is c
    assert cache.get("b", Program) is b
    assert cache.get("a", Program) is not a
    assert cache.info() == (2, 4, 2, 2)
    assert cache.get("b", Program) is b
    assert cache.get("c", Program) is not c
    cache.max_size = 1
    assert cache.info().size == 1
    cache.max_size = 0
    assert cache.info().size == 0
    assert cache.get("a", Program) is not cache.get("a", Program)
    cache.clear()
    assert cache.info() == (0, 0, 0, 0)


def test_constants_that_a_layer_holds_are_part_of_its_program(blobs):
    X, y = blobs

    def normalised(mean):
        def build():
            normalization = layers.Normalization(mean=[mean] * 4, variance=[2.0] * 4)
            outputs = layers.Dense(3, activation="softmax")
            return keras.Sequential([keras.Input((4,)), normalization, outputs])

        return build

    def fitted(mean):
        clf = SnapshotEnsembleClassifier(normalised(mean), M=2, epochs=4, random_state=0)
        return clf.fit(X, y).predict_proba(X)

    alone = {}
    for mean in (0.0, 1.0):
        program_cache.clear()
        alone[mean] = fitted(mean)
    n_programs = program_cache.info().misses
    np.testing.assert_array_equal(fitted(1.0), alone[1.0])
    assert program_cache.info().misses == n_programs
    np.testing.assert_array_equal(fitted(0.0), alone[0.0])
    assert program_cache.info().misses == 2 * n_programs


def test_what_cannot_be_shared_is_not_kept():
    cache = ProgramCache()
    assert cache.get(None, Program) is not cache.get(None, Program)
    assert cache.get("a", lambda: Program(False)) is not cache.get("a", lambda: Program(False))
    assert cache.info() == (0, 4, 0, 32)


def test_a_failure_leaves_no_trace():
    cache = ProgramCache()
    with pytest.raises(ZeroDivisionError):
        cache.get("a", lambda: 1 / 0)
    assert cache.info().size == 0
    assert isinstance(cache.get("a", Program), Program)


def test_all_threads_get_the_same_program():
    cache = ProgramCache()
    assert len({id(p) for p in in_threads(lambda _: cache.get("a", Program), 8)}) == 1
    assert cache.info() == (7, 1, 1, 32)


def test_the_number_of_programs_is_bounded_in_use(blobs):
    program_cache.max_size = 2
    for batch_size in (10, 20, 30):
        expected = bits(fit(blobs, batch_size=batch_size, epochs=1))
    assert program_cache.info().size == 2
    program_cache.max_size = 0
    assert bits(fit(blobs, batch_size=30, epochs=1)) == expected
    assert program_cache.info().size == 0
    program_cache.max_size = 32
    assert bits(fit(blobs, batch_size=30, epochs=1)) == expected


@pytest.mark.parametrize("max_size", [-1, 1.5, None, "many"])
def test_max_size_must_be_a_number(max_size):
    with pytest.raises((ValueError, TypeError), match="max_size"):
        ProgramCache(max_size)
